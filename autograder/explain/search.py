"""Looks for changes of steps that give what an implementation gave.

Candidates are found on one recorded call, where a change costs microseconds; whether they hold on
all checks is for the judge to see.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.bounds import Within
from autograder.checker.compare import Expected
from autograder.checker.contract import OPAQUE
from autograder.checker.declare import Check
from autograder.checker.implementation import Call, hand_out
from autograder.checker.judge import Judge
from autograder.checker.key import rules
from autograder.checker.outcome import Generator, Opaque, Outcome
from autograder.explain.promising import Leaves, changed_leaves, promising, same
from autograder.explain.steps import Steps, Variant
from autograder.explain.weights import odd_weight

MOST_SINGLES = 16
MOST_PAIRS = 3
SPREAD = 0.1  # by which two standard deviations of drawn numbers may differ
MOST_TWINS = 6  # variants that give the same on one call
PAIR_BUDGET = 8000  # statements' worth of work: some 60 ms of CPU
CALL_WEIGHT = 8  # what a call of the reference costs, in statements


@dataclass
class Recorded:
    """One call of the function under test, and what each variant makes of it."""

    call: int  # among the calls of the check
    right: Leaves
    before: Mapping[int, dict[str, Any]]
    tried: list[tuple[Variant, Leaves]]
    """The variants that make a difference here."""
    pairing: list[tuple[Variant, Leaves]]
    """Of those that make the same difference, two: enough for pairs."""


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
            return _attempt(steps, recorded.before, changed, start)

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
            if not wrong:
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
            self._recorded[key] = _tried(steps, right.calls, at)
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
            result = code and _attempt(steps, recorded.before, code, start)
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
                recorded = _tried(steps, right.calls, at, variants=())
                expected = leaves_of(call.result.value)
                given = {} if recorded is None else recorded.right
                allowed = Expected(expected, rules(check))
                if given.keys() != expected.keys() or not allowed.matches(given):
                    yield f"{check.of}: {check.name}"


def _tried(
    steps: Steps, calls: Sequence[Call], at: int, variants: Sequence[Variant] | None = None
) -> Recorded | None:
    """Run a call's steps, then each of their variants. None where the steps can't take it."""
    arguments = arguments_of(calls, at)
    if arguments is None:
        return None
    try:
        with np.errstate(all="ignore"):
            bound = steps.signature.bind(*arguments[0], **arguments[1])
            bound.apply_defaults()
            before = steps.program.trace(_fresh(bound.arguments))
        if any(isinstance(value, Generator) for value in bound.arguments.values()):
            start = {**steps.program.names, **bound.arguments}  # each run draws from the start
            before = dict.fromkeys(before, start)
    except Exception:
        return None
    right = _attempt(steps, before, {}, 0)
    if right is None:
        return None
    recorded = Recorded(at, right, before, [], [])
    seen: Counter[Hashable] = Counter()
    for variant in steps.variants if variants is None else variants:
        if variant.default is not None:
            other = _with_default(steps, before, arguments, variant.default)
            if other and other.keys() == right.keys() and changed_leaves(right, other):
                recorded.tried.append((variant, other))
            continue
        if variant.operation not in before:
            continue
        if variant.names and not _of_one_kind(before[variant.operation], *variant.names):
            continue
        uses = variant.change.uses
        if uses and not _usable(before[variant.operation], *uses):
            continue
        changed = steps.code([variant])
        leaves = changed and _attempt(steps, before, changed, variant.operation)
        if leaves and leaves.keys() == right.keys() and changed_leaves(right, leaves):
            look = tuple(_fingerprint(leaves[name]) for name in right)
            if seen[look] < MOST_TWINS:  # the same here, but perhaps not elsewhere
                recorded.tried.append((variant, leaves))
            if seen[look] < 2:
                recorded.pairing.append((variant, leaves))
            seen[look] += 1
    return recorded


def _with_default(
    steps: Steps,
    before: Mapping[int, dict[str, Any]],
    arguments: tuple[tuple[Any, ...], dict[str, Any]],
    default: tuple[str, Any],
) -> Leaves | None:
    """What comes of another default, where the call leaves that argument out."""
    given = steps.signature.bind(*arguments[0], **arguments[1]).arguments
    name, value = default
    return None if name in given else _attempt(steps, {0: before[0] | {name: value}}, {}, 0)


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


def _exact(value: Any) -> Hashable:
    return (value.shape, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)


def _fingerprint(value: Any) -> Hashable:
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind == "f":
        return value.shape, f"{float(value.flat[0]):.8g}", f"{float(value.sum()):.8g}"
    return str(value)


def _attempt(
    steps: Steps, before: Mapping[int, dict[str, Any]], changed: Mapping[int, Any], start: int
) -> Leaves | None:
    """What changed steps give; None where they can't be computed."""
    try:
        with np.errstate(all="ignore"):
            env = before[start]
            if any(isinstance(value, Generator) for value in env.values()):
                start = 0
            result = steps.program.run(_fresh(env), start, changed)
        return leaves_of(_data(steps, steps.typed(result, env)))
    except Exception:
        return None


def _data(steps: Steps, result: Any) -> Any:
    """A result without its cache or state."""
    returns = steps.returns
    if type(result) is tuple and len(result) == len(returns) and OPAQUE in returns:
        pairs = zip(result, returns, strict=True)
        return tuple(Opaque(part) if role == OPAQUE else part for part, role in pairs)
    return result


def _fresh(env: Mapping[str, Any]) -> dict[str, Any]:
    """The same values; generators anew, so that each run draws the same numbers."""
    return {
        name: hand_out(value) if isinstance(value, Generator) else value
        for name, value in env.items()
    }


def _usable(env: Mapping[str, Any], name: str, kind: str) -> bool:
    """Whether a name holds what a change needs: a number other than 0 and 1, or an array."""
    value = env.get(name)
    if kind == "number":
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        return number and value not in (0, 1)
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _of_one_kind(env: Mapping[str, Any], one: str, other: str) -> bool:
    if one not in env or other not in env:
        return True  # of a loop, whose names come later
    first, second = env[one], env[other]
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return first.ndim == second.ndim
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys()
    numbers = (int, float)
    return type(first) is type(second) or (
        isinstance(first, numbers) and isinstance(second, numbers)
    )


def leaves_of(value: Any, name: str = "") -> Leaves:
    """All data in a call's result by path; caches are left out."""
    found: Leaves = {}
    if isinstance(value, tuple | list):
        for k, item in enumerate(value):
            found |= leaves_of(item, f"{name}[{k}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            found |= leaves_of(item, f"{name}[{key}]")
    elif not isinstance(value, Opaque):
        found[name or "[0]"] = value
    return found


def arguments_of(calls: Sequence[Call], at: int) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """What a step function takes: a cache is exchanged for the arguments of its forward."""
    call = calls[at]
    if not call.function.name.endswith("_backward"):
        return tuple(map(_opened, call.args)), {k: _opened(v) for k, v in call.kwargs.items()}
    positional = [*call.args, *call.kwargs.values()]
    if len(positional) < 2:
        return tuple(positional), {}
    dy, cache = positional[:2]
    for other in calls[:at]:
        parts = other.result.value if type(other.result.value) is tuple else (other.result.value,)
        if any(part is cache for part in parts) and isinstance(cache, Opaque):
            return (dy, *other.args), dict(other.kwargs)
    return tuple(map(_opened, positional)), {}


def _opened(value: Any) -> Any:
    """The reference's own state as it is; anything else as the probe has it."""
    return value.value if isinstance(value, Opaque) else value
