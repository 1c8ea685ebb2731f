"""Fixtures of the engine's tests."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.desk import Desk


@pytest.fixture(scope="session")
def scratch():
    """Temporary files of graders, some of which are killed. The jail's users must reach it."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def desk(tmp_path, scratch):
    return Desk(tmp_path, scratch)


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory, scratch):
    """One desk for a module whose tests look at one batch."""
    return Desk(tmp_path_factory.mktemp("desk"), scratch)
