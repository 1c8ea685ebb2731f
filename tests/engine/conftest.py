"""Fixtures of the engine's tests."""

import pytest

from tests.engine.desk import Desk


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory):
    """One desk for a module whose tests look at one batch."""
    return Desk(tmp_path_factory.mktemp("desk"))
