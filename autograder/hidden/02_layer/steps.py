"""The steps of linear layers and the MLP, as the handout spells them out."""

import itertools

import numpy as np

from autograder.explain.steps import steps

PRODUCT = "handout.md#one-product-for-every-row"
GRADIENT = "handout.md#the-gradient-by-indices"
SCHEMES = "handout.md#fan-in-fan-out-and-two-schemes"
NETWORK = "handout.md#from-layers-to-a-network"
BACKWARDS = "handout.md#backwards-through-the-network"


@steps(see=SCHEMES)
def init_linear(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    if scheme == "xavier":  # in Xavier's scheme
        fans = d_in + d_out
        variance = 2 / fans
    else:  # in He's scheme
        variance = 2 / d_in
    deviation = np.sqrt(variance)  # the standard deviation
    w = rng.normal(0, deviation, (d_in, d_out))
    b = np.zeros(d_out)
    return {"w": w.astype(dtype), "b": b.astype(dtype)}


@steps(see=PRODUCT)
def linear(x, w, b):
    d_in = x.shape[-1]
    d_out = w.shape[-1]
    product = x @ w
    bias = 1 * b  # the bias
    return product + bias


@steps(see=GRADIENT)
def linear_backward(dy, x, w, b):
    d_in = x.shape[-1]
    d_out = dy.shape[-1]
    rows = x.reshape(-1, d_in)
    drows = dy.reshape(-1, d_out)
    count = len(rows)  # the number of rows
    batch = len(x)
    dx = dy @ w.T
    # see: every-row-adds-its-share
    items = x.reshape(-1, *x.shape[-2:]) if x.ndim > 2 else rows[None]
    ditems = dy.reshape(-1, *dy.shape[-2:]) if x.ndim > 2 else drows[None]
    shares = items.swapaxes(1, 2) @ ditems  # each item's share of dw
    dw = shares.sum(0)
    db = drows.sum(0)
    return dx, dw, db


@steps(see=NETWORK)
def init_mlp(rng, sizes, scheme="he", dtype=np.float64):
    layers = []
    for d_in, d_out in itertools.pairwise(sizes):
        layer = init_linear(rng, d_in, d_out, scheme, dtype)
        layers = [*layers, layer]
    return layers


@steps(see=NETWORK)
def mlp(x, layers, activation="relu"):
    activate = ACTIVATE[activation]
    for layer in layers[:-1]:
        z = x @ layer["w"] + layer["b"]
        x = activate(z)
    last = layers[-1]
    return x @ last["w"] + last["b"]


@steps(see=BACKWARDS)
def mlp_backward(dy, x, layers, activation="relu"):
    activate = ACTIVATE[activation]
    derivative = DERIVATIVE[activation]
    inputs = []
    sums = []
    for layer in layers[:-1]:
        z = x @ layer["w"] + layer["b"]
        inputs = [*inputs, x]
        sums = [*sums, z]
        x = activate(z)
    inputs = [*inputs, x]
    hidden = list(range(len(layers) - 1))  # the layers with an activation
    grads = []
    dx = dy
    for k in reversed(range(len(layers))):
        if k in hidden:
            dx = derivative(dx, sums[k])
        rows = inputs[k].reshape(-1, inputs[k].shape[-1])
        drows = dx.reshape(-1, dx.shape[-1])
        dw = rows.T @ drows
        db = drows.sum(0)
        grads = [{"w": dw, "b": db}, *grads]
        dx = dx @ layers[k]["w"].T
    return dx, grads


def _forward(name):
    return lambda z: REFERENCE[name](z)[0]


def _backward(name):
    return lambda dy, z: REFERENCE[f"{name}_backward"](dy, REFERENCE[name](z)[1])


NAMES = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu")
ACTIVATE = {name: _forward(name) for name in NAMES}
DERIVATIVE = {name: _backward(name) for name in NAMES}
