"""Whoever closes the output early, as `| head` does, is answered with silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AUTOGRADER = [sys.executable, "-m", "autograder"]
CHECK = [sys.executable, "check.py"]


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        ([*AUTOGRADER, "--help"], "."),
        ([*AUTOGRADER, "doctor"], "."),
        ([*AUTOGRADER, "verify", "--help"], "."),
        ([*CHECK, "03"], "student_template"),
        ([*CHECK, "--list"], "student_template"),
        ([*CHECK, "03", "--json"], "student_template"),
    ],
)
def test_a_closed_output_is_no_error(command: list[str], folder: str) -> None:
    process = subprocess.Popen(
        command, cwd=ROOT / folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(60) in (0, 1)
    assert errors == b""


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_exit_code_of_grade_survives_a_closed_output(form: list[str], tmp_path: Path) -> None:
    """Two uploads of one student: 3, whoever reads the table."""
    for name in ("ada", "Ada"):
        (tmp_path / "uploads" / name / "arithmetic").mkdir(parents=True)
        (tmp_path / "uploads" / name / "arithmetic" / "double.py").write_text("x = 1\n")
    command = [*AUTOGRADER, "grade", "01", str(tmp_path / "uploads"), *form]
    process = subprocess.Popen(
        [*command, "--results", str(tmp_path / "results"), "--course", "tests/tiny_course"],
        cwd=ROOT,
        env={**os.environ, "AUTOGRADER_SECRET_FILE": str(_secret(tmp_path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait(60) == 3
    assert "Traceback" not in errors
    assert "several uploads" in errors


def _secret(folder: Path) -> Path:
    path = folder / "secret"
    path.write_text("a secret for these tests\n")
    return path
