"""Find the known slip that gives what an implementation gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.checker.bounds import Bound, Within
from autograder.checker.compare import Expected, Rules
from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.fingerprint import Fingerprint, Projected
from autograder.checker.outcome import Outcome

SAME = {8: 1e-9, 4: 1e-5, 2: 1e-2}  # relative to the largest value, by item size


def fitting(
    outcome: Outcome, wrong: Sequence[str], slips: Mapping[str, Outcome]
) -> dict[str, list[str]]:
    """The wrong outputs that each slip gives as well, of those that give any.

    Where there are no outputs, or only a changed argument, a slip that fails in the same way has
    an empty list.
    """
    if outcome.outputs is None:
        return {name: [] for name, slip in slips.items() if same_failure(outcome, slip)}
    found: dict[str, list[str]] = {}
    got = {name: Value(outcome.leaves[name]) for name in wrong if name in outcome.leaves}
    for name, slip in slips.items():
        if slip.outputs is None or bool(slip.mutated) != bool(outcome.mutated):
            continue
        if outcome.mutated and not wrong:
            found[name] = []
            continue
        theirs = slip.leaves
        fits = [w for w in wrong if w in theirs and w in got and got[w].equals(theirs[w])]
        fits += [w for w in wrong if w not in theirs and w not in got]
        if fits:
            found[name] = fits
    return found


def same_outputs(one: Outcome, other: Outcome) -> bool:
    """Whether two runs returned the same."""
    if one.outputs is None or other.outputs is None:
        return False
    return equal(one.outputs, other.outputs)


def same_failure(outcome: Outcome, slip: Outcome) -> bool:
    """Whether two runs failed in the same way: the same exception, or the same odd structure."""
    if outcome.error is not None:
        return slip.error is not None and str(slip.error) == str(outcome.error)
    if outcome.structure:
        return slip.structure == outcome.structure
    return bool(outcome.probe_error) and outcome.probe_error == slip.probe_error


class Value:
    """One output that is compared with many: what is cheap to see is looked at first."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.first: float | None = None
        self.projected: Projected | None = None
        if type(value) is np.ndarray and value.dtype.kind == "f" and value.size:
            self.first = float(value.flat[0])
            rtol = SAME[min(8, value.dtype.itemsize)]
            self.allowed = rtol * float(np.abs(value).max()) + 1e-12

    def equals(self, other: Any) -> bool:
        """Whether another value is the same but for rounding, or the one that was recorded."""
        if isinstance(other, Fingerprint):
            self.projected = self.projected or Projected(self.value)
            return other.fits(self.projected)
        if self.first is not None and type(other) is np.ndarray:
            if other.shape != self.value.shape or other.dtype.kind != "f":
                return False
            if other.dtype == self.value.dtype:
                gap = abs(float(other.flat[0]) - self.first)
                if gap > self.allowed:  # False where either is NaN: then all is looked at
                    return False
        return equal(self.value, other)


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


def main_slips(checks: Sequence[Check], found: dict[str, Finding]) -> dict[str, list[str]]:
    """For each function the slips that explain most of its failures: what it does, not a chance."""
    failures: Counter[str] = Counter()
    named: dict[str, Counter[str]] = {}
    for check in checks:
        finding = found[check.name]
        if check.gated or finding.passed:
            continue
        failures[check.of] += 1
        if finding.diagnosis and finding.diagnosis.id:
            named.setdefault(check.of, Counter())[finding.diagnosis.id] += 1
    return {
        function: kept
        for function, counts in named.items()
        if (kept := [slip for slip, count in counts.items() if 2 * count > failures[function]])
    }
