"""What a wrong array looks like, in words: shapes, ratios, axes, places. It guesses no causes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checker.compare import Difference
from autograder.checker.implementation import Call
from autograder.checker.outcome import Verdict

EXACT = 1e-9  # a symptom must hold to this, relative to the largest value
NEAR = 1e-3


@dataclass(frozen=True)
class Symptom:
    """`known` is False where nothing but the size of the error could be said."""

    text: str
    details: tuple[str, ...] = ()
    known: bool = True


def describe(difference: Difference, sizes: Mapping[int, str]) -> Symptom:
    """Say how an output is wrong. `sizes` explains numbers: {5: "the last axis of x"}."""
    if difference.verdict is Verdict.WRONG_SHAPE and isinstance(difference.got, np.ndarray):
        return Symptom(shape_symptom(difference.expected, difference.got) or "")
    if difference.verdict is not Verdict.WRONG_VALUE or difference.expected is None:
        return Symptom("")
    expected, got = np.asarray(difference.expected), np.asarray(difference.got)
    if expected.dtype.kind != "f" or got.dtype.kind != "f":
        return Symptom("", _worst(expected, got) if expected.dtype.kind in "biuf" else ())
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    if not np.isfinite(got).all():
        return Symptom("", known=False)
    name, wrong = difference.name, np.abs(got - expected) > difference.allowed
    text = next(_value_symptoms(name, expected, got, wrong, sizes), "")
    details = _worst(expected, got, difference.allowed)
    if text:
        return Symptom(text, details)
    return Symptom("", (*details, _norms(expected, got)), known=False)


def shape_symptom(expected: NDArray[Any], got: NDArray[Any]) -> str:
    """How one shape relates to another, where it does."""
    if sorted(expected.shape) == sorted(got.shape):
        return "The axes are in another order: is something transposed?"
    if got.size == expected.size and expected.shape == tuple(n for n in got.shape if n != 1):
        return "An axis of size 1 was kept (keepdims=True?)."
    if got.ndim < expected.ndim and _is_subsequence(got.shape, expected.shape):
        return "An axis is missing: was it summed over, or indexed away?"
    if got.ndim > expected.ndim and _is_subsequence(expected.shape, got.shape):
        return "There is an axis too many: should it be summed over?"
    return ""


def _is_subsequence(short: Sequence[int], long: Sequence[int]) -> bool:
    rest = iter(long)
    return all(n in rest for n in short)


def _value_symptoms(
    name: str,
    expected: NDArray[Any],
    got: NDArray[Any],
    wrong: NDArray[Any],
    sizes: Mapping[int, str],
) -> Iterator[str]:
    yield from _ratio(name, expected, got, sizes)
    yield from _constant_error(name, expected, got)
    yield from _part_of_an_axis(name, wrong)
    yield from _swapped(name, expected, got)
    largest = float(np.max(np.abs(expected), initial=0.0))
    if largest > 0 and float(np.max(np.abs(got - expected))) < NEAR * largest:
        yield f"{name} is close but not equal: an approximation, or an epsilon elsewhere?"


def _ratio(
    name: str, expected: NDArray[Any], got: NDArray[Any], sizes: Mapping[int, str]
) -> Iterator[str]:
    if not got.any():
        yield f"{name} is zero everywhere."
        return
    square = float((expected * expected).sum())
    if expected.size < 2 or square == 0:
        return
    ratio = float((expected * got).sum()) / square
    if abs(ratio) < 1e-6 or np.max(np.abs(got - ratio * expected)) > EXACT * np.max(np.abs(got)):
        return
    if math.isclose(ratio, -1, rel_tol=EXACT):
        yield f"{name} has the opposite sign everywhere."
    elif math.isclose(ratio, 1, rel_tol=NEAR):
        return
    else:
        yield f"{name} is {_factor(ratio, sizes)} times the expected everywhere."


def _factor(ratio: float, sizes: Mapping[int, str]) -> str:
    """A ratio in terms of the sizes that occur: `1/6 (2 · 3: axes 0 and 1 of x)`."""
    sign, ratio = ("-" if ratio < 0 else ""), abs(ratio)
    names: dict[float, str] = {float(n): f"{n} ({label})" for n, label in sizes.items() if n > 1}
    for (n, one), (m, other) in combinations(sorted(sizes.items()), 2):
        if n > 1 and m > 1:
            names.setdefault(float(n * m), f"{n * m} ({n} · {m}: {one}, {other})")
    for value, text in names.items():
        for form, candidate in ((text, value), (f"1/{text}", 1 / value)):
            if math.isclose(ratio, candidate, rel_tol=1e-8):
                return sign + form
    for whole in range(2, 11):
        for form, candidate in ((f"{whole}", whole), (f"1/{whole}", 1 / whole)):
            if math.isclose(ratio, candidate, rel_tol=1e-8):
                return sign + form
    for value, text in names.items():
        for form, candidate in (
            (f"sqrt {text}", math.sqrt(value)),
            (f"1/sqrt {text}", 1 / math.sqrt(value)),
        ):
            if math.isclose(ratio, candidate, rel_tol=1e-8):
                return sign + form
    return f"{sign}{ratio:.4g}"


def _constant_error(name: str, expected: NDArray[Any], got: NDArray[Any]) -> Iterator[str]:
    error = got - expected
    largest = float(np.max(np.abs(error)))
    spread = EXACT * max(largest, float(np.max(np.abs(expected))))
    if error.size > 1 and float(np.ptp(error)) <= spread:
        yield f"{name} is off by the same amount everywhere."
        return
    for axis in range(error.ndim):
        if error.shape[axis] > 1 and float(np.max(np.ptp(error, axis=axis))) <= spread:
            yield f"{name} is off by the same amount all along axis {axis}."
            return


def _part_of_an_axis(name: str, wrong: NDArray[Any]) -> Iterator[str]:
    for axis in range(wrong.ndim):
        others = tuple(k for k in range(wrong.ndim) if k != axis)
        places = np.flatnonzero(wrong.any(axis=others))
        if 0 < len(places) < wrong.shape[axis]:
            count = len(places)
            where = ", ".join(str(int(k)) for k in places[:6]) + (" …" if count > 6 else "")
            size = wrong.shape[axis]
            yield f"{name} is wrong only at index {where} of axis {axis}, of size {size}."
            return


def _swapped(name: str, expected: NDArray[Any], got: NDArray[Any]) -> Iterator[str]:
    for one, other in combinations(range(expected.ndim), 2):
        turned = expected.swapaxes(one, other)
        if turned.shape == got.shape and np.allclose(turned, got, rtol=EXACT, atol=EXACT):
            yield f"{name} has axes {one} and {other} exchanged (transposed)."
            return


def _worst(expected: NDArray[Any], got: NDArray[Any], allowed: float = 0.0) -> tuple[str, ...]:
    """The element that is furthest off, with both values."""
    if expected.dtype.kind == "b":
        error = (expected != got).astype(float)
    else:
        error = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    if error.size == 0:
        return ()
    at = tuple(int(k) for k in np.unravel_index(int(np.argmax(error)), error.shape))
    one, other = expected[at], got[at]
    if expected.dtype.kind == "f":
        values = f"yours {float(other):.6g}, expected {float(one):.6g} (allowed {allowed:.1g})"
    else:
        values = f"yours {other}, expected {one}"
    return (f"worst at {list(at)}: {values}" if at else values,)


def _norms(expected: NDArray[Any], got: NDArray[Any]) -> str:
    norm = float(np.linalg.norm(expected))
    error = float(np.linalg.norm(got - expected))
    own = float(np.linalg.norm(got))
    if norm == 0 or own == 0 or not math.isfinite(own):
        return f"the error's norm is {error:.3g}"
    cosine = float((expected * got).sum()) / norm / own
    return f"the error's norm is {error / norm:.3g} of the expected; cosine {cosine:.3f}"


def sizes_of(calls: Sequence[Call]) -> dict[int, str]:
    """The sizes of the arguments' axes, each with a name; one that occurs twice is named first."""
    sizes: dict[int, str] = {}
    for call in calls:
        names = call.function.parameters + ("argument",) * len(call.args)
        for name, value in (*zip(names, call.args, strict=False), *call.kwargs.items()):
            if isinstance(value, np.ndarray):
                for axis, n in enumerate(value.shape):
                    label = f"the last axis of {name}" if axis == value.ndim - 1 else ""
                    sizes.setdefault(int(n), label or f"axis {axis} of {name}")
    return sizes
