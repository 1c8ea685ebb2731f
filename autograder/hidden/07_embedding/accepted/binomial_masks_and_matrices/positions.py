"""Each position has a (d, d) rotation matrix; backward multiplies by its transpose."""

import numpy as np


def _matrices(t, d, offset, base):
    matrices = np.zeros((t, d, d))
    for i in range(0, d, 2):
        angle = np.arange(offset, offset + t) * base ** (-i / d)
        matrices[:, i, i] = matrices[:, i + 1, i + 1] = np.cos(angle)
        matrices[:, i + 1, i] = np.sin(angle)
        matrices[:, i, i + 1] = -np.sin(angle)
    return matrices


def rotary(x, offset=0, base=10000.0):
    if x.ndim != 4 or x.shape[-1] % 2:
        raise ValueError(f"no pairs in {x.shape}")
    matrices = _matrices(*x.shape[-2:], offset, base).astype(x.dtype)  # (T, d, d)
    return (matrices @ x[..., None])[..., 0], matrices


def rotary_backward(dy, cache):
    return (cache.swapaxes(-1, -2) @ dy[..., None])[..., 0]
