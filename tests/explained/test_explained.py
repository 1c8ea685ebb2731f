"""Wrong answers that were written by somebody who had not seen the steps: what is said of them."""

from __future__ import annotations

import pytest

from tests.explained.cases import bank, fresh
from tests.explained.measure import said

AT_LEAST = {  # singles and pairs that are explained whole
    "01": (19, 3),
    "02": (16, 4),
    "03": (16, 5),
    "04": (20, 6),
    "05": (12, 1),
    "06": (18, 5),
    "07": (20, 4),
    "08": (15, 1),
    "09": (16, 3),
}


@pytest.mark.parametrize("number", sorted(bank()))
def test_what_is_said_is_true_and_most_is_said(number: str) -> None:
    heard = [said(number, case) for case in bank()[number]]
    assert not {one.case.name: one.sentences for one in heard if one.false}
    whole = [sum(one.explained for one in heard if one.case.kind == k) for k in ("single", "pair")]
    assert tuple(whole) >= AT_LEAST[number], [one.case.name for one in heard if not one.explained]
    assert all(count >= least for count, least in zip(whole, AT_LEAST[number], strict=True))


FRESH = {  # the bank that nothing was changed for
    "01": (5, 2),
    "02": (5, 1),
    "03": (5, 1),
    "04": (4, 1),
    "05": (5, 1),
    "06": (5, 2),
    "07": (5, 1),
    "08": (5, 1),
    "09": (5, 1),
}


@pytest.mark.parametrize("number", sorted(fresh()))
def test_the_same_of_answers_that_nobody_tuned_to(number: str) -> None:
    heard = [said(number, case) for case in fresh()[number]]
    assert not {one.case.name: one.sentences for one in heard if one.false}
    whole = [sum(one.explained for one in heard if one.case.kind == k) for k in ("single", "pair")]
    assert all(count >= least for count, least in zip(whole, FRESH[number], strict=True))
