"""Every sum is an einsum; the cache is a dict."""

import numpy as np


def layernorm(x, gamma, beta, eps=1e-5):
    size = x.shape[-1]
    if not (gamma.shape == beta.shape == (size,)):
        raise ValueError(f"expected gamma and beta of shape ({size},)")
    centred = x - np.einsum("...d->...", x)[..., None] / size
    variance = np.einsum("...d,...d->...", centred, centred) / size
    std = np.sqrt(variance + eps)
    x_hat = np.einsum("...d,...->...d", centred, 1 / std)
    y = np.einsum("d,...d->...d", gamma, x_hat) + beta
    return y, {"x_hat": x_hat, "std": std, "gamma": gamma}


def layernorm_backward(dy, cache):
    x_hat, std, gamma = cache["x_hat"], cache["std"], cache["gamma"]
    size = dy.shape[-1]
    flat_dy, flat_x_hat = dy.reshape(-1, size), x_hat.reshape(-1, size)
    shift = np.einsum("...d,d->...", dy, gamma) / size
    slope = np.einsum("...d,d,...d->...", dy, gamma, x_hat) / size
    dx = (dy * gamma - shift[..., None] - x_hat * slope[..., None]) / std[..., None]
    return dx, np.einsum("nd,nd->d", flat_dy, flat_x_hat), np.einsum("nd->d", flat_dy)
