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
    return np.maximum(x, 0), x > 0


def relu_backward(dy, cache):
    """dy -> dx, the same shape; 0 where x was 0."""
    is_positive = cache
    return dy * is_positive


def leaky_relu(x, slope=0.01):
    """y = x where x > 0, else slope * x. The derivative at 0 is taken as slope."""
    is_positive = x > 0
    return np.where(is_positive, x, slope * x), (is_positive, slope)


def leaky_relu_backward(dy, cache):
    """dy -> dx, the same shape; slope * dy where x was 0."""
    is_positive, slope = cache
    return np.where(is_positive, dy, slope * dy)


def sigmoid(x):
    """y = 1 / (1 + exp(-x)), elementwise, without overflow for any x."""
    e = np.exp(-np.abs(x))  # in (0, 1], whatever x is
    y = np.where(x >= 0, 1, e) / (1 + e)
    return y, y


def sigmoid_backward(dy, cache):
    """dy -> dx, the same shape"""
    y = cache
    return dy * y * (1 - y)


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
    gate = _in_chunks(_gelu_gate, x)
    return x * gate, (x, gate)  # kept, so that the backward needs no second tanh


def gelu_backward(dy, cache):
    """dy -> dx, the same shape"""
    x, gate = cache
    return _in_chunks(_gelu_dx, dy, x, gate)


def _gelu_gate(x):
    u = x * (GELU_SCALE + GELU_SCALE * GELU_CUBIC * (x * x))  # x ** 3 is very slow in float32
    return 0.5 + 0.5 * np.tanh(u)


def _gelu_dx(dy, x, gate):
    twice_du = 2 * GELU_SCALE + 6 * GELU_SCALE * GELU_CUBIC * (x * x)
    return dy * (gate + gate * (1 - gate) * (x * twice_du))  # gate' = 2 gate (1 - gate) u'


def _in_chunks(formula, *arrays):
    """formula(*arrays), elementwise, one chunk of all arrays after the other: twice as fast."""
    result = np.empty(arrays[0].shape, np.result_type(*arrays, 1.0))
    flat_result, *flat = (array.reshape(-1) for array in (result, *arrays))
    for start in range(0, result.size, CHUNK):
        here = slice(start, start + CHUNK)
        flat_result[here] = formula(*(array[here] for array in flat))
    return result


def softmax(x, axis=-1):
    """y = exp(x) / sum(exp(x)) along axis, for any x: each line along axis sums to 1."""
    y = np.exp(x - x.max(axis, keepdims=True))  # the shift cancels; no exponent is above 0
    y /= y.sum(axis, keepdims=True)
    return y, (y, axis)


def softmax_backward(dy, cache):
    """dy -> dx, the same shape"""
    y, axis = cache
    return y * (dy - (dy * y).sum(axis, keepdims=True))


def log_softmax(x, axis=-1):
    """y = x - log(sum(exp(x))) along axis: log(softmax(x)), finite where softmax is 0."""
    shifted = x - x.max(axis, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
    return y, (y, axis)


def log_softmax_backward(dy, cache):
    """dy -> dx, the same shape"""
    y, axis = cache
    return dy - np.exp(y) * dy.sum(axis, keepdims=True)
