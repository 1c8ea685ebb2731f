"""Slips of 02_layer that its steps explain, as slips.py had them; long for that."""

from itertools import pairwise

import numpy as np

from autograder.checker import misconception

ROWS_ADD = "handout.md#every-row-adds-its-share"


HOW_LARGE = "handout.md#how-large-a-weight-should-be"


SCHEMES = "handout.md#fan-in-fan-out-and-two-schemes"


NETWORK = "handout.md#from-layers-to-a-network"


BACKWARDS = "handout.md#backwards-through-the-network"


FLOATING_POINT = "handout.md#floating-point"


def rows_of(x):
    """All leading axes as one."""
    return x.reshape(-1, x.shape[-1])


def normal_layer(rng, std, d_in, d_out, dtype=np.float64):
    """A layer with normal weights of this standard deviation and a zero bias."""
    return {"w": rng.normal(0, std, (d_in, d_out)).astype(dtype), "b": np.zeros(d_out, dtype)}


@misconception(of="init_linear", see=HOW_LARGE)
def draws_standard_normal_weights(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The weights have standard deviation 1, whatever the layer's size."""
    return normal_layer(rng, 1, d_in, d_out, dtype)


@misconception(of="init_linear", see=SCHEMES)
def divides_he_by_the_fan_out(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """He divides by d_out here; a unit sums over its d_in inputs."""
    variance = 2 / (d_in + d_out) if scheme == "xavier" else 2 / d_out
    return normal_layer(rng, np.sqrt(variance), d_in, d_out, dtype)


@misconception(of="init_linear", see=SCHEMES)
def uses_xavier_for_every_scheme(reference, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The argument `scheme` is not looked at: both schemes give Xavier's standard deviation."""
    return reference.init_linear(rng, d_in, d_out, "xavier", dtype)


@misconception(of="init_linear", see=SCHEMES)
def takes_the_deviation_as_a_uniform_limit(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """Uniform weights between -s and s have standard deviation s / sqrt(3): the limit must be
    sqrt(3) times as large.
    """
    limit = np.sqrt(2 / (d_in + d_out) if scheme == "xavier" else 2 / d_in)
    layer = normal_layer(rng, 0, d_in, d_out, dtype)
    return layer | {"w": rng.uniform(-limit, limit, (d_in, d_out)).astype(dtype)}


@misconception(of="init_linear", see=HOW_LARGE)
def starts_from_biases_of_one(right, rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """The bias starts at one; nothing is known of it yet, so it starts at zero."""
    return right | {"b": np.ones(d_out, dtype)}


@misconception(of="linear_backward", see=ROWS_ADD)
def averages_db(right, dy, x, w, b):
    """db was averaged over the rows; every row uses the same b, and their gradients add."""
    dx, dw, db = right
    return dx, dw, db / len(rows_of(dy))


@misconception(of="linear_backward", see=ROWS_ADD)
def averages_dw(right, dy, x, w, b):
    """dw was divided by the number of rows; the mean, if there is one, belongs to the loss."""
    dx, dw, db = right
    return dx, dw / len(rows_of(dy)), db


@misconception(of="linear_backward", see=ROWS_ADD)
def sums_db_over_the_batch_only(right, dy, x, w, b):
    """db was summed over the first axis only: every axis but the last one is batch."""
    dx, dw, _ = right
    return dx, dw, dy.sum(0)


@misconception(of="init_mlp", see=SCHEMES)
def uses_xavier_for_every_network(reference, rng, sizes, scheme="he", dtype=np.float64):
    """The scheme does not reach the layers, which are all drawn by Xavier's, the default of
    `init_linear`.
    """
    return [reference.init_linear(rng, m, n, dtype=dtype) for m, n in pairwise(sizes)]


@misconception(of="init_mlp", see=SCHEMES)
def uses_he_for_every_network(reference, rng, sizes, scheme="he", dtype=np.float64):
    """The argument `scheme` is not looked at: every network is drawn by He's."""
    return reference.init_mlp(rng, sizes, dtype=dtype)


@misconception(of="init_mlp", see=NETWORK)
def exchanges_a_layers_sizes(reference, rng, sizes, scheme="he", dtype=np.float64):
    """Each w has shape (d_out, d_in): the two sizes are exchanged."""
    return [reference.init_linear(rng, n, m, scheme, dtype) for m, n in pairwise(sizes)]


@misconception(of="init_mlp", see=FLOATING_POINT)
def draws_float64_networks(reference, rng, sizes, scheme="he", dtype=np.float64):
    """The argument `dtype` does not reach the layers: the parameters are always float64."""
    return reference.init_mlp(rng, sizes, scheme)


@misconception(of="mlp", see=NETWORK)
def uses_relu_for_every_activation(reference, x, layers, activation="relu"):
    """The argument `activation` is not looked at: the network always uses ReLU."""
    return reference.mlp(x, layers)[0]


def backward_with(reference, dy, x, layers, activation, slope, dw_with_z=False):
    """The right backward but for `slope(dx, z)`; dw with z, before the activation, if asked."""
    inputs = [(x, x)]
    for layer in layers:
        z, _ = reference.linear(inputs[-1][1], layer["w"], layer["b"])
        inputs.append((z, getattr(reference, activation)(z)[0]))
    dx, grads = dy, []
    for k in reversed(range(len(layers))):
        before, after = inputs[k]
        dw = rows_of(before if dw_with_z else after).T @ rows_of(dx)
        grads.insert(0, {"w": dw, "b": rows_of(dx).sum(0)})
        dx = dx @ layers[k]["w"].T
        if k:
            dx = slope(dx, before)
    return dx, grads


@misconception(of="mlp_backward", see=BACKWARDS)
def leaves_out_the_activations_derivative(reference, dy, x, layers, activation="relu"):
    """The gradient went past the activations as if they were not there."""
    return backward_with(reference, dy, x, layers, activation, lambda dx, _z: dx)


@misconception(of="mlp_backward", see=BACKWARDS)
def uses_relus_derivative_for_every_activation(reference, dy, x, layers, activation="relu"):
    """ReLU's derivative was used whatever `activation` says."""
    return backward_with(reference, dy, x, layers, activation, lambda dx, z: dx * (z > 0))
