"""The angles live in a module of the student's own, beside this one; rotation swaps and negates."""

import numpy as np
from transformer.angles import angle_table


def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    angles = angle_table(t, d_model + d_model % 2, d_model, offset, 10000.0)
    both = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(t, -1)
    return both[:, :d_model].astype(dtype)


def _quarter_turn(x):
    """(a, b) becomes (-b, a) in every pair."""
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    return np.stack([-pairs[..., 1], pairs[..., 0]], axis=-1).reshape(x.shape)


def rotary(x, offset=0, base=10000.0):
    if x.ndim != 4 or x.shape[-1] % 2 != 0:
        raise ValueError(f"x has shape {x.shape}: d must be even")
    angles = np.repeat(angle_table(x.shape[-2], x.shape[-1], x.shape[-1], offset, base), 2, axis=-1)
    cos, sin = (f(angles).astype(x.dtype) for f in (np.cos, np.sin))
    return x * cos + _quarter_turn(x) * sin, (cos, sin)


def rotary_backward(dy, cache):
    cos, sin = cache
    return dy * cos - _quarter_turn(dy * sin)
