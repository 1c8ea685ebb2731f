"""Results that are nested in dicts and lists: what is inside, and whether two are built alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checker.outcome import Unsupported

SEQUENCES = (list, tuple)
NESTED = (np.ndarray, dict, list, tuple, Unsupported)


def leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """All that is inside dicts and lists, each by its path."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(f"{name}[{key}]", value[key])
    elif isinstance(value, SEQUENCES):
        for k, item in enumerate(value):
            yield from leaves(f"{name}[{k}]", item)
    else:
        yield name, value


def flattened(expected: Any, got: Any, into: list[NDArray[Any]]) -> bool:
    """Whether two nests of float64 arrays are built alike; all of the second one then, flat."""
    if type(got) is np.ndarray:
        into.append(got.ravel())
        return (
            type(expected) is np.ndarray
            and got.shape == expected.shape
            and got.dtype == expected.dtype
        )
    if type(got) is dict:
        return (
            type(expected) is dict
            and got.keys() == expected.keys()
            and all(flattened(expected[key], got[key], into) for key in expected)
        )
    return (
        isinstance(got, SEQUENCES)
        and isinstance(expected, SEQUENCES)
        and len(got) == len(expected)
        and all(flattened(one, other, into) for one, other in zip(expected, got, strict=True))
    )


def kinds_fit(expected: np.dtype[Any], got: np.dtype[Any]) -> bool:
    """Whether one dtype may stand for the other: whole numbers whatever their sign."""
    return expected.kind == got.kind or (expected.kind in "iu" and got.kind in "iu")


def same_form(expected: Any, got: Any) -> bool:
    """Whether two results have the same nesting, kinds of arrays and shapes."""
    if type(expected) is np.ndarray:
        return (
            type(got) is np.ndarray
            and expected.shape == got.shape
            and kinds_fit(expected.dtype, got.dtype)
        )
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(same_form(expected[key], got[key]) for key in expected)
        )
    if isinstance(expected, SEQUENCES):
        return (
            isinstance(got, SEQUENCES)
            and len(expected) == len(got)
            and all(map(same_form, expected, got))
        )
    return not isinstance(got, NESTED)
