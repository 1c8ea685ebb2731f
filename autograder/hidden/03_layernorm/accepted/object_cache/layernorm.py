"""A class holds the state and does the work; the object itself is the cache."""

import numpy as np


class Normalisation:
    def __init__(self, gamma, beta, eps):
        self.gamma, self.beta, self.eps = gamma, beta, eps

    def forward(self, x):
        self.centred = x - np.mean(x, axis=-1, keepdims=True)
        self.std = np.sqrt(np.var(x, axis=-1, keepdims=True) + self.eps)
        return self.gamma * self.centred / self.std + self.beta

    def backward(self, dy):
        size = dy.shape[-1]
        other_axes = tuple(range(dy.ndim - 1))
        dx_hat = dy * self.gamma
        dvariance = -0.5 * np.sum(dx_hat * self.centred, axis=-1, keepdims=True) / self.std**3
        dmean = -np.sum(dx_hat / self.std, axis=-1, keepdims=True)
        dx = dx_hat / self.std + dvariance * 2 * self.centred / size + dmean / size
        dgamma = np.sum(dy * self.centred / self.std, axis=other_axes)
        return dx, dgamma, np.sum(dy, axis=other_axes)


def layernorm(x, gamma, beta, eps=1e-5):
    if x.shape[-1:] != gamma.shape or x.shape[-1:] != beta.shape:
        raise ValueError("gamma and beta need one number for each feature of x")
    layer = Normalisation(gamma, beta, eps)
    return layer.forward(x), layer


def layernorm_backward(dy, cache):
    return cache.backward(dy)
