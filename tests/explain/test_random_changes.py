"""What is said of random changes of steps holds on inputs that were not there when it was said.

EXPLAIN_CHANGES=5000 python -m pytest tests/explain/test_random_changes.py
"""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pytest

from autograder.checker.bank import Misconception, overlay
from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.implementation import LocalImplementation
from autograder.checker.judge import Judge
from autograder.checker.key import LiveKey
from autograder.checker.slips import fitting
from autograder.explain.change import Variant
from autograder.explain.steps import BETWEEN, Steps
from tests.explained.measure import streams

CHANGES = int(os.environ.get("EXPLAIN_CHANGES", "45"))
NUMBERS = [f"0{k}" for k in range(1, 10)]
QUIET = ("cost", "learning", "error", "dtype")
OTHER = 1  # the stream of inputs on which is tried what was said on the first


def plain(steps: Steps) -> list[Variant]:
    """The changes that can be made whatever the names hold."""
    return [v for v in steps.variants if v.default is None and not v.names and not v.change.uses]


def composed(steps: Steps, chance: random.Random) -> Misconception:
    """One to three changes of a function at once, of different expressions."""
    known = plain(steps)
    while True:
        variants = chance.sample(known, min(len(known), chance.choice((1, 2, 2, 3))))
        if steps.code(variants) is not None:
            return steps.slip(variants)


def overflowed(value: Any) -> bool:
    """Whether an output holds what is no number."""
    floats = isinstance(value, float | np.ndarray) and np.asarray(value).dtype.kind == "f"
    return floats and not np.isfinite(value).all()


def untrue(
    judge: Judge,
    wrong: LocalImplementation,
    checks: Sequence[Check],
    said: dict[str, Finding],
    done: Collection[str],
) -> list[str]:
    """The checks of which something is said that does not hold on this judge's inputs.

    done: the names of the changes that were made; one of them, said as a part, is true anywhere.
    """
    key = judge.key
    assert isinstance(key, LiveKey)
    found = []
    for check in checks:
        told = said[check.name]
        if told.passed or not (told.diagnosis and told.diagnosis.id):
            continue
        named = {name for one in told.candidates for name in one.split(BETWEEN)}
        if told.diagnosis.part and named <= set(done):
            continue
        run = judge._run(check, wrong)
        if any(map(overflowed, (run.outcome.leaves.get(leaf) for leaf in run.wrong))):
            continue  # NaN and infinity don't say what overflowed
        causes = {name: slip for name in told.candidates if (slip := key.slip(check, name))}
        covered = fitting(run.outcome, run.wrong, causes)
        left = set(run.wrong).difference(*covered.values())
        if run.wrong and (not covered or (left and not told.diagnosis.part)):
            found.append(f"{check.name}: {told.diagnosis.text}")
    return found


@pytest.mark.parametrize("place", range(CHANGES))
def test_what_is_said_of_random_changes_is_true_elsewhere(place: int) -> None:
    known = streams(NUMBERS[place % len(NUMBERS)])
    chance = random.Random(place)
    explainer = known.explainer
    assert explainer is not None
    asked = {check.of for check in known.checks if check.kind not in QUIET}
    names = sorted(name for name, one in explainer.steps.items() if name in asked and plain(one))
    name = chance.choice(names)
    slip = composed(explainer.steps[name], chance)
    checks = [c for c in known.checks if c.of == name and c.kind not in QUIET and c.rtol is None]
    wrong = overlay(slip, known.reference)
    said = known[0].run(wrong, checks)
    for finding in said.values():
        for cause in finding.candidates:
            known[OTHER].key.knows(known[0].key._by_name[cause])
    done = slip.name.split(BETWEEN)
    assert not untrue(known[OTHER], wrong, checks, said, done), slip.text
