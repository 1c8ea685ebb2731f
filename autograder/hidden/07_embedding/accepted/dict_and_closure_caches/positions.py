"""Sines and cosines of slices, kept in the cache; exp and log instead of powers."""

import numpy as np


def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    pair = np.arange(d_model) // 2
    speed = np.exp(-np.log(10000.0) * 2 * pair / d_model)
    angles = np.outer(np.arange(t) + offset, speed)
    phase = np.where(np.arange(d_model) % 2 == 1, np.pi / 2, 0.0)  # cos(a) is sin(a + pi / 2)
    return np.sin(angles + phase).astype(dtype)


def rotary(x, offset=0, base=10000.0):
    if x.ndim != 4 or x.shape[-1] % 2:
        raise ValueError(f"x {x.shape}")
    t, d = x.shape[-2:]
    angles = np.outer(np.arange(t) + offset, np.exp(-np.log(base) * np.arange(d // 2) * 2 / d))
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    y = np.empty_like(x)
    y[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
    y[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
    return y, {"cos": cos, "sin": sin}


def rotary_backward(dy, cache):
    cos, sin = cache["cos"], cache["sin"]
    dx = np.empty_like(dy)
    dx[..., 0::2] = dy[..., 0::2] * cos + dy[..., 1::2] * sin
    dx[..., 1::2] = dy[..., 1::2] * cos - dy[..., 0::2] * sin
    return dx
