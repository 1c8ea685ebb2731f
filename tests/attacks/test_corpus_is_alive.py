"""An attack that wins nowhere proves nothing: each beats the naive grader, or one guard less."""

import pytest

from tests.attacks.catalogue import load
from tests.attacks.weak import Fence

CASES = load()
WINNERS = [name for name, case in CASES.items() if case.wins not in ("", "served")]
MISHAPS = [name for name, case in CASES.items() if not case.wins]


@pytest.fixture(scope="module")
def fenced(place):
    import os

    if os.geteuid() != 0:
        pytest.skip("the naive grader is fenced in by a user of its own, which needs root")
    if trouble := place.trouble():
        pytest.skip(f"no interpreter for another user here: {trouble}")
    return place


@pytest.mark.parametrize("name", WINNERS)
def test_it_beats_the_naive_grader(fenced, name):
    assert any(Fence(fenced, next(fenced.users), CASES[name]).wins() for _ in range(2))


def test_most_of_the_corpus_wins_somewhere():
    assert len(WINNERS) > 120
