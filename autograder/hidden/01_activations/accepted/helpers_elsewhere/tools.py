"""Products with ones instead of sums, in a file of the student's own."""

import numpy as np


def total(x, axis):
    """Sum along axis, which stays as an axis of length 1."""
    lines = np.moveaxis(x, axis, -1)
    ones = np.ones((lines.shape[-1], 1), dtype=x.dtype)
    return np.moveaxis(lines @ ones, -1, axis)
