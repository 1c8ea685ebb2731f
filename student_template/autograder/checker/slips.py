"""Find the known slip that gives what an implementation gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checker.compare import Bound, Difference, Expected, Rules, Within
from autograder.checker.outcome import Outcome

SAME = {8: 1e-9, 4: 1e-5, 2: 1e-2}  # relative to the largest value, by item size


def explain(
    outcome: Outcome,
    differences: Sequence[Difference],
    slips: Mapping[str, Outcome],
) -> tuple[str, ...]:
    """The names of the slips whose outcome this is.

    Each wrong output is matched by itself, so that one slip is found beside another; slips that
    explain all wrong outputs go before those that explain some, and of these the ones that
    give the right outputs right too.
    """
    if outcome.outputs is None:
        return tuple(name for name, slip in slips.items() if _same_failure(outcome, slip))
    wrong = [difference.name for difference in differences]
    explained: dict[str, int] = {}
    got = dict(_named_leaves(outcome.outputs))
    for name, slip in slips.items():
        if slip.outputs is None or bool(slip.mutated) != bool(outcome.mutated):
            continue
        if outcome.mutated and not wrong:
            explained[name] = 1
            continue
        theirs = dict(_named_leaves(slip.outputs))
        fits = [w for w in wrong if w in theirs and w in got and equal(got[w], theirs[w])]
        fits += [w for w in wrong if w not in theirs and w not in got]
        if fits:
            explained[name] = len(fits)
    if not explained:
        return ()
    most = max(explained.values())
    best = tuple(name for name, count in explained.items() if count == most)
    whole = tuple(name for name in best if equal(outcome.outputs, slips[name].outputs))
    return whole or best


def same_outputs(one: Outcome, other: Outcome) -> bool:
    """Whether two runs returned the same."""
    if one.outputs is None or other.outputs is None:
        return False
    return equal(one.outputs, other.outputs)


def _same_failure(outcome: Outcome, slip: Outcome) -> bool:
    """Whether two runs failed in the same way: the same exception, or the same odd structure."""
    if outcome.error is not None:
        return slip.error is not None and str(slip.error) == str(outcome.error)
    if outcome.structure:
        return slip.structure == outcome.structure
    return bool(outcome.probe_error) and outcome.probe_error == slip.probe_error


def _named_leaves(outputs: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def walk(name: str, value: Any) -> None:
        found.append((name, value))
        if isinstance(value, dict):
            for key, item in value.items():
                walk(f"{name}[{key}]", item)
        elif isinstance(value, list | tuple):
            for k, item in enumerate(value):
                walk(f"{name}[{k}]", item)

    for key, value in outputs.items():
        walk(key, value)
    return found


def equal(one: Any, other: Any) -> bool:
    """Whether two outputs are the same but for rounding; NaN equals NaN."""
    if isinstance(one, Within) and isinstance(other, Within):
        return not list(Expected({"": other}, Rules()).differences({"": one}))
    if isinstance(one, Bound) and isinstance(other, Bound):
        one, other = one.value, other.value
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    numbers = int | float | np.ndarray | np.generic
    if isinstance(one, numbers) and isinstance(other, numbers):
        return _equal_numbers(np.asarray(one), np.asarray(other))
    return type(one) is type(other) and bool(one == other)


def _equal_numbers(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    if one.shape != other.shape or (one.dtype.kind == "f") != (other.dtype.kind == "f"):
        return False
    if one.dtype.kind != "f":
        return bool((one == other).all())
    rtol = SAME[min(8, one.dtype.itemsize, other.dtype.itemsize)]
    one, other = one.astype(np.float64), other.astype(np.float64)
    finite = np.isfinite(one)
    if not np.array_equal(finite, np.isfinite(other)):
        return False
    if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
        return False
    largest = float(np.max(np.abs(one[finite]), initial=0.0))
    return bool((np.abs(one[finite] - other[finite]) <= rtol * largest + 1e-12).all())
