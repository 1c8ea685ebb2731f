"""Looks for changes of steps that give what an implementation gave.

Candidates are found on one recorded call, where a change costs microseconds; whether they hold on
all checks is for the judge to see.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.bounds import Within
from autograder.checker.compare import Expected
from autograder.checker.declare import Check
from autograder.checker.judge import Judge
from autograder.checker.key import rules
from autograder.checker.outcome import Outcome
from autograder.explain.promising import Leaves, changed_leaves, promising, same
from autograder.explain.recorded import Recorded, attempt, leaves_of, tried
from autograder.explain.steps import Steps, Variant
from autograder.explain.weights import odd_weight

MOST_SINGLES = 16
MOST_PAIRS = 3
SPREAD = 0.1  # by which two standard deviations of drawn numbers may differ
PAIR_BUDGET = 8000  # statements' worth of work: some 60 ms of CPU
CALL_WEIGHT = 8  # what a call of the reference costs, in statements


Found = tuple[Steps, Recorded, Leaves, set[str]]


class Explainer:
    """Suggests changes of steps. One serves a whole batch: what it has tried, it keeps."""

    def __init__(self, steps: Mapping[str, Steps]) -> None:
        self.steps = steps
        self._recorded: dict[tuple[str, int, int], Recorded | None] = {}
        self._answers: dict[Hashable, Sequence[Misconception]] = {}

    def singles(
        self, check: Check, seed: int, right: Outcome, got: Outcome
    ) -> Sequence[Misconception]:
        """Single changes that give a wrong part of one call's result and break nothing else."""
        found = self._differing(check, seed, right, got)
        if found is None:
            return []
        steps, recorded, mine, wrong = found
        spread = _is_statistic(right)
        hits: list[tuple[int, tuple[int, int], int, Variant]] = []
        for variant, leaves in recorded.tried:
            changed = changed_leaves(recorded.right, leaves)
            fits = sum(same(mine[name], leaves[name]) for name in wrong & changed)
            if spread and not fits:
                fits = _same_spread(recorded.right, mine, leaves, wrong)
            if fits and changed <= wrong:
                hits.append((-fits, variant.rank, len(hits), variant))
        return [steps.slip([variant]) for *_, variant in sorted(hits)[:MOST_SINGLES]]

    def pairs(
        self, check: Check, seed: int, right: Outcome, got: Outcome
    ) -> Sequence[Misconception]:
        """Pairs of changes that give all of one call's result."""
        found = self._differing(check, seed, right, got)
        if found is None:
            return []
        steps, recorded, mine, wrong = found
        shapes = {(name, np.shape(leaves[name])) for _, leaves in recorded.tried for name in wrong}
        shapes |= {(name, np.shape(recorded.right[name])) for name in wrong}
        if any((name, np.shape(mine[name])) not in shapes for name in wrong):
            return []

        def search() -> Iterator[Misconception]:
            for one, other, leaves in self._composed(steps, recorded, mine, wrong):
                if all(same(mine[name], leaves.get(name)) for name in mine):
                    yield steps.slip([one, other])

        return self._once("pairs", check, seed, found, search)

    def weights(
        self, check: Check, seed: int, right: Outcome, got: Outcome
    ) -> Sequence[Misconception]:
        """The one odd weight of a term, where a sum explains a call's result exactly."""
        found = self._differing(check, seed, right, got)
        if found is None:
            return []
        steps, recorded, mine, wrong = found

        def result(changed: Mapping[int, Any], start: int) -> Leaves | None:
            return attempt(steps, recorded.before, changed, start)

        def search() -> Iterator[Misconception]:
            slip = odd_weight(steps, recorded.right, mine, wrong, set(recorded.before), result)
            if slip is not None:
                yield slip

        return self._once("weights", check, seed, found, search)

    def _once(
        self,
        what: str,
        check: Check,
        seed: int,
        found: Found,
        search: Callable[[], Iterator[Misconception]],
    ) -> Sequence[Misconception]:
        """The same question is answered once: a class that makes one mistake pays once."""
        _, recorded, mine, wrong = found
        answer = tuple(_exact(mine[name]) for name in sorted(wrong))
        key = (what, check.name, seed, recorded.call, answer)
        if key not in self._answers:
            self._answers[key] = list(itertools.islice(search(), MOST_PAIRS))
        return self._answers[key]

    def _differing(self, check: Check, seed: int, right: Outcome, got: Outcome) -> Found | None:
        """The first call whose result is another than the reference's, and what is wrong in it."""
        steps = self.steps.get(check.of)
        if steps is None:
            return None
        for at, (mine, theirs) in enumerate(zip(right.calls, got.calls, strict=False)):
            if mine.function.name != check.of:
                continue
            answer = leaves_of(theirs.result.value)
            expected = leaves_of(mine.result.value)
            if answer.keys() != expected.keys():
                continue
            wrong = {name for name in expected if not same(expected[name], answer[name])}
            if not wrong or not all(_is_data(answer[name]) for name in wrong):
                continue
            if not any(np.isfinite(answer[name]).any() for name in wrong):
                continue
            recorded = self._record(steps, check, seed, right, at)
            if recorded is not None and recorded.right.keys() == answer.keys():
                return steps, recorded, answer, wrong
        return None

    def _record(
        self, steps: Steps, check: Check, seed: int, right: Outcome, at: int
    ) -> Recorded | None:
        key = (check.name, seed, at)
        if key not in self._recorded:
            self._recorded[key] = tried(steps, right.calls, at)
        return self._recorded[key]

    def _composed(
        self, steps: Steps, recorded: Recorded, mine: Leaves, wrong: set[str]
    ) -> Iterator[tuple[Variant, Variant, Leaves]]:
        """Pairs of changes that together touch what is wrong, the promising ones first."""
        left = PAIR_BUDGET
        for one, other in promising(recorded.right, recorded.pairing, mine, wrong):
            start = min(one.operation, other.operation)
            left -= 4 + steps.cost_from(start, CALL_WEIGHT)
            left -= 20 if one.operation == other.operation else 0  # compiled anew
            if left < 0:
                return
            code = steps.code([one, other])
            result = code and attempt(steps, recorded.before, code, start)
            if result:
                yield one, other, result


