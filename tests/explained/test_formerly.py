"""No explanation got worse: the steps explain each slip that left the bank by one cause."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from autograder.checker.bank import Misconception, load_misconceptions, overlay
from autograder.checker.declare import Check
from autograder.checker.key import differs, run_probe
from autograder.course.course import Course
from tests.desk import ROOT
from tests.explained.formerly import NUMBERS, QUIET, causes, failures, former, recorded
from tests.explained.measure import streams

CONTRACT = Course.find(ROOT).contract.functions
EACH = pytest.mark.parametrize(
    ("number", "slip"),
    [
        pytest.param(number, slip, id=f"{number}-{slip.name}")
        for number in NUMBERS
        for slip in former(number)
    ],
)


@EACH
def test_a_former_slip_is_explained_by_one_cause(number: str, slip: Misconception) -> None:
    found = failures(number, slip)
    assert found, "it loses no points"
    ((name, text, part),) = causes(found)
    assert name is not None
    assert name.startswith(f"{slip.of}.")  # a change of that function's steps
    assert not part
    assert text == recorded()[number][slip.name]
    if f"{slip.of}_backward" in CONTRACT:  # a right backward on top of it earns what it earned
        assert streams(number)[0].key.easier(name) == slip.easier_backward


@pytest.mark.parametrize("number", NUMBERS)
def test_a_former_slip_is_not_in_the_bank_any_more(number: str) -> None:
    here = {slip.name for slip in former(number)}
    assert here == recorded()[number].keys()
    assert not here & {slip.name for slip in load_misconceptions(streams(number).assignment.slips)}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_right_function_on_top_of_a_slip_is_still_told_from_a_wrong_one(number: str) -> None:
    """A bank that lost too many slips of a function could not tell, and would pay for neither."""
    known = streams(number)
    judge, gone = known[0], former(number)
    left = load_misconceptions(known.assignment.slips)
    for check in judge.checks:
        if check.kind in QUIET or check.of not in {slip.of for slip in gone}:
            continue
        called = {call.function.name for call in judge.key.expected(check).calls} - {check.of}
        for name in sorted(called):
            below = next((slip for slip in (*left, *gone) if slip.of == name), None)
            if below is not None and told(number, check, below, gone):
                assert told(number, check, below, left), f"{check.name} on top of {below.name}"


def told(number: str, check: Check, below: Misconception, bank: Sequence[Misconception]) -> bool:
    """Whether a check, on top of a slip, tells some slip of the bank from a right function."""
    known = streams(number)
    wrong = overlay(below, known.reference, carried=True)
    seed = known[0].key.seed(check)
    right = run_probe(check, wrong, seed)
    return any(
        differs(check, right, run_probe(check, overlay(slip, wrong), seed))
        for slip in bank
        if slip.of == check.of
    )
