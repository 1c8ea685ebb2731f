"""Which pairs of changes to try first, from what each does alone.

Two changes of different terms add up; two changes of different factors multiply. Neither holds in
general, but both are a good guess at what a pair will give, and cost one product of matrices.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checker.slips import equal
from autograder.explain.change import Variant

Leaves = dict[str, Any]
Array = NDArray[np.float64]
MOST = 200  # pairs by each of the guesses
HABITS = 100  # pairs that are tried whatever the guesses say
NEAR = 0.5  # of what is wrong, squared: a guess that leaves more is none
RTOL, ATOL = 1e-9, 1e-12  # within which two outputs are the same; the first of the largest value


@dataclass(frozen=True, eq=False)
class Tried:
    """What a variant makes of a recorded call, and the outputs that it changes."""

    variant: Variant
    leaves: Leaves
    changed: set[str]


def promising(
    right: Leaves, tried: Sequence[Tried], mine: Leaves, wrong: Collection[str]
) -> Iterator[tuple[Variant, Variant]]:
    """Pairs that touch all that is wrong and nothing else, the best guesses first."""
    wrong = set(wrong)
    useful = [one for one in tried if one.variant.default is None and one.changed <= wrong]
    names = sorted(wrong)
    habit = _by_habit(useful)
    order: Iterable[tuple[int, int]] = habit
    if all(np.shape(mine[name]) == np.shape(right[name]) for name in names):
        base, wanted = flat(right, names), flat(mine, names)
        rows = [_fitting(one.leaves, names, right) for one in useful]
        guesses = _by_product(rows, base, wanted), _by_sum(rows, base, wanted)
        order = _in_turn(*guesses, habit)
    seen = set()
    for one, other in order:
        pair = min(one, other), max(one, other)
        if pair in seen or one == other:
            continue
        seen.add(pair)
        if useful[one].changed | useful[other].changed == wrong:
            yield useful[pair[0]].variant, useful[pair[1]].variant


def _by_habit(useful: Sequence[Tried]) -> list[tuple[int, int]]:
    """What happens most often first."""
    likely = np.array([one.variant.change.likely for one in useful], np.int8)
    one, other = np.triu_indices(len(useful), 1)
    first = np.argsort(likely[one] + likely[other], kind="stable")[:HABITS]
    return list(zip(one[first].tolist(), other[first].tolist(), strict=True))


def _by_sum(rows: Sequence[Array | None], base: Array, wanted: Array) -> list[tuple[int, int]]:
    """What the two changes add up to is near to what is wanted."""
    shifts = np.array([np.full(base.size, np.nan) if row is None else row - base for row in rows])
    return _nearest(shifts, wanted - base)


def _by_product(rows: Sequence[Array | None], base: Array, wanted: Array) -> list[tuple[int, int]]:
    """What the two changes multiply to is near to what is wanted."""
    with np.errstate(all="ignore"):
        ratios = np.array(
            [
                np.full(base.size, np.nan) if row is None else np.log(np.abs(row / base))
                for row in rows
            ]
        )
        return _nearest(ratios, np.log(np.abs(wanted / base)))


def _nearest(shifts: Array, wanted: Array) -> list[tuple[int, int]]:
    """Pairs of rows whose sum comes nearest to a vector."""
    if shifts.size == 0:
        return []
    places = np.isfinite(wanted)
    usable = np.isfinite(shifts[:, places]).all(1)
    which = np.flatnonzero(usable)
    shifts, wanted = shifts[usable][:, places], wanted[places]
    if len(which) < 2 or wanted.size == 0:
        return []
    alone = (shifts * shifts).sum(1) - 2 * shifts @ wanted
    together = alone[:, None] + alone + 2 * shifts @ shifts.T
    together[np.tril_indices(len(which))] = np.inf
    flat = together.ravel()
    most = min(2 * MOST, flat.size)
    best = np.argpartition(flat, most - 1)[:most]
    whole = float(wanted @ wanted)
    best = best[flat[best] + whole <= NEAR * whole]
    rounded = np.round(flat[best] + whole, 9)
    best = best[np.lexsort((best, rounded))][:MOST]  # of equal ones the more likely first
    return [(int(which[k // len(which)]), int(which[k % len(which)])) for k in best]


def _in_turn(*orders: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for row in itertools.zip_longest(*orders):
        yield from (pair for pair in row if pair is not None)


def _fitting(leaves: Leaves, names: Sequence[str], right: Leaves) -> Array | None:
    """A variant's wrong outputs in a row; None where a shape is another than the right one's."""
    if any(np.shape(leaves[name]) != np.shape(right[name]) for name in names):
        return None
    return flat(leaves, names)


def flat(leaves: Leaves, names: Sequence[str]) -> Array:
    """Some outputs in one row."""
    return np.concatenate([np.asarray(leaves[name], np.float64).ravel() for name in names])


class Compared:
    """Outputs that many others are compared with: what is cheap to see is looked at first."""

    def __init__(self, right: Leaves) -> None:
        self._right = right
        self._seen: dict[str, tuple[bytes, float, float]] = {}
        """Of each: its data, its first number, and how far another one's may be from that."""
        for name, value in right.items():
            if type(value) is np.ndarray and value.dtype == np.float64 and value.size:
                largest = float(np.abs(value).max())
                if np.isfinite(largest):
                    first, allowed = float(value.flat[0]), RTOL * largest + ATOL
                    self._seen[name] = value.tobytes(), first, allowed

    def changed(self, leaves: Leaves) -> set[str]:
        """The outputs in which another result differs."""
        return {name for name in self._right if not self._same(name, leaves[name])}

    def _same(self, name: str, other: Any) -> bool:
        right = self._right[name]
        alike = type(other) is np.ndarray and other.dtype == np.float64
        if alike and name in self._seen and other.shape == right.shape:
            data, first, allowed = self._seen[name]
            if abs(float(other.flat[0]) - first) > allowed:  # False for NaN: then all is looked at
                return False
            if other.tobytes() == data:
                return True
        return same(right, other)


def same(one: Any, other: Any) -> bool:
    """Whether two outputs are the same but for rounding."""
    if type(one) is np.ndarray and type(other) is np.ndarray:
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if one.dtype == np.float64 and other.dtype == np.float64 and one.size:
            largest = float(np.abs(one).max())
            if np.isfinite(largest):
                return bool(np.abs(one - other).max() <= RTOL * largest + ATOL)
    return equal(one, other)
