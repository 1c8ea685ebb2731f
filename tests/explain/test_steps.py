"""Steps spell out the reference; their changes say in words what they do."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autograder.course.course import Course
from autograder.explain.search import differing_steps
from autograder.explain.steps import StepFunction, Steps, steps
from tests.desk import ROOT
from tests.explained.measure import streams

NUMBERS = [f"0{k}" for k in range(1, 10)]
FUNCTIONS = Course.find(ROOT).contract.functions
LONGEST = 120  # of a reason
WITHOUT = {"05": {"adam_init"}, "08": {"train"}}  # nothing in them that a step could spell out


@steps(see="handout.md#a-section")
def mean_square(x, scale=2.0):
    # as hard: the term `x.mean()` is missing; the term
    # `x.mean()` has
    # why: A square of what is not
    # centred is not a variance.
    centred = x - x.mean()  # the centred row
    # why: This stands above another section, and is no reason of what follows.
    # see: another-section
    # why: A scale counts only above zero.
    if scale > 0:  # for a positive scale
        weight = scale
        square = weight * centred**2
    else:  # for another scale
        # why: What is not weighed is the row itself.
        square = centred
    for _ in range(2):
        # why: Every round halves.
        square = square / 2
        square = square * 2
    return square.sum()


@pytest.fixture(scope="module")
def square() -> Steps:
    assert isinstance(mean_square, StepFunction)
    return Steps(mean_square, {})


@pytest.mark.parametrize("number", NUMBERS)
def test_every_function_has_steps_that_give_what_the_reference_gives(number: str) -> None:
    known = streams(number)
    assert known.explainer is not None
    asked = {check.of for check in known.checks}
    assert asked - known.explainer.steps.keys() == WITHOUT.get(number, set())
    assert not list(differing_steps(known.explainer, known[0], known[1]))


def test_a_change_has_a_sentence_with_the_step_and_its_branch(square: Steps) -> None:
    texts = {variant.text for variant in square.variants}
    assert "In `centred` (the centred row): the term `x.mean()` is missing." in texts
    assert "For a positive scale, in `square`: the factor `weight` is missing." in texts
    assert "In what is returned: the mean is taken where the sum belongs." in texts
    assert "The default of `scale` is 1.0 where it should be 2.0." in texts


def test_a_change_knows_its_section(square: Steps) -> None:
    sections = {variant.text.split(":")[0]: variant.see for variant in square.variants}
    assert sections["In `centred` (the centred row)"] == "handout.md#a-section"
    assert sections["In what is returned"] == "handout.md#another-section"


def test_the_reason_of_a_step_follows_each_of_its_changes_and_no_others(square: Steps) -> None:
    reasons: dict[str, set[str]] = {}
    for variant in square.variants:
        reasons.setdefault(variant.text.split(":")[0], set()).add(variant.why)
    assert reasons["In `centred` (the centred row)"] == {
        "A square of what is not centred is not a variance."
    }
    assert reasons["Where `scale > 0` is asked"] == {"A scale counts only above zero."}
    assert reasons["For a positive scale, in `weight`"] == {""}
    assert reasons["For another scale, in `square`"] == {"What is not weighed is the row itself."}
    assert reasons["In `square`"] == {"Every round halves.", ""}
    assert reasons["In what is returned"] == {""}


def test_students_read_the_reason_of_each_change_and_of_both(square: Steps) -> None:
    by_text = {variant.text: variant for variant in square.variants}
    missing = by_text["In `centred` (the centred row): the term `x.mean()` is missing."]
    mean = by_text["In what is returned: the mean is taken where the sum belongs."]
    reason = "A square of what is not centred is not a variance."
    assert square.slip([missing]).text == f"{missing.text} {reason}"
    assert square.slip([mean]).text == mean.text
    both = f"Several slips together: {missing.text} {reason} And: {mean.text}"
    assert square.slip([missing, mean]).text == both


def test_a_change_carries_points_where_somebody_found_its_backward_as_hard(square: Steps) -> None:
    step = "In `centred` (the centred row): "
    as_hard = {variant.text.removeprefix(step) for variant in square.variants if variant.as_hard}
    assert as_hard == {"the term `x.mean()` is missing.", "the term `x.mean()` has the wrong sign."}
    by_text = {variant.text: variant for variant in square.variants}
    one = by_text[f"{step}the term `x.mean()` is missing."]
    other = by_text["In what is returned: the mean is taken where the sum belongs."]
    assert not square.slip([one]).easier_backward
    assert square.slip([other]).easier_backward
    assert square.slip([one, other]).easier_backward


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_said_to_be_as_hard_are_changes_of_forwards(number: str) -> None:
    known = streams(number)
    assert known.explainer is not None
    text = known.assignment.steps.read_text(encoding="utf-8")
    marks = re.findall(r"# as hard: (.*(?:\n +# (?!why:|see:).*)*)", text)
    said = {part for mark in marks for part in re.split(r"; *", re.sub(r"\s+# ", " ", mark))}
    hard = [v for one in known.explainer.steps.values() for v in one.variants if v.as_hard]
    assert not [v.name for v in hard if f"{v.name.split('.')[0]}_backward" not in FUNCTIONS]
    assert not {part for part in said if not any(v.change.text.startswith(part) for v in hard)}


@pytest.mark.parametrize("number", NUMBERS)
def test_reasons_are_one_short_sentence(number: str) -> None:
    known = streams(number)
    assert known.explainer is not None
    reasons = {v.why for one in known.explainer.steps.values() for v in one.variants} - {""}
    assert not [why for why in reasons if len(why) > LONGEST or not why.endswith((".", "!"))]


def test_changes_do_what_they_say(square: Steps) -> None:
    x = np.array([1.0, 2.0, 6.0])
    by_text = {variant.text: variant for variant in square.variants}
    missing = by_text["In `centred` (the centred row): the term `x.mean()` is missing."]
    factor = by_text["For a positive scale, in `square`: the factor `weight` is missing."]
    assert square.function()(x) == 2 * ((x - 3) ** 2).sum()
    assert square.function([missing])(x) == 2 * (x**2).sum()
    assert square.function([missing, factor])(x) == (x**2).sum()
    assert square.function([factor])(x, -1.0) == (x - 3).sum()


def test_names_are_unique(square: Steps) -> None:
    names = [variant.name for variant in square.variants]
    assert len(set(names)) == len(names)
