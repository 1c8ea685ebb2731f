"""What CI's last line counts, and that the workflow tries the Pythons that the kit allows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNT = ROOT / ".ci" / "count.py"
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"

BARE = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # plugins take longer than the tests


def counted(folder: Path, **runs: str) -> tuple[int, list[str]]:
    """The exit code and lines for reports with these test cases."""
    for name, cases in runs.items():
        (folder / f"{name}.py").write_text(cases, encoding="utf-8")
        options = ["-q", "-p", "no:cacheprovider", f"--junitxml={folder / name}.xml"]
        command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder)]
        command.append(str(folder / f"{name}.py"))
        subprocess.run(command, capture_output=True, cwd=folder, env=BARE)
    reports = [str(folder / f"{name}.xml") for name in runs]
    done = subprocess.run([sys.executable, COUNT, *reports], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_reports_are_added_up(tmp_path: Path) -> None:
    skipped = "import pytest\n@pytest.mark.skip\ndef test_c(): pass\n"
    code, lines = counted(
        tmp_path,
        one="def test_a(): pass\ndef test_b(): pass\n",
        two=f"def test_a(): pass\n{skipped}",
    )
    assert code == 0
    assert lines == [
        "one: 2 passed, 0 failed, 0 skipped tests",
        "two: 1 passed, 0 failed, 1 skipped tests",
        "3 passed, 0 failed",
    ]


def test_a_failure_and_an_error_count(tmp_path: Path) -> None:
    broken = "import pytest\n@pytest.fixture\ndef f(): 1 / 0\ndef test_b(f): pass\n"
    code, lines = counted(tmp_path, one=f"def test_a(): assert False\n{broken}")
    assert (code, lines[-1]) == (1, "0 passed, 2 failed")


@pytest.mark.parametrize("cases", ["", "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n"])
def test_a_run_without_tests_fails(tmp_path: Path, cases: str) -> None:
    code, lines = counted(tmp_path, one="def test_a(): pass\n", two=cases)
    assert (code, lines[-1]) == (1, "1 passed, 0 failed")
    assert "two: no test was run, or its report is missing" in lines


def test_a_missing_report_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, COUNT, tmp_path / "none.xml"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "0 passed, 0 failed"


def test_the_workflow_tries_what_the_kit_allows() -> None:
    workflow = WORKFLOW.read_text(encoding="utf-8")
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lowest = re.search(r'requires-python = ">=([\d.]+)"', settings)
    numpy = re.search(r'"numpy>=([\d.]+)"', settings)
    assert lowest
    assert numpy
    pythons = re.findall(r'python: "([\d.]+)"', workflow)
    assert pythons[0] == lowest[1]
    assert len(set(pythons)) >= 3
    assert re.findall(r'numpy: "([\d.]+)"', workflow) == [f"{numpy[1]}.0"]
    assert "- run: .ci/run" in workflow
