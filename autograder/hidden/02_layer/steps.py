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
    # why: Xavier averages both sizes, He takes d_in alone.
    if scheme == "xavier":  # in Xavier's scheme
        fans = d_in + d_out
        # why: Xavier's variance is 1 over the mean of d_in and d_out.
        variance = 2 / fans
    else:  # in He's scheme
        # why: He's variance is 2 / d_in: a unit sums over its d_in inputs, and ReLU hides half of
        # them.
        variance = 2 / d_in
    # why: The formulas give a variance; the generator wants its root.
    deviation = np.sqrt(variance)  # the standard deviation
    # why: The spread depends on the layer's size; rng.normal takes it as a standard deviation.
    w = rng.normal(0, deviation, (d_in, d_out))
    # why: Nothing is known of the bias yet: it starts at zero.
    b = np.zeros(d_out)
    return {"w": w.astype(dtype), "b": b.astype(dtype)}


@steps(see=PRODUCT)
def linear(x, w, b):
    d_in = x.shape[-1]
    d_out = w.shape[-1]
    product = x @ w
    bias = 1 * b  # the bias
    # why: Every row is multiplied by w and shifted by the bias.
    return product + bias


@steps(see=GRADIENT)
def linear_backward(dy, x, w, b):
    d_in = x.shape[-1]
    d_out = dy.shape[-1]
    rows = x.reshape(-1, d_in)
    # why: Every axis but the last one is batch: all rows lie along one axis.
    drows = dy.reshape(-1, d_out)
    count = len(rows)  # the number of rows
    batch = len(x)
    dx = dy @ w.T
    # see: every-row-adds-its-share
    items = x.reshape(-1, *x.shape[-2:]) if x.ndim > 2 else rows[None]
    ditems = dy.reshape(-1, *dy.shape[-2:]) if x.ndim > 2 else drows[None]
    shares = items.swapaxes(1, 2) @ ditems  # each item's share of dw
    # why: Every row uses the same w: their shares add up; a mean, if there is one, belongs to the
    # loss.
    dw = shares.sum(0)
    # why: Every row uses the same b, and their gradients add; a mean, if there is one, belongs to
    # the loss.
    db = drows.sum(0)
    return dx, dw, db


@steps(see=NETWORK)
def init_mlp(rng, sizes, scheme="he", dtype=np.float64):
    layers = []
    for d_in, d_out in itertools.pairwise(sizes):
        # why: Every layer has the network's scheme and dtype, and a w of shape (d_in, d_out).
        layer = init_linear(rng, d_in, d_out, scheme, dtype)
        layers = [*layers, layer]
    return layers


@steps(see=NETWORK)
def mlp(x, layers, activation="relu"):
    # as hard: the argument `activation` is not used
    # why: Which activation the hidden layers have is an argument.
    activate = ACTIVATE[activation]
    for layer in layers[:-1]:
        z = x @ layer["w"] + layer["b"]
        # why: Layers without an activation between them collapse into a single linear map.
        x = activate(z)
    last = layers[-1]
    return x @ last["w"] + last["b"]


@steps(see=BACKWARDS)
def mlp_backward(dy, x, layers, activation="relu"):
    activate = ACTIVATE[activation]
    # why: Each activation has a derivative of its own.
    derivative = DERIVATIVE[activation]  # the activation's derivative
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
            # why: The gradient goes back through each activation, at the sum that went into it.
            dx = derivative(dx, sums[k])
        rows = inputs[k].reshape(-1, inputs[k].shape[-1])
        drows = dx.reshape(-1, dx.shape[-1])
        dw = rows.T @ drows
        db = drows.sum(0)
        grads = [{"w": dw, "b": db}, *grads]
        dx = dx @ layers[k]["w"].T
    # why: dx is the gradient of the network's input: the last step back goes through the first
    # layer's w.
    return dx, grads


def _forward(name):
    return lambda z: REFERENCE[name](z)[0]


def _backward(name):
    return lambda dy, z: REFERENCE[f"{name}_backward"](dy, REFERENCE[name](z)[1])


NAMES = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu")
ACTIVATE = {name: _forward(name) for name in NAMES}
DERIVATIVE = {name: _backward(name) for name in NAMES}
