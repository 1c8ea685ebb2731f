"""Fixtures of the engine's tests."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Before NumPy comes, here and in every process that a test starts: threads of one that wait for
# each other cost more than they bring, as soon as several run side by side.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

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
