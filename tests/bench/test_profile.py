"""The profile knows the functions that there are, and books each moment once."""

import time

import pytest

from autograder.course.course import Course
from autograder.grading.conditions import Settings
from tests.bench import profile
from tests.bench.ledger import Accounts, laid_over, resolve
from tests.desk import RIGHT, SLIP

PLACES = [place for _, _, places in profile.TRUSTED for place in places]


@pytest.mark.parametrize("place", [*PLACES, *profile.Workers().changes()])
def test_every_function_that_is_booked_is_there(place):
    resolve(place)


def spend(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_each_moment_is_booked_once_and_on_the_innermost():
    accounts = Accounts("rest")
    inner = accounts.booked("inner", False, lambda: spend(0.02))

    def both():
        spend(0.03)
        inner()

    began = time.process_time()
    accounts.booked("outer", False, both)()
    accounts.booked("whole", True, both)()
    inner()
    found, spent = accounts.totals(), time.process_time() - began
    assert sum(found.values()) == pytest.approx(spent, abs=0.005)
    assert found["outer"] == pytest.approx(0.03, abs=0.005)
    assert found["whole"] == pytest.approx(0.05, abs=0.005)
    assert found["inner"] == pytest.approx(0.04, abs=0.005)


def test_what_was_laid_over_is_taken_away_again():
    place = "tests.bench.test_profile:spend"
    with laid_over({place: lambda function: print}):
        assert resolve(place)[0].spend is print
    assert resolve(place)[0].spend is spend
    with pytest.raises(AttributeError), laid_over({"tests.bench.test_profile:gone": print}):
        pass


def test_a_small_batch(desk, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", desk.environment["AUTOGRADER_SECRET_FILE"])
    course = Course.load(desk.course)
    explained = {}
    for score, work in {4.0: RIGHT, 1.0: SLIP}.items():
        for name in ("ada", "bob"):
            desk.hand_in(name, work)
        began = time.process_time()
        found, results = profile.profile(course, "01", desk.uploads, desk.results, Settings())
        spent = time.process_time() - began
        assert {result.score for result in results} == {score}
        for title in ("reading the upload", "wire", "compare", profile.JAIL, profile.CALLS):
            assert found[title] > 0, title
        trusted = sum(found[title] for title, _, _ in profile.TRUSTED) + found[profile.REST]
        assert 0 < trusted <= spent
        explained[score] = found["explanations"]
    assert explained[1.0] > 2 * explained[4.0]
