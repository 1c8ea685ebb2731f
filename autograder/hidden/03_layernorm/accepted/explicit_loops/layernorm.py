"""One row after the other, one feature after the other; the cache is a list of tuples."""

from math import sqrt

import numpy as np


def layernorm(x, gamma, beta, eps=1e-5):
    if gamma.shape != x.shape[-1:] or beta.shape != x.shape[-1:]:
        raise ValueError(f"gamma {gamma.shape} and beta {beta.shape} do not fit x {x.shape}")
    y = np.empty(x.shape, np.result_type(x, gamma, beta))
    size, cache = x.shape[-1], []
    for index in np.ndindex(x.shape[:-1]):
        row = [float(value) for value in x[index]]
        mu = sum(row) / size
        sigma = sqrt(sum((value - mu) ** 2 for value in row) / size + eps)
        x_hat = [(value - mu) / sigma for value in row]
        for i in range(size):
            y[(*index, i)] = gamma[i] * x_hat[i] + beta[i]
        cache.append((index, x_hat, sigma))
    return y, (cache, gamma)


def layernorm_backward(dy, cache):
    rows, gamma = cache
    dx, size = np.empty(dy.shape, dy.dtype), len(gamma)
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
    for index, x_hat, sigma in rows:
        dx_hat = [float(dy[(*index, i)]) * float(gamma[i]) for i in range(size)]
        shift = sum(dx_hat) / size
        slope = sum(a * b for a, b in zip(dx_hat, x_hat, strict=True)) / size
        for i in range(size):
            dx[(*index, i)] = (dx_hat[i] - shift - x_hat[i] * slope) / sigma
            dgamma[i] += dy[(*index, i)] * x_hat[i]
            dbeta[i] += dy[(*index, i)]
    return dx, dgamma, dbeta
