"""Angles of positions and pairs, for positions.py."""

import numpy as np


def angle_table(t, width, d, offset, base):
    """(t, width / 2) angles of pairs whose speeds are those of d features."""
    wavelengths = np.power(base, np.arange(0, width, 2) / d)
    return (np.arange(t)[:, np.newaxis] + float(offset)) / wavelengths
