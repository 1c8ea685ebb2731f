"""Uniform weights of the right standard deviation, and a network drawn from its last layer."""

import numpy as np


def init_linear(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    if scheme not in ("xavier", "he"):
        raise ValueError(f"no scheme called {scheme}")
    limit = np.sqrt(6 / (d_in + d_out) if scheme == "xavier" else 6 / d_in)
    w = (2 * rng.random((d_in, d_out)) - 1) * limit
    return {"b": np.zeros((d_out,), dtype=dtype), "w": w.astype(dtype)}


def init_mlp(rng, sizes, scheme="he", dtype=np.float64):
    if len(sizes) < 2:
        raise ValueError(f"{len(sizes)} sizes make no layer")
    layers = []
    for k in range(len(sizes) - 2, -1, -1):
        layers.insert(0, init_linear(rng, sizes[k], sizes[k + 1], scheme=scheme, dtype=dtype))
    return layers
