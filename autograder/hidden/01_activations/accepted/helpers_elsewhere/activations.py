"""Sums come from a helper module beside this one, and results are written in place."""

import numpy as np
from transformer.tools import total


def softmax(x, axis=-1):
    y = np.subtract(x, np.max(x, axis=axis, keepdims=True))
    np.exp(y, out=y)
    np.divide(y, total(y, axis), out=y)
    return y, [axis, y.copy()]


def softmax_backward(dy, cache):
    axis, y = cache
    dx = dy * y
    dx -= y * total(dx, axis)
    return dx


def log_softmax(x, axis=-1):
    y = x - np.max(x, axis=axis, keepdims=True)
    y -= np.log(total(np.exp(y), axis))
    return y, lambda dy: dy - np.exp(y) * total(dy, axis)


def log_softmax_backward(dy, cache):
    return cache(dy)
