"""An attack that wins nowhere proves nothing: each beats the naive grader, or one guard less."""

import os

import pytest

from tests.attacks.catalogue import load
from tests.attacks.weak import Fence

CASES = load()
WINNERS = [name for name, case in CASES.items() if case.wins not in ("", "served")]


@pytest.fixture(scope="module")
def fenced(place):
    if os.geteuid() != 0:
        pytest.skip("the naive grader is fenced in by a user of its own, which needs root")
    if trouble := place.trouble():
        pytest.skip(f"no interpreter for another user here: {trouble}")
    return place


@pytest.mark.parametrize("name", WINNERS)
def test_it_beats_the_naive_grader(fenced, name):
    assert any(Fence(fenced, next(fenced.users), CASES[name]).wins() for _ in range(3))


def test_attacks_on_the_server_win_where_it_serves_what_is_asked(place):
    """The one guard that is off: which functions a second chance may take from the reference."""
    batch = place.arena(None, "landlock", "02", without="served")
    names = [name for name, case in CASES.items() if case.wins == "served"]
    assert len(names) >= 4
    assert {name: batch["cases"][name]["score"] for name in names} == dict.fromkeys(names, 8.0)


def test_most_of_the_corpus_wins_somewhere():
    assert len(WINNERS) > 120
