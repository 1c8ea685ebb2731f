"""One pass over the features: mean(d * d) - mean(d)**2 of the distances d to the row's first value.

Taking a value of the row away first makes the difference of means harmless (Chan et al. 1983).
"""

import numpy as np


def layernorm(x, gamma, beta, eps=1e-5):
    if gamma.shape != x.shape[-1:] or beta.shape != x.shape[-1:]:
        raise ValueError(f"gamma {gamma.shape}, beta {beta.shape}, x {x.shape}")
    distance = x - x[..., :1]
    mean = distance.mean(-1, keepdims=True)
    variance = (distance * distance).mean(-1, keepdims=True) - mean * mean
    std = np.sqrt(np.maximum(variance, 0) + eps)
    x_hat = (distance - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


def layernorm_backward(dy, cache):
    x_hat, std, gamma = cache
    dx_hat = dy * gamma
    scaled = dx_hat / std
    direct = scaled - scaled.mean(-1, keepdims=True)
    projection = x_hat * np.mean(scaled * x_hat, axis=-1, keepdims=True)
    summed = tuple(range(dy.ndim - 1))
    return direct - projection, (dy * x_hat).sum(axis=summed), dy.sum(axis=summed)
