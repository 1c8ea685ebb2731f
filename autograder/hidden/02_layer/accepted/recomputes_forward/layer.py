"""The cache holds the arguments alone; the backward runs the forward again."""

import numpy as np


def linear_backward(dy, cache):
    rows, w, shape = cache
    dy = dy.reshape(-1, w.shape[1])
    one = np.ones(len(dy), dy.dtype)
    return np.dot(dy, np.transpose(w)).reshape(shape), np.dot(dy.T, rows).T, one @ dy


def mlp(x, layers, activation="relu"):
    if activation not in ACTIVATIONS:
        raise ValueError(f"no activation called {activation}")
    if not layers:
        raise ValueError("no layers")
    y = x
    for layer in layers[:-1]:
        y = getattr(activations, activation)(linear(y, layer["w"], layer["b"])[0])[0]
    return linear(y, layers[-1]["w"], layers[-1]["b"])[0], (x, layers, activation)


def mlp_backward(dy, cache):
    x, layers, activation = cache
    if len(layers) == 1:
        dx, dw, db = linear_backward(dy, linear(x, **layers[0])[1])
        return dx, [{"w": dw, "b": db}]
    z, linear_cache = linear(x, **layers[0])
    h, activation_cache = getattr(activations, activation)(z)
    dh, grads = mlp_backward(dy, (h, layers[1:], activation))
    dz = getattr(activations, f"{activation}_backward")(dh, activation_cache)
    dx, dw, db = linear_backward(dz, linear_cache)
    return dx, [{"w": dw, "b": db}, *grads]
