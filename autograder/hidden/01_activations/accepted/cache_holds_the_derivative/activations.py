"""Every elementwise activation keeps its derivative in the cache: one backward for all of them."""

import numpy as np


def relu(x):
    return x * (x > 0), np.heaviside(x, 0)


def leaky_relu(x, slope=0.01):
    derivative = np.where(x > 0, np.ones_like(x), np.full_like(x, slope))
    return x * derivative, derivative


def sigmoid(x):
    y = 0.5 * (1 + np.tanh(0.5 * x))
    return y, y - y * y


def gelu(x):
    cubic = x + 0.044715 * x * x * x
    t = np.tanh(np.sqrt(2 / np.pi).astype(x.dtype) * cubic)
    inner = (np.sqrt(2 / np.pi) * (1 + 0.134145 * x**2)).astype(x.dtype)
    return x * (1 + t) / 2, (1 + t + x * (1 - t**2) * inner) / 2


def _times(dy, derivative):
    return derivative * dy


relu_backward = leaky_relu_backward = sigmoid_backward = gelu_backward = _times
