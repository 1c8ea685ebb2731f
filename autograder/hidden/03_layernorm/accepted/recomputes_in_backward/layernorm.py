"""The cache holds the arguments only, and backward computes everything again: less memory kept."""

import numpy as np


def _normalise(x, eps):
    centred = x - x.mean(-1, keepdims=True)
    std = np.sqrt(np.mean(centred**2, -1, keepdims=True) + eps)
    return centred / std, std


def layernorm(x, gamma, beta, eps=1e-5):
    if gamma.shape != x.shape[-1:] or beta.shape != x.shape[-1:]:
        raise ValueError(f"gamma {gamma.shape}, beta {beta.shape}, x {x.shape}")
    return gamma * _normalise(x, eps)[0] + beta, (x, gamma, eps)


def layernorm_backward(dy, cache):
    x, gamma, eps = cache
    x_hat, std = _normalise(x, eps)
    axes = tuple(range(x.ndim - 1))
    g = dy * gamma
    dx = (g - g.mean(-1, keepdims=True) - x_hat * (g * x_hat).mean(-1, keepdims=True)) / std
    return dx, np.sum(dy * x_hat, axes), np.sum(dy, axes)
