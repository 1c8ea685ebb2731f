"""One place and one matrix for all tests of this folder."""

import platform

import pytest

from tests.attacks.matrix import Matrix
from tests.attacks.places import Place


@pytest.fixture(scope="session")
def place():
    if platform.system() != "Linux":
        pytest.skip("student code is jailed on Linux only")
    place = Place()
    yield place
    place.close()


@pytest.fixture(scope="session")
def matrix(place):
    return Matrix(place)
