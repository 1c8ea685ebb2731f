"""Looks for changes of steps that give what an implementation gave.

Candidates are found on one recorded call, where a change costs microseconds; whether they hold on
all checks is for the judge to see.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.bounds import Within
from autograder.checker.compare import Expected
from autograder.checker.declare import Check
from autograder.checker.judge import Judge
from autograder.checker.key import rules
from autograder.checker.outcome import Outcome
from autograder.explain.change import Variant
from autograder.explain.promising import Leaves, promising, same
from autograder.explain.recorded import MOST_TWINS, Recorded, attempt, leaves_of, tried
from autograder.explain.steps import Steps
from autograder.explain.weights import odd_weight

MOST_SINGLES = 16
MOST_CALLS = 2  # of a check, where one leaves open which change it was
MOST_PAIRS = 3
SPREAD = 0.1  # by which two standard deviations of drawn numbers may differ
PAIR_BUDGET = 8000  # statements' worth of work: some 60 ms of CPU
CALL_WEIGHT = 8  # what a call of the reference costs, in statements


class Explainer:
    """Suggests changes of steps. One serves a whole batch: what it has tried, it keeps."""

    def __init__(self, steps: Mapping[str, Steps]) -> None:
        self.steps = steps
        self._recorded: dict[tuple[str, int, int], Recorded | None] = {}
        self.answers: dict[Hashable, Sequence[Misconception]] = {}

    def look(self, check: Check, seed: int, right: Outcome, got: Outcome) -> Look | None:
        """At the first call whose result is numbers other than the reference's."""
        looks = self._looks(check, seed, right, got)
        first = next(looks, None)
        return None if first is None else replace(first, others=looks)

    def _looks(self, check: Check, seed: int, right: Outcome, got: Outcome) -> Iterator[Look]:
        """At each such call."""
        steps = self.steps.get(check.of)
        if steps is None:
            return
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
            place = check.name, seed, at
            if place not in self._recorded:
                self._recorded[place] = tried(steps, right.calls, at)
            recorded = self._recorded[place]
            if recorded is not None and recorded.right.keys() == answer.keys():
                statistic = _is_statistic(right)
                yield Look(self, place, steps, recorded, answer, wrong, statistic)


@dataclass(frozen=True)
class Look:
    """A call whose result is wrong, and the changes that could have made it so."""

    explainer: Explainer
    place: tuple[str, int, int]  # the check, its seed, and which of its calls
    steps: Steps
    recorded: Recorded
    mine: Leaves
    wrong: set[str]
    statistic: bool
    others: Iterable[Look] = ()  # at the check's next calls that are wrong

    def singles(self) -> Sequence[Misconception]:
        """Single changes that give a wrong part of the result and break nothing else.

        Where many do, the check's next call is looked at as well: what fits both comes first.
        """
        hits = self._hits()
        if len(hits) >= MOST_TWINS:
            for other in itertools.islice(self.others, MOST_CALLS - 1):
                hits += other._hits()
        calls = Counter(hit[-1] for hit in hits)
        chosen = dict.fromkeys(hit[-1] for hit in sorted(hits, key=lambda hit: -calls[hit[-1]]))
        return [self.steps.slip([one]) for one in itertools.islice(chosen, MOST_SINGLES)]

    def _hits(self) -> list[tuple[int, bool, tuple[int, int], int, Variant]]:
        """The changes that fit here, the best first."""
        tried = self.recorded.tried
        fits: Counter[int] = Counter()
        for name in self.wrong:
            giving = self.recorded.giving(name, self.mine[name])
            fits.update(k for k in giving if name in tried[k].changed)
        exact = set(fits)
        if self.statistic:
            for k in set(range(len(tried))) - fits.keys():
                fits[k] = _same_spread(self.recorded.right, self.mine, tried[k].leaves, self.wrong)
        return sorted(
            (-count, k not in exact, tried[k].variant.rank, k, tried[k].variant)
            for k, count in fits.items()
            if count and tried[k].changed <= self.wrong
        )

    def pairs(self) -> Sequence[Misconception]:
        """Pairs of changes that give all of the result."""
        shapes = self.recorded.shapes
        if any(np.shape(self.mine[name]) not in shapes[name] for name in self.wrong):
            return []
        return self._once("pairs", self._pairs)

    def weights(self) -> Sequence[Misconception]:
        """The one odd weight of a term, where a sum explains the result exactly."""
        return self._once("weights", self._weights)

    def _once(
        self, what: str, search: Callable[[], Iterator[Misconception]]
    ) -> Sequence[Misconception]:
        """The same question is answered once: a class that makes one mistake pays once."""
        answer = tuple(_exact(self.mine[name]) for name in sorted(self.wrong))
        answers, key = self.explainer.answers, (what, self.place, answer)
        if key not in answers:
            answers[key] = list(itertools.islice(search(), MOST_PAIRS))
        return answers[key]

    def _pairs(self) -> Iterator[Misconception]:
        """The promising pairs first, as far as the budget goes."""
        left = PAIR_BUDGET
        steps, recorded = self.steps, self.recorded
        for one, other in promising(recorded.right, recorded.pairing, self.mine, self.wrong):
            start = min(one.start, other.start)
            left -= 4 + steps.program.cost_from(start, CALL_WEIGHT)
            left -= 20 if one.operation == other.operation else 0  # compiled anew
            if left < 0:
                return
            code = steps.code([one, other])
            result = code and attempt(steps, recorded.before, code, start)
            if result and all(same(item, result.get(name)) for name, item in self.mine.items()):
                yield steps.slip([one, other])

    def _weights(self) -> Iterator[Misconception]:
        before = self.recorded.before

        def result(changed: Mapping[int, Any], start: int) -> Leaves | None:
            return attempt(self.steps, before, changed, start)

        slip = odd_weight(
            self.steps, self.recorded.right, self.mine, self.wrong, set(before), result
        )
        if slip is not None:
            yield slip


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
    """What stands for a value among the answers: short, for a batch meets many."""
    if isinstance(value, np.ndarray):
        return value.shape, hashlib.blake2b(value.tobytes(), digest_size=16).digest()
    return repr(value)
