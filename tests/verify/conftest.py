"""The tiny course with other content, examined."""

import shutil

import pytest

from autograder.course.course import Course
from autograder.verify.parts import Examination
from tests.desk import TINY


@pytest.fixture
def examined(tmp_path, monkeypatch):
    """Examine the tiny course's first assignment; files given by name are added to, or replaced."""
    (tmp_path / "secret").write_text("a secret for these tests\n")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "secret"))

    def examine(*, add=None, replace=None):
        root = tmp_path / "course"
        shutil.copytree(TINY, root)
        places = {"double.py": root / "solutions" / "arithmetic"}
        for name, text in [*(add or {}).items(), *(replace or {}).items()]:
            path = places.get(name, root / "autograder" / "hidden" / "01_double") / name
            before = path.read_text() if name in (add or {}) else ""
            path.write_text(before + text)
        course = Course.find(root)
        return Examination(course, course.assignment("01"))

    return examine
