"""Activations, each with its backward below it (UDL chapter 3 and section 7.4).

Forward gives (y, cache), backward takes (dy, cache): `dy` is the gradient of the loss by y, `dx`
by x. All of them have the shape of x.
"""

import numpy as np

GELU_SCALE = float(np.sqrt(2 / np.pi))
GELU_CUBIC = 0.044715
CHUNK = 1 << 15  # the intermediate arrays of a long formula stay in the cache if they are so short


def identity(x):
    """y = x, for a layer without an activation."""
    return x, None


def identity_backward(dy, _cache):
    """dy -> dx, the same shape"""
    return dy


def relu(x):
    """y = max(x, 0), elementwise. The derivative at 0 is taken as 0."""
    raise NotImplementedError("relu is not written yet: see handout section 1.5")


def relu_backward(dy, cache):
    """dy -> dx, the same shape; 0 where x was 0."""
    raise NotImplementedError("relu_backward is not written yet: see handout section 1.5")


def leaky_relu(x, slope=0.01):
    """y = x where x > 0, else slope * x. The derivative at 0 is taken as slope."""
    raise NotImplementedError("leaky_relu is not written yet: see handout section 1.5")


def leaky_relu_backward(dy, cache):
    """dy -> dx, the same shape; slope * dy where x was 0."""
    raise NotImplementedError("leaky_relu_backward is not written yet: see handout section 1.5")


def sigmoid(x):
    """y = 1 / (1 + exp(-x)), elementwise, without overflow for any x."""
    raise NotImplementedError("sigmoid is not written yet: see handout section 1.6")


def sigmoid_backward(dy, cache):
    """dy -> dx, the same shape"""
    raise NotImplementedError("sigmoid_backward is not written yet: see handout section 1.6")


def tanh(x):
    """y = tanh(x), elementwise."""
    y = np.tanh(x)
    return y, y


def tanh_backward(dy, cache):
    """dy -> dx, the same shape: tanh' = 1 - tanh²."""
    y = cache
    return dy * (1 - y * y)


def gelu(x):
    """y = x · gate, gate = (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 (Hendrycks & Gimpel 2016).

    The tanh form; x times the normal distribution function differs from it by up to 4.7e-4.
    """
    raise NotImplementedError("gelu is not written yet: see handout section 1.7")


def gelu_backward(dy, cache):
    """dy -> dx, the same shape"""
    raise NotImplementedError("gelu_backward is not written yet: see handout section 1.7")


def softmax(x, axis=-1):
    """y = exp(x) / sum(exp(x)) along axis, for any x: each line along axis sums to 1."""
    raise NotImplementedError("softmax is not written yet: see handout section 1.8")


def softmax_backward(dy, cache):
    """dy -> dx, the same shape"""
    raise NotImplementedError("softmax_backward is not written yet: see handout section 1.8")


def log_softmax(x, axis=-1):
    """y = x - log(sum(exp(x))) along axis: log(softmax(x)), finite where softmax is 0."""
    raise NotImplementedError("log_softmax is not written yet: see handout section 1.9")


def log_softmax_backward(dy, cache):
    """dy -> dx, the same shape"""
    raise NotImplementedError("log_softmax_backward is not written yet: see handout section 1.9")
