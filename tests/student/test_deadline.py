"""Students read when an assignment is due where they work: check.py and the handout."""

import os
import subprocess
import sys

import pytest

from autograder.course.course import Course
from autograder.release.template import template_files, write_files
from tests.release.tiny import ready

DUE = "Monday 1 June 2026, 12:00 (Europe/London)"


@pytest.fixture
def folder(desk, tmp_path):
    """The tiny course as its students have it: 01 is due, 02 has no deadline."""
    target = tmp_path / "student"
    write_files(template_files(Course.find(ready(desk.course))), target)
    return target


def check(folder, *arguments):
    """Run check.py on a machine that knows no time zone."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    blocked = folder / "tzdata"
    blocked.mkdir(exist_ok=True)  # an empty one: nothing is found in it
    done = subprocess.run(
        [sys.executable, "check.py", *arguments],
        cwd=folder,
        env=clean | {"PYTHONTZPATH": "", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_list_says_each_deadline_on_the_courses_clocks(folder):
    lines = check(folder, "--list").splitlines()
    assert len(lines) == 3
    assert "01_double" in lines[0]
    assert lines[1].strip() == f"due {DUE}"
    assert "02_sums" in lines[2]


def test_a_deadline_with_an_offset_is_told_on_the_courses_clocks(desk, tmp_path):
    path = desk.course / "assignments" / "course.toml"
    text = path.read_text().replace("2026-06-01T12:00:00", "2026-06-01T23:30:00-02:00")
    path.write_text(text)
    write_files(template_files(Course.find(ready(desk.course))), tmp_path / "student")
    assert "due Tuesday 2 June 2026, 02:30 (Europe/London)" in check(tmp_path / "student", "--list")


def test_who_is_done_is_told_until_when_to_hand_in(desk, folder):
    assert "Due " not in check(folder, "01")
    solution = desk.course / "solutions" / "arithmetic" / "double.py"
    (folder / "arithmetic" / "double.py").write_bytes(solution.read_bytes())
    assert f"Due {DUE}." in check(folder, "01")


def test_the_handout_says_it_under_its_title(folder):
    for number, there in (("01_double", True), ("02_sums", False)):
        markdown = (folder / "assignments" / number / "handout.md").read_text()
        page = (folder / "assignments" / number / "handout.html").read_text()
        assert (f"\n\n**Due {DUE}.**\n\n" in markdown) == there
        assert (f"<strong>Due {DUE}.</strong>" in page) == there


def test_without_a_deadline_the_record_is_as_it_was(folder):
    record = (folder / "assignments" / "02_sums" / "expected.json").read_text()
    assert '"deadline"' not in record
