"""The steps of activations and losses, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

KINKS = "handout.md#kinks-relu-and-leaky-relu"
SIGMOID = "handout.md#the-sigmoid"
GELU = "handout.md#gelu"
SOFTMAX = "handout.md#softmax"
LOG_SOFTMAX = "handout.md#log-softmax"
MEANS = "handout.md#losses-that-are-means"
CROSS_ENTROPY = "handout.md#cross-entropy"


@steps(see=KINKS)
def relu(x):
    return np.where(x > 0, x, 0.0)


@steps(see=KINKS)
def relu_backward(dy, x):
    derivative = np.where(x > 0, 1.0, 0.0)
    return dy * derivative


@steps(see=KINKS)
def leaky_relu(x, slope=0.01):
    return np.where(x > 0, x, slope * x)


@steps(see=KINKS)
def leaky_relu_backward(dy, x, slope=0.01):
    derivative = np.where(x > 0, 1.0, slope)
    return dy * derivative


@steps(see=SIGMOID)
def sigmoid(x):
    exponential = np.exp(-x)
    return 1 / (1 + exponential)


@steps(see=SIGMOID)
def sigmoid_backward(dy, x):
    y = 1 / (1 + np.exp(-x))
    derivative = y * (1 - y)
    return dy * derivative


@steps(see=GELU)
def gelu(x):
    scale = np.sqrt(2 / np.pi)
    cubic = 0.044715 * x**3
    inner = scale * (x + cubic)  # the argument of tanh
    gate = 0.5 * (1 + np.tanh(inner))
    return x * gate


@steps(see=GELU)
def gelu_backward(dy, x):
    scale = np.sqrt(2 / np.pi)
    cubic = 0.044715 * x**3
    inner = scale * (x + cubic)  # the argument of tanh
    t = np.tanh(inner)
    gate = 0.5 * (1 + t)
    dcubic = 3 * 0.044715 * x**2  # the derivative of the cubic term
    dinner = scale * (1 + dcubic)  # the derivative of tanh's argument
    dtanh = 1 - t**2  # the derivative of tanh
    dgate = 0.5 * dtanh * dinner  # the derivative of the gate
    through_gate = x * dgate
    derivative = gate + through_gate
    return dy * derivative


@steps(see=SOFTMAX)
def softmax(x, axis=-1):
    largest = x.max(axis, keepdims=True)
    shifted = x - largest
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis, keepdims=True)
    return exponentials / total


@steps(see=SOFTMAX)
def softmax_backward(dy, x, axis=-1):
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    y = exponentials / exponentials.sum(axis, keepdims=True)
    weighted = dy * y
    total = weighted.sum(axis, keepdims=True)  # the sum along the axis
    return y * (dy - total)


@steps(see=LOG_SOFTMAX)
def log_softmax(x, axis=-1):
    shifted = x - x.max(axis, keepdims=True)
    exponentials = np.exp(shifted)
    log_total = np.log(exponentials.sum(axis, keepdims=True))
    return shifted - log_total


@steps(see=LOG_SOFTMAX)
def log_softmax_backward(dy, x, axis=-1):
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    p = exponentials / exponentials.sum(axis, keepdims=True)  # the softmax
    total = dy.sum(axis, keepdims=True)
    return dy - p * total


@steps(see=MEANS)
def mse(pred, target):
    difference = pred - target
    squares = difference**2
    size = difference.size
    loss = squares.sum() / size
    dpred = 2 * difference / size
    return float(loss), dpred


@steps(see=CROSS_ENTROPY)
def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    classes = logits.shape[-1]
    positions = targets.size
    counted = targets != ignore_index
    count = counted.sum()
    divisor = max(int(count), 1)
    shifted = logits - logits.max(-1, keepdims=True)
    exponentials = np.exp(shifted)
    total = exponentials.sum(-1, keepdims=True)
    p = exponentials / total  # the softmax
    log_p = shifted - np.log(total)  # its logarithm
    hit = np.arange(classes) == np.where(counted, targets, 0)[..., None]  # one at the target
    even = label_smoothing / classes  # the share of every class
    own = 1 - label_smoothing  # the target's share
    wanted = own * hit + even  # the distribution asked for
    losses = -(wanted * log_p).sum(-1)
    loss = np.where(counted, losses, 0).sum() / divisor
    gradient = p - wanted
    dlogits = np.where(counted[..., None], gradient, 0) / divisor
    return float(loss), dlogits
