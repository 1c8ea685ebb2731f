"""Whether a backward is the gradient of the implementation's own forward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checker.implementation import Call, Implementation
from autograder.checker.outcome import (
    ImplementationMissing,
    ImplementationRaised,
    ImplementationStopped,
    Opaque,
    WrongStructure,
)

STEP = 1e-5
RTOL = 1e-6
MOST_VALUES = 400  # twice as many forward calls at the most
DIRECTIONS = 4


def gradients_fit_own_forward(
    backward: str, implementation: Implementation, *, large: bool = False
) -> bool:
    """Compare every call of `backward` in the trace with central differences of its forward.

    The trace must be that of a check that has just run. Calls that can't be compared (float32,
    too many values, gradients that don't go with the arguments) count as not fitting. `large` says
    that many values are meant: then some random directions stand for all of them.
    """
    calls = list(implementation.trace)
    pairs = [
        (first, second)
        for second in calls
        if second.function.name == backward
        for first in calls
        if second.args[1:2] and _cache_of(first) is second.args[1]
    ]
    try:
        return bool(pairs) and all(_fits(implementation, *pair, large) for pair in pairs)
    except (ImplementationRaised, ImplementationMissing, ImplementationStopped, WrongStructure):
        return False


def _cache_of(call: Call) -> Any:
    value = call.result.value
    cache = value[-1] if isinstance(value, tuple) and value else None
    return cache if isinstance(cache, Opaque) else object()


def _fits(implementation: Implementation, first: Call, second: Call, large: bool) -> bool:
    dy = second.args[0]
    if not _is_float64(dy):
        return False
    arguments = [
        array for value in (*first.args, *first.kwargs.values()) for array in _arrays(value)
    ]
    gradients = list(_arrays(second.result.value))
    if [a.shape for a in arguments] != [g.shape for g in gradients]:
        return False
    small = sum(array.size for array in arguments) <= MOST_VALUES
    if not small and not large:
        return False
    moved = False
    for array, gradient in zip(arguments, gradients, strict=True):
        found, numeric = [], []
        for direction in _axes(array) if small else _directions(array):
            found.append(float((gradient * direction).sum()))
            numeric.append(_slope(implementation, first, array, dy, direction))
        moved = moved or any(numeric)
        allowed = RTOL * (float(np.max(np.abs(numeric), initial=0.0)) + 1)
        if not (np.abs(np.subtract(found, numeric)) <= allowed).all():
            return False
    return moved  # zeros for a forward that never moves are no gradient worth points


def _axes(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """One number after the other."""
    for at in np.ndindex(array.shape):
        direction = np.zeros_like(array)
        direction[at] = 1.0
        yield direction


def _directions(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Some random ones, where there are too many numbers to try each."""
    rng = np.random.default_rng(array.size)
    for _ in range(DIRECTIONS):
        yield rng.standard_normal(array.shape)


def _slope(
    implementation: Implementation,
    first: Call,
    array: NDArray[Any],
    dy: NDArray[Any],
    direction: NDArray[Any],
) -> float:
    """How sum(f(...) * dy) changes along a direction of `array`, an argument of the call."""
    kept = array.copy()
    sums = []
    for step in (STEP, -STEP):
        array += step * direction
        value = implementation.invoke(first.function, first.args, first.kwargs).value[0]
        array[...] = kept
        if not isinstance(value, np.ndarray) or value.shape != dy.shape:
            return float("nan")
        sums.append(float((value * dy).sum()))
    return (sums[0] - sums[1]) / (2 * STEP)


def _is_float64(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float64


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    """The float arrays in nested data, in order."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield value
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _arrays(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _arrays(item)
