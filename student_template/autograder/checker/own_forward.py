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


def gradients_fit_own_forward(backward: str, implementation: Implementation) -> bool:
    """Compare every call of `backward` in the trace with central differences of its forward.

    The trace must be that of a check that has just run. Calls that can't be compared (float32,
    too many values, gradients that don't go with the arguments) count as not fitting.
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
        return bool(pairs) and all(_fits(implementation, *pair) for pair in pairs)
    except (ImplementationRaised, ImplementationMissing, ImplementationStopped, WrongStructure):
        return False


def _cache_of(call: Call) -> Any:
    value = call.result.value
    cache = value[-1] if isinstance(value, tuple) and value else None
    return cache if isinstance(cache, Opaque) else object()


def _fits(implementation: Implementation, first: Call, second: Call) -> bool:
    dy = second.args[0]
    if not _is_float64(dy):
        return False
    arguments = [
        array for value in (*first.args, *first.kwargs.values()) for array in _arrays(value)
    ]
    gradients = list(_arrays(second.result.value))
    shapes_fit = [a.shape for a in arguments] == [g.shape for g in gradients]
    if not shapes_fit or sum(array.size for array in arguments) > MOST_VALUES:
        return False
    moved = False
    for array, gradient in zip(arguments, gradients, strict=True):
        numeric = _numerical_gradient(implementation, first, array, dy)
        moved = moved or bool(numeric.any())
        allowed = RTOL * (float(np.max(np.abs(numeric), initial=0.0)) + 1)
        if not (np.abs(gradient - numeric) <= allowed).all():
            return False
    return moved  # zeros for a forward that never moves are no gradient worth points


def _numerical_gradient(
    implementation: Implementation, first: Call, array: NDArray[Any], dy: NDArray[Any]
) -> NDArray[Any]:
    """d sum(f(...) * dy) / d array. `array` is one of the call's own arguments."""
    gradient = np.zeros_like(array)
    for at in np.ndindex(array.shape):
        kept = array[at]
        sums = []
        for step in (STEP, -STEP):
            array[at] = kept + step
            value = implementation.invoke(first.function, first.args, first.kwargs).value[0]
            array[at] = kept
            if not isinstance(value, np.ndarray) or value.shape != dy.shape:
                return np.full_like(array, np.nan)
            sums.append(float((value * dy).sum()))
        gradient[at] = (sums[0] - sums[1]) / (2 * STEP)
    return gradient


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
