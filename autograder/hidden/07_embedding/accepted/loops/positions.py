"""One position after the other, one pair after the other."""

from math import cos, sin

import numpy as np


def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    table = np.zeros((t, d_model), dtype)
    for row in range(t):
        for column in range(d_model):
            angle = (offset + row) / 10000 ** (2 * (column // 2) / d_model)
            table[row, column] = cos(angle) if column % 2 else sin(angle)
    return table


def _turn(x, offset, base, sign):
    y = np.empty_like(x)
    t, d = x.shape[-2:]
    for row in range(t):
        for i in range(d // 2):
            angle = sign * (offset + row) / base ** (2 * i / d)
            a, b = x[..., row, 2 * i], x[..., row, 2 * i + 1]
            y[..., row, 2 * i] = a * cos(angle) - b * sin(angle)
            y[..., row, 2 * i + 1] = a * sin(angle) + b * cos(angle)
    return y


def rotary(x, offset=0, base=10000.0):
    if x.ndim != 4 or x.shape[-1] % 2 == 1:
        raise ValueError(f"x of shape {x.shape} has no pairs of features")
    return _turn(x, offset, base, 1), {"offset": offset, "base": base}


def rotary_backward(dy, cache):
    return _turn(dy, cache["offset"], cache["base"], -1)
