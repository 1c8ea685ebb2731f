"""The precision of arguments, which textbook code does not keep by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

SINGLE = 4  # bytes of a float32


def precision(value: Any) -> int:
    """The item size of the widest floating-point array in an argument; 0 without one."""
    if isinstance(value, np.ndarray):
        return value.dtype.itemsize if value.dtype.kind == "f" else 0
    if isinstance(value, dict):
        return max(map(precision, value.values()), default=0)
    if isinstance(value, list | tuple):
        return max(map(precision, value), default=0)
    return 0


def narrowed(value: Any) -> Any:
    """A result in single precision."""
    if isinstance(value, np.ndarray | np.floating) and value.dtype == np.float64:
        return value.astype(np.float32)
    if isinstance(value, dict):
        return {key: narrowed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [narrowed(item) for item in value]
    if isinstance(value, tuple):
        return tuple(narrowed(item) for item in value)
    return value
