"""Results in Fortran order, on reversed strides and read-only: the layout of an answer is free."""

import numpy as np


def _odd_layout(a):
    backwards = np.asfortranarray(a[..., ::-1])[..., ::-1]
    backwards.setflags(write=False)
    return backwards


def layernorm(x, gamma, beta, eps=1e-5):
    if gamma.shape != x.shape[-1:] or beta.shape != x.shape[-1:]:
        raise ValueError(f"gamma {gamma.shape}, beta {beta.shape}, x {x.shape}")
    columns = np.moveaxis(x, -1, 0)  # (D, ...), features first, as UDL has them
    std = np.sqrt(columns.var(0) + eps)
    x_hat = np.moveaxis((columns - columns.mean(0)) / std, 0, -1)
    return _odd_layout(gamma * x_hat + beta), [x_hat, std[..., None], gamma]


def layernorm_backward(dy, cache):
    x_hat, std, gamma = cache
    dx_hat = dy * gamma
    shift, slope = dx_hat.mean(-1, keepdims=True), (dx_hat * x_hat).mean(-1, keepdims=True)
    rows, rows_hat = dy.reshape(-1, gamma.size), x_hat.reshape(-1, gamma.size)
    dx = (dx_hat - shift - slope * x_hat) / std
    return tuple(map(_odd_layout, (dx, (rows * rows_hat).sum(0), rows.sum(0))))
