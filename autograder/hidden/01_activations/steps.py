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
    # as hard: <= stands where
    # why: Negative inputs become 0, positive ones stay as they are.
    return np.where(x > 0, x, 0.0)


@steps(see=KINKS)
def relu_backward(dy, x):
    # why: x, which the cache keeps, decides; at exactly 0 we ask for 0, though elsewhere 1 is right
    # too.
    derivative = np.where(x > 0, 1.0, 0.0)  # 1 where x is positive
    # why: dx is dy times the derivative, which is 0 where x was negative: y doesn't depend on x
    # there.
    return dy * derivative


@steps(see=KINKS)
def leaky_relu(x, slope=0.01):
    # as hard: <= stands where; the argument `slope` is not used
    # why: Negative inputs are multiplied by the slope that was passed, positive ones stay as they
    # are.
    return np.where(x > 0, x, slope * x)


@steps(see=KINKS)
def leaky_relu_backward(dy, x, slope=0.01):
    # why: x and the slope are the forward's: keep both. The slope counts where x is not positive,
    # at 0 too.
    derivative = np.where(x > 0, 1.0, slope)  # 1 or the slope
    # why: This must be dy times the derivative of leaky ReLU.
    return dy * derivative


@steps(see=SIGMOID)
def sigmoid(x):
    # as hard: the sign of `x` is wrong
    # why: The sigmoid is 1 / (1 + exp(-x)): it rises from 0 to 1.
    exponential = np.exp(-x)
    return 1 / (1 + exponential)


@steps(see=SIGMOID)
def sigmoid_backward(dy, x):
    y = 1 / (1 + np.exp(-x))
    # why: The derivative is y (1 - y), with y the output.
    derivative = y * (1 - y)
    # why: The derivative of the sigmoid has to be multiplied by dy.
    return dy * derivative


@steps(see=GELU)
def gelu(x):
    scale = np.sqrt(2 / np.pi)
    # as hard: 2 stands where 3
    # why: The bracket under tanh holds x + 0.044715 x³.
    cubic = 0.044715 * x**3
    inner = scale * (x + cubic)  # the argument of tanh
    # as hard: the factor `0.5` is missing
    # why: 1 + tanh(…) runs from 0 to 2 and has to be halved.
    gate = 0.5 * (1 + np.tanh(inner))
    return x * gate


@steps(see=GELU)
def gelu_backward(dy, x):
    scale = np.sqrt(2 / np.pi)
    cubic = 0.044715 * x**3
    inner = scale * (x + cubic)  # the argument of tanh
    t = np.tanh(inner)
    gate = 0.5 * (1 + t)
    # why: The derivative of x³ is 3 x².
    dcubic = 3 * 0.044715 * x**2  # the derivative of the cubic term
    # why: Inside tanh, 0.044715 x³ depends on x too: its derivative is 3 · 0.044715 x².
    dinner = scale * (1 + dcubic)  # the derivative of tanh's argument
    dtanh = 1 - t**2  # the derivative of tanh
    # why: The chain rule: half of tanh's derivative times that of its argument, √(2/π) (1 + 3 ·
    # 0.044715 x²).
    dgate = 0.5 * dtanh * dinner  # the derivative of the gate
    through_gate = x * dgate
    # why: GELU is a product of two functions of x, x and gate(x): its derivative has a term for
    # each.
    derivative = gate + through_gate
    # why: The derivative of GELU has to be multiplied by dy.
    return dy * derivative


@steps(see=SOFTMAX)
def softmax(x, axis=-1):
    # as hard: the max is taken over all axes
    # why: Each line has a maximum of its own: far below a common one, exp underflows to 0 / 0.
    largest = x.max(axis, keepdims=True)
    # as hard: the term `largest` is missing
    # why: exp overflows for large inputs, and inf / inf is NaN: each line's maximum is subtracted
    # first.
    shifted = x - largest
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis, keepdims=True)
    return exponentials / total


@steps(see=SOFTMAX)
def softmax_backward(dy, x, axis=-1):
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    y = exponentials / exponentials.sum(axis, keepdims=True)
    # why: The sum in the bracket is over dy · y: every dy has its weight.
    weighted = dy * y
    # why: Each output depends on every input of its line: sum along the forward's axis, which the
    # cache keeps.
    total = weighted.sum(axis, keepdims=True)  # the sum of dy · y along the axis
    # why: It is y (dy - Σ dy · y): the second term comes from the sum that every output is divided
    # by.
    return y * (dy - total)


@steps(see=LOG_SOFTMAX)
def log_softmax(x, axis=-1):
    shifted = x - x.max(axis, keepdims=True)
    exponentials = np.exp(shifted)
    log_total = np.log(exponentials.sum(axis, keepdims=True))
    # as hard: `x` stands where `shifted`
    # why: The maximum is subtracted inside the logarithm and from x, too.
    return shifted - log_total


@steps(see=LOG_SOFTMAX)
def log_softmax_backward(dy, x, axis=-1):
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    p = exponentials / exponentials.sum(axis, keepdims=True)  # the softmax
    # why: Every output holds the same logarithm: sum dy along the forward's axis, which the cache
    # keeps.
    total = dy.sum(axis, keepdims=True)  # the sum of dy along the axis
    # why: It is dy - p · Σ dy, where p · Σ dy comes through the common logarithm; Σ dy is not 1 in
    # general.
    return dy - p * total


@steps(see=MEANS)
def mse(pred, target):
    difference = pred - target
    squares = difference**2
    size = difference.size
    loss = squares.sum() / size
    # why: The loss is the mean of d², d = pred - target: its gradient is 2 d over the number of
    # elements.
    dpred = 2 * difference / size  # the gradient
    return float(loss), dpred


@steps(see=CROSS_ENTROPY)
def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    classes = logits.shape[-1]
    positions = targets.size
    # why: Positions whose target is ignore_index, an argument, don't count.
    counted = targets != ignore_index  # the positions that count
    # why: Loss and gradient are means over the positions whose target is not ignored.
    count = counted.sum()  # the number of positions that count
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
    # why: It is softmax(logits) less the distribution asked for, which label smoothing changes.
    gradient = p - wanted
    # why: The loss is a mean over the counted positions, so its gradient is divided by their number
    # too.
    dlogits = np.where(counted[..., None], gradient, 0) / divisor
    return float(loss), dlogits
