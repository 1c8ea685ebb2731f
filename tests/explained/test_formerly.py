"""No explanation got worse: the steps explain each slip that left the bank by one cause."""

from __future__ import annotations

import pytest

from autograder.checker.bank import Misconception, load_misconceptions
from tests.explained.formerly import NUMBERS, causes, failures, former, recorded
from tests.explained.measure import streams

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


@pytest.mark.parametrize("number", NUMBERS)
def test_a_former_slip_is_not_in_the_bank_any_more(number: str) -> None:
    here = {slip.name for slip in former(number)}
    assert here == recorded()[number].keys()
    assert not here & {slip.name for slip in load_misconceptions(streams(number).assignment.slips)}
