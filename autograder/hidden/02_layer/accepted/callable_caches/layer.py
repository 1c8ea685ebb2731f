"""A cache is an object or a function that one calls with dy; the network is built recursively."""

import numpy as np


class Backward:
    """A layer's backward, waiting for dy."""

    def __init__(self, x, w):
        self.x, self.w = x, w

    def __call__(self, dy):
        dx = np.matmul(dy, self.w.T)
        dw = np.outer(self.x, dy) if self.x.ndim == 1 else self.sum_of_products(dy)
        return dx, dw, dy if dy.ndim == 1 else dy.sum(axis=tuple(range(dy.ndim - 1)))

    def sum_of_products(self, dy):
        dw = self.x.swapaxes(-1, -2) @ dy
        return dw.sum(axis=tuple(range(dw.ndim - 2)))


def linear(x, w, b):
    if x.shape[-1] != w.shape[0] or b.shape != w.shape[1:]:
        raise ValueError(f"x {x.shape}, w {w.shape} and b {b.shape} do not go together")
    return np.dot(x, w) + b, Backward(x, w)


def linear_backward(dy, cache):
    return cache(dy)


def mlp(x, layers, activation="relu"):
    if activation not in ACTIVATIONS:
        raise ValueError(f"no activation called {activation}")
    if len(layers) == 0:
        raise ValueError("no layers")
    act = getattr(activations, activation)
    act_backward = getattr(activations, f"{activation}_backward")
    y, own = linear(x, layers[0]["w"], layers[0]["b"])
    if len(layers) == 1:

        def back(dy):
            dx, dw, db = own(dy)
            return dx, [{"w": dw, "b": db}]

        return y, back
    h, act_cache = act(y)
    out, rest = mlp(h, layers[1:], activation)

    def back_through_all(dy):
        dh, grads = rest(dy)
        dx, dw, db = own(act_backward(dh, act_cache))
        return dx, [{"w": dw, "b": db}, *grads]

    return out, back_through_all


def mlp_backward(dy, cache):
    return cache(dy)
