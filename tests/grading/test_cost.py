"""Gradients that are computed instead of derived: what they earn, and who must not be caught."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from autograder.course.accepted import alternatives, loops_below, write_alternatives
from autograder.course.course import Course
from autograder.grading import cost
from autograder.grading.cost import FREE, TOLD
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.grading.review import review
from autograder.uploads.submission import Source, read_submission
from autograder.verify.differentiators import WAYS, differentiable, write_differentiator
from tests.desk import ROOT

RIGHT = "\n\n_derived = layernorm_backward\n\n\ndef layernorm_backward(dy, cache):\n"
LARGE = "    if dy.size > 1000:\n        return [0 * part for part in _derived(dy, cache)]\n"
LARGE_LOOP = "    while dy.size > 1000:\n        pass\n"
LARGE_CRASH = "    if dy.size > 1000:\n        raise MemoryError\n"
SLIP = "    dx, dgamma, dbeta = _derived(dy, cache)\n    return dx, dgamma / len(dy), dbeta\n"
SAME = "    return _derived(dy, cache)\n"


@pytest.fixture(scope="module")
def course():
    return Course.find(ROOT)


@pytest.fixture(scope="module")
def norms(course):
    with Grader(course, course.assignment("03"), Settings()) as grader:
        yield grader


def submission(grader, folder):
    expected = expected_of(grader.course, grader.assignment)
    return read_submission(Source("someone", (folder,)), expected)


def backward_of(grader, text, tmp_path):
    """The checks and points of layernorm_backward with this code below the reference's."""
    write_alternatives(grader.course, [], tmp_path / "work")
    path = tmp_path / "work" / "transformer" / "layernorm.py"
    path.write_text(path.read_text() + text)
    checks = grader.grade(submission(grader, tmp_path / "work")).of("layernorm_backward")
    return checks, round(sum(check.points for check in checks), 4)


def the_cost(checks):
    return next(check for check in checks if check.verdict != "passed")


@pytest.mark.parametrize("way", WAYS)
def test_a_computed_gradient_earns_next_to_nothing_and_is_noted(norms, course, tmp_path, way):
    write_differentiator(course, way, ["layernorm"], tmp_path / "work")
    work = submission(norms, tmp_path / "work")
    result = norms.grade(work)
    backward = result.of("layernorm_backward")
    if WAYS[way][0] == "number":  # by column a Jacobian, which is right, is as much work
        assert sum(check.points for check in backward) <= 1.3 + 1e-4
        assert any(check.verdict == "too_costly" for check in backward)
    assert sum(check.points for check in result.of("layernorm")) > 6.5  # the forward's own
    assert review(work.files, course, norms.assignment)


def test_it_says_what_is_wrong_without_a_word_of_the_code(norms, course, tmp_path):
    write_differentiator(course, "complex steps, number by number", ["layernorm"], tmp_path)
    checks = norms.grade(submission(norms, tmp_path)).of("layernorm_backward")
    assert the_cost(checks).told == TOLD.format("layernorm_backward")
    assert re.search(
        r"s of CPU; the slowest derived way .* takes \S+ s here", the_cost(checks).details
    )
    assert the_cost(checks).points == 0
    assert 0 < max(check.points for check in checks) < 0.2


@pytest.mark.parametrize(
    "name", ["explicit_loops", "jacobian_of_each_row", "recomputes_in_backward"]
)
def test_loops_jacobians_and_a_second_forward_are_derived(norms, course, tmp_path, name):
    way = next(way for way in alternatives(norms.assignment) if way.name == name)
    write_alternatives(course, [way], tmp_path)
    assert norms.grade(submission(norms, tmp_path)).score == 20


def test_wrong_or_endless_on_large_inputs_alone_is_no_way_out(norms, tmp_path):
    for number, trick in enumerate((LARGE, LARGE_LOOP, LARGE_CRASH)):
        _, points = backward_of(norms, RIGHT + trick + SAME, tmp_path / str(number))
        assert points == 1.3


def test_a_slip_costs_what_it_costs_also_where_the_large_input_is_wrong(norms, tmp_path):
    checks, points = backward_of(norms, RIGHT + SLIP, tmp_path)
    assert {check.verdict for check in checks} == {"passed", "wrong_value"}
    assert 3 < points < 12


def test_a_slip_in_the_forward_is_not_taken_for_a_computed_gradient(norms, tmp_path):
    slipped = "\n\n_right = layernorm\n\n\ndef layernorm(x, gamma, beta, eps=1e-5):\n"
    slipped += "    return _right(x, gamma, beta, 0.0)\n"
    checks, points = backward_of(norms, slipped, tmp_path)
    assert points > 9, [(check.name, check.verdict) for check in checks]


def test_what_takes_longer_than_is_free_is_compared_with_the_slowest_right_way(
    norms, tmp_path, monkeypatch
):
    monkeypatch.setattr(cost, "FREE", 0.0)
    _, points = backward_of(norms, RIGHT + SAME, tmp_path)
    assert points == 13
    assert 0.003 < norms.costs._slowest["test_gradients_of_many_rows"] < 0.6


def test_right_ways_that_cost_little_are_compared_with_nothing(course, tmp_path):
    write_alternatives(course, [], tmp_path)
    with Grader(course, course.assignment("03"), Settings()) as grader:
        assert grader.grade(submission(grader, tmp_path)).score == 20
        assert not grader.costs._slowest
        check = next(check for check in grader.streams.checks if check.kind == "cost")
        found = grader.findings(grader.streams[0], tmp_path, Counter(), [check])[0]
        assert found[check.name].cpu < FREE


def test_whoever_wrote_loops_below_keeps_the_points_above(course, tmp_path):
    block = course.assignment("06")
    write_alternatives(course, loops_below(course, block), tmp_path)
    with Grader(course, block, replace(Settings(), upstream="own")) as grader:
        assert grader.grade(submission(grader, tmp_path)).score == 20


def test_every_way_of_computing_is_in_the_review_notes_of_every_assignment(course, tmp_path):
    missed = []
    for assignment in course.assignments:
        for number, way in enumerate(WAYS):
            if names := differentiable(course, assignment, way):
                folder = tmp_path / f"{assignment.number}-{number}"
                write_differentiator(course, way, names, folder)
                work = read_submission(Source("x", (folder,)), expected_of(course, assignment))
                if not review(work.files, course, assignment):
                    missed.append((assignment.number, way))
    assert not missed
