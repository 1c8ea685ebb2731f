"""Caches are dicts in a list; one loop runs over all layers and knows the last by its place."""

import numpy as np


def linear(x, w, b):
    if x.shape[-1] != w.shape[0] or b.shape != w.shape[1:]:
        raise ValueError(f"x {x.shape}, w {w.shape} and b {b.shape} do not go together")
    return x @ w + b, {"x": x, "w": w}


def linear_backward(dy, cache):
    x, w = cache["x"], cache["w"]
    axes = tuple(range(dy.ndim - 1))
    return dy @ w.T, np.tensordot(x, dy, (axes, axes)), dy.sum(axis=axes)


def mlp(x, layers, activation="relu"):
    if activation not in ACTIVATIONS or not layers:
        raise ValueError(f"no layers, or no activation called {activation}")
    stack = []
    for k, layer in enumerate(layers):
        x, cache = linear(x, layer["w"], layer["b"])
        entry = {"linear": cache, "activation": None}
        if k < len(layers) - 1:
            x, entry["activation"] = getattr(activations, activation)(x)
        stack.append(entry)
    return x, {"stack": stack, "name": activation}


def mlp_backward(dy, cache):
    activation_backward = getattr(activations, cache["name"] + "_backward")
    stack = cache["stack"]
    grads = [None] * len(stack)
    for k in range(len(stack) - 1, -1, -1):
        if k < len(stack) - 1:
            dy = activation_backward(dy, stack[k]["activation"])
        dy, dw, db = linear_backward(dy, stack[k]["linear"])
        grads[k] = {"b": db, "w": dw}
    return dy, grads
