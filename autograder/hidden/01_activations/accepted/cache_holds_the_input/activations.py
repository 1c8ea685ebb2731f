"""The cache holds the arguments only, and every backward computes again what it needs."""

import numpy as np


class Arguments:
    def __init__(self, **values):
        self.__dict__.update(values)


def relu(x):
    return np.clip(x, 0, None), Arguments(x=x)


def relu_backward(dy, cache):
    return np.where(cache.x > 0, dy, np.zeros_like(dy))


def leaky_relu(x, slope=0.01):
    return np.maximum(x, 0) + slope * np.minimum(x, 0), Arguments(x=x, slope=slope)


def leaky_relu_backward(dy, cache):
    dx = dy.copy()
    dx[cache.x <= 0] *= cache.slope
    return dx


def sigmoid(x):
    y = np.empty_like(x)
    right = x >= 0
    y[right] = 1 / (1 + np.exp(-x[right]))
    left = np.exp(x[~right])
    y[~right] = left / (1 + left)
    return y, Arguments(x=x)


def sigmoid_backward(dy, cache):
    return dy * sigmoid(cache.x)[0] * sigmoid(-cache.x)[0]


def softmax(x, axis=-1):
    y = np.exp(log_softmax(x, axis)[0])
    return y, Arguments(x=x, axis=axis)


def softmax_backward(dy, cache):
    y, _ = softmax(cache.x, cache.axis)
    weighted = dy * y
    return weighted - y * weighted.sum(cache.axis, keepdims=True)


def log_softmax(x, axis=-1):
    largest = np.max(x, axis=axis, keepdims=True)
    log_sum = largest + np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True))
    return x - log_sum, Arguments(x=x, axis=axis)


def log_softmax_backward(dy, cache):
    p, _ = softmax(cache.x, cache.axis)
    return dy - p * np.sum(dy, axis=cache.axis, keepdims=True)
