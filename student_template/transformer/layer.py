"""Linear layers, how to initialise them, and the multilayer perceptron that they stack up to.

Vaswani et al. 2017 use one in every block (section 3.3, "position-wise feed-forward networks").
UDL writes columns, `W x + b` with `W` of shape (d_out, d_in); our rows make that `x @ w + b` with
`w` of shape (d_in, d_out), the transpose.
"""

import numpy as np

from transformer import activations

SCHEMES = ("xavier", "he")
ACTIVATIONS = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu")


def init_linear(rng, d_in, d_out, scheme="xavier", dtype=np.float64):
    """Draw the weights of a linear layer; its bias starts at zero (UDL 7.5).

    "xavier": standard deviation sqrt(2 / (d_in + d_out)) (Glorot & Bengio 2010, section 4.2.1)
    "he":     standard deviation sqrt(2 / d_in), which makes up for ReLU (He et al. 2015, eq. 10)
    ->   {"w": (d_in, d_out), "b": (d_out,)}, drawn from the numpy.random.Generator `rng`
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme is {scheme!r}; expected one of {', '.join(SCHEMES)}")
    raise NotImplementedError("init_linear is not written yet: see handout section 2.8")


def linear(x, w, b):
    """Map each row of x to a weighted sum of its features, plus a bias (UDL 4.4, transposed).

    x: (..., d_in)   w: (d_in, d_out)   b: (d_out,)   ->   y: (..., d_out), cache
    """
    if x.shape[-1] != w.shape[0]:
        raise ValueError(f"x has shape {x.shape}; w of shape {w.shape} expects (..., {w.shape[0]})")
    if b.shape != w.shape[1:]:
        raise ValueError(f"b has shape {b.shape}; w of shape {w.shape} expects {w.shape[1:]}")
    raise NotImplementedError("linear is not written yet: see handout section 2.3")


def linear_backward(dy, cache):
    """dy: (..., d_out)   ->   dx: (..., d_in), dw: (d_in, d_out), db: (d_out,)"""
    raise NotImplementedError("linear_backward is not written yet: see handout section 2.5")


def init_mlp(rng, sizes, scheme="he", dtype=np.float64):
    """Draw the layers of an MLP with these sizes: (4, 8, 3) makes a 4-to-8 and an 8-to-3 layer.

    sizes: two or more   ->   [{"w": (sizes[i], sizes[i + 1]), "b": (sizes[i + 1],)}, ...]
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes is {sizes!r}; expected at least an input and an output size")
    raise NotImplementedError("init_mlp is not written yet: see handout section 2.9")


def mlp(x, layers, activation="relu"):
    """Linear layers with an activation between them, and none after the last (UDL 4.4).

    x: (..., d_in)   layers: one or more {"w", "b"}, the first takes d_in, the last gives d_out
    activation: one of ACTIVATIONS   ->   y: (..., d_out), cache
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}; expected one of {', '.join(ACTIVATIONS)}")
    if not layers:
        raise ValueError("layers is empty; expected at least one layer")
    raise NotImplementedError("mlp is not written yet: see handout section 2.9")


def mlp_backward(dy, cache):
    """dy: (..., d_out)   ->   dx: (..., d_in), grads: [{"w", "b"}, ...] in the order of layers"""
    raise NotImplementedError("mlp_backward is not written yet: see handout section 2.10")
