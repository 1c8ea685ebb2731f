"""The kit grades, and its template checks, under the Python and NumPy that run this file.

`.ci/run` runs it once more in a bare environment of each other Python on the machine, and with the
lowest NumPy that is allowed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENTS = sorted(path.parent.name for path in (ROOT / "assignments").glob("*/assignment.toml"))
GRADE = [sys.executable, "-m", "autograder", "grade"]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_solution_has_all_points(name: str, tmp_path: Path) -> None:
    command = [*GRADE, name, str(ROOT / "solutions"), "--results", str(tmp_path), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    failed = [
        (check["name"], check["verdict"], check["message"])
        for check in result["checks"]
        if check["verdict"] != "passed"
    ]
    assert result["score"] == result["max_score"], (failed[:3], result["log"], done.stderr)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's folder with everything right in it."""
    folder = tmp_path_factory.mktemp("student") / "work"
    shutil.copytree(ROOT / "student_template", folder)
    for path in (ROOT / "solutions" / "transformer").glob("*.py"):
        shutil.copy(path, folder / "transformer" / path.name)
    return folder


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_check_py_is_content(name: str, solved: Path) -> None:
    command = [sys.executable, "check.py", name, "--json"]
    done = subprocess.run(command, cwd=solved, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    checks = json.loads(done.stdout)["checks"]
    assert checks
    assert {check["verdict"] for check in checks} == {"passed"}