def differing_steps(explainer: Explainer, *judges: Judge) -> Iterator[str]:
    """The calls of checks in which the steps of a function give something else than it does.

    Where a check looks at extremes, two right ways of writing a function may differ.
    """
    for judge in judges:
        for check in judge.checks:
            steps = explainer.steps.get(check.of)
            if steps is None or check.kind not in ("value", "error") or check.rtol is not None:
                continue
            right = judge.key.expected(check)
            for at, call in enumerate(right.calls):
                if call.function.name != check.of:
                    continue
                recorded = tried(steps, right.calls, at, variants=())
                expected = leaves_of(call.result.value)
                given = {} if recorded is None else recorded.right
                allowed = Expected(expected, rules(check))
                if given.keys() != expected.keys() or not allowed.matches(given):
                    yield f"{check.of}: {check.name}"


def _is_statistic(right: Outcome) -> bool:
    """Whether a check looks at statistics: there two right ways draw different numbers."""
    return any(isinstance(value, Within) for value in (right.outputs or {}).values())


def _same_spread(right: Leaves, mine: Leaves, leaves: Leaves, wrong: Collection[str]) -> int:
    """How many outputs have the spread that a variant gives them, another than the right one."""
    fits = 0
    for name in wrong:
        arrays = [side[name] for side in (right, mine, leaves)]
        if not all(isinstance(a, np.ndarray) and a.dtype.kind == "f" and a.size for a in arrays):
            continue
        expected, own, theirs = (float(a.std()) for a in arrays)
        other = abs(theirs - expected) > SPREAD * expected
        fits += other and abs(own - theirs) <= SPREAD * max(own, theirs)
    return fits


def _is_data(value: Any) -> bool:
    """Whether a returned value is numbers: whatever else comes is not looked at."""
    if type(value) is np.ndarray:
        return value.dtype.kind in "fiub"
    return isinstance(value, bool | int | float | np.number | np.bool_)


def _exact(value: Any) -> Hashable:
    return (value.shape, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)
