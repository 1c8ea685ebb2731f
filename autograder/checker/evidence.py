"""How much a fit says: nobody gets a hundred digits by accident, but many get a yes or a zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checker.bounds import Bound, Within

A_NUMBER = 40  # bits of a fraction, of which two agree in twelve digits
A_SHARE = 4  # of a statistic that is allowed some luck
A_WORD = 3


def bits(value: Any) -> float:
    """Roughly how many bits an output tells by being just this."""
    if isinstance(value, dict | list | tuple) or value is None:
        return 0.0  # what is inside them is counted by itself
    if isinstance(value, Within):
        return A_SHARE
    if isinstance(value, Bound):
        return 1.0
    if not isinstance(value, bool | int | float | np.generic | np.ndarray):
        return A_WORD
    array = np.asarray(value)
    if array.dtype.kind == "f":
        array = array[np.isfinite(array)]
        if (array % 1 != 0).any():
            return A_NUMBER
    if array.dtype.kind not in "fiub" or not array.size:
        return A_WORD
    _, counts = np.unique(array, return_counts=True)
    shares = counts / array.size
    return 1.0 + float(-(counts * np.log2(shares)).sum())
