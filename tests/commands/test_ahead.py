"""The jail's first process starts before all else where it is of use, and ends with the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.commands.ahead import ahead
from autograder.sandbox.outside import start

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    (tmp_path / "arithmetic").mkdir()
    (tmp_path / "arithmetic" / "double.py").write_text("def double(x):\n    return x + x\n")
    return tmp_path


def test_one_submission_has_it_started(upload: Path) -> None:
    with ahead([upload]):
        (started,) = start._ahead
        assert started.process.poll() is None
        with ahead([upload]):
            assert start._ahead == [started]
    assert started.process.returncode is not None
    assert not start._ahead


def test_what_was_started_in_vain_is_ended_at_once(upload: Path) -> None:
    with ahead([upload]):
        (started,) = start._ahead
        with ahead([upload, upload]):
            assert started.process.returncode is not None
            assert not start._ahead


@pytest.mark.parametrize("name", ["missing", "x" * 5000])
def test_no_submission_starts_nothing(tmp_path: Path, name: str) -> None:
    with ahead([tmp_path / name]):
        assert not start._ahead


def test_a_wrong_option_is_told_as_ever(upload: Path) -> None:
    command = [sys.executable, "-m", "autograder", "grade", "01", str(upload), "--no-such-option"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "Traceback" not in done.stderr
