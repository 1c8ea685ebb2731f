"""Activations looked up in a table that is made when the module is imported."""

from transformer.activations import (
    gelu,
    gelu_backward,
    identity,
    identity_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)

TABLE = {
    "identity": (identity, identity_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "gelu": (gelu, gelu_backward),
}


def mlp(x, layers, activation="relu"):
    if activation not in TABLE or not layers:
        raise ValueError(f"no layers, or no activation called {activation}")
    forward, backward = TABLE[activation]
    tape = []
    for number, layer in enumerate(layers):
        if number:
            x, cache = forward(x)
            tape.append((backward, cache))
        x, cache = linear(x, layer["w"], layer["b"])
        tape.append((linear_backward, cache))
    return x, tape


def mlp_backward(dy, cache):
    grads = []
    for backward, own in reversed(cache):
        if backward is linear_backward:
            dy, dw, db = backward(dy, own)
            grads.append({"w": dw, "b": db})
        else:
            dy = backward(dy, own)
    return dy, list(reversed(grads))
