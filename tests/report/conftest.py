"""A class that is made once for all tests of its pages."""

import shutil

import pytest

from tests.report.a_class import make


@pytest.fixture(scope="session")
def a_class(tmp_path_factory):
    """Sixty students, three assignments: a folder with course/ and results/. Not to be changed."""
    pytest.importorskip("jinja2")
    folder = tmp_path_factory.mktemp("a_class")
    make(folder, 60, 3)
    return folder


@pytest.fixture
def own_class(a_class, tmp_path):
    """The class again, to be changed."""
    folder = tmp_path / "own"
    shutil.copytree(a_class, folder)
    return folder
