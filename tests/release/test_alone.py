"""One assignment for a class that does no other: it works in its first minute, and alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course.course import Course
from autograder.release.alone import alone_files
from autograder.release.notebooks import FILE_NAME as NOTEBOOK
from autograder.release.template import GIVEN, write_files
from tests.desk import kit

ROOT = Path(__file__).resolve().parents[2]
COURSE = Course.find(ROOT)
NAMES = [assignment.name for assignment in COURSE.assignments]


@pytest.fixture(scope="module", params=NAMES)
def alone(request, tmp_path_factory, committed_changes):
    """An assignment and the folder that a student unpacks."""
    assignment = COURSE.assignment(request.param)
    folder = tmp_path_factory.mktemp(assignment.name)
    write_files(alone_files(COURSE, assignment), folder)
    return assignment, folder


def _check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "check.py", *options], cwd=folder, capture_output=True, text=True
    )


def test_the_first_minute(alone):
    assignment, folder = alone
    done = _check(folder)
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    assert "ModuleNotFoundError" not in done.stdout
    assert "not written yet" in done.stdout or "not implemented" in done.stdout
    listed = _check(folder, "--list").stdout
    assert [name for name in NAMES if name in listed] == [assignment.name]


def test_the_right_functions_pass(alone):
    assignment, folder = alone
    stubs = {name: (folder / "transformer" / name).read_bytes() for name in assignment.files}
    try:
        for name in assignment.files:
            content = (ROOT / "solutions" / "transformer" / name).read_bytes()
            (folder / "transformer" / name).write_bytes(content)
        checks = json.loads(_check(folder, "--json").stdout)["checks"]
    finally:
        for name, content in stubs.items():
            (folder / "transformer" / name).write_bytes(content)
    assert checks
    assert {check["verdict"] for check in checks} == {"passed"}


def test_the_lab_and_extras_find_what_they_import(alone):
    assignment, folder = alone
    notebook = folder / "assignments" / assignment.name / NOTEBOOK
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    for path in (folder / "assignments" / assignment.name).rglob("*.py"):
        code += "\n" + path.read_text(encoding="utf-8")
    modules = set(re.findall(r"^\s*from (transformer\.\w+) import", code, re.MULTILINE))
    lines = "\n".join(f"import {module}" for module in sorted(modules))
    done = subprocess.run([sys.executable, "-c", lines], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_its_readme_speaks_of_it_alone(alone):
    assignment, folder = alone
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert assignment.title in text
    assert [name for name in NAMES if name in text] == [assignment.name]
    assert not re.search(r"@[A-Z]+@|\{\{", text)


def test_what_is_given_is_marked_and_what_is_asked_is_not_given(alone):
    assignment, folder = alone
    package = folder / "transformer"
    functions = COURSE.contract.functions
    asked = {f"{functions[one.name].module}.py" for one in assignment.functions}
    for path in package.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name in assignment.files:
            assert not text.startswith(GIVEN)
            whole = (ROOT / "solutions" / "transformer" / path.name).read_text(encoding="utf-8")
            assert (text != whole) == (path.name in asked)
        elif path.name not in (*COURSE.given_files, "__init__.py"):
            assert text.startswith(GIVEN)
    later = {name for one in COURSE.assignments for name in one.files} - set(assignment.files)
    assert len(later & {path.name for path in package.glob("*.py")}) < len(later)


def test_nothing_of_graders_is_in_it(alone):
    _, folder = alone
    names = {path.name for path in folder.rglob("*")}
    assert not names & {"survivors.toml", "accepted", "hidden"}


def test_the_command(tmp_path):
    target = tmp_path / "03.zip"
    done = kit("release", "03", "--alone", "--to", target)
    assert done.returncode == 0, done.stderr
    assert target.is_file()
    for wrong in (["--alone", "--to", "x"], ["04", "--alone", "--solution", "--to", "x"]):
        assert kit("release", *wrong, folder=tmp_path).returncode == 2
