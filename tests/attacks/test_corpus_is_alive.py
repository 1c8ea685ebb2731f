"""An attack that wins nowhere proves nothing: each beats the naive grader, or one guard less."""

import copy
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.attacks.catalogue import load
from tests.attacks.weak import Fence

CASES = load()
WINNERS = [name for name, case in CASES.items() if case.wins not in ("", "served")]
AT_A_TIME = 3  # many wait for seconds, to show that their grader hangs


def wins(place, user, name):
    """Whether a case beats the naive grader, in a process of the pool."""
    return Fence(place, user, load()[name]).wins()


@pytest.fixture(scope="module")
def fenced(place):
    if os.geteuid() != 0:
        pytest.skip("the naive grader is fenced in by a user of its own, which needs root")
    if trouble := place.trouble():
        pytest.skip(f"no interpreter for another user here: {trouble}")
    return place


@pytest.fixture(scope="module")
def fights(fenced, request):
    """All chosen cases against the naive grader, some at a time, each as a user of its own."""
    names = [one.callspec.params["name"] for one in request.session.items if is_fight(one)]
    place = copy.copy(fenced)
    place.users = ()  # they are given out here
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(AT_A_TIME, spawn) as pool:
        yield {name: pool.submit(wins, place, next(fenced.users), name) for name in names}
        pool.shutdown(cancel_futures=True)


def is_fight(item):
    return getattr(item, "originalname", "") == "test_it_beats_the_naive_grader"


@pytest.mark.parametrize("name", WINNERS)
def test_it_beats_the_naive_grader(fenced, fights, name):
    """Where one of several at a time did not, it may try twice more, alone."""
    if not fights[name].result():
        assert any(Fence(fenced, next(fenced.users), CASES[name]).wins() for _ in range(2))


def test_attacks_on_the_server_win_where_it_serves_what_is_asked(place):
    """The one guard that is off: which functions a second chance may take from the reference."""
    batch = place.arena(None, "landlock", "02", without="served")
    names = [name for name, case in CASES.items() if case.wins == "served"]
    assert len(names) >= 4
    assert {name: batch["cases"][name]["score"] for name in names} == dict.fromkeys(names, 8.0)


def test_most_of_the_corpus_wins_somewhere():
    assert len(WINNERS) > 120
