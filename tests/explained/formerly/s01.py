"""Slips of 01_activations that its steps explain, as slips.py had them; long for that."""

import math

import numpy as np

from autograder.checker import misconception

A, B = math.sqrt(2 / math.pi), 0.044715  # the constants of GELU


@misconception(of="relu", see="handout.md#kinks-relu-and-leaky-relu")
def keeps_the_negative_part(x):
    """The negative inputs survive and the positive ones become 0; ReLU does the opposite."""
    return np.minimum(x, 0)


@misconception(of="relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def passes_every_gradient_on(dy, x):
    """dy goes through unchanged. Where x was negative, y doesn't depend on x, and dx is 0."""
    return dy


@misconception(of="relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def masks_by_the_upstream(dy, x):
    """The mask asks where dy is positive. It must ask where x was: keep that in the cache."""
    return dy * (dy > 0)


@misconception(of="relu_backward", see="handout.md#a-layer-is-two-functions")
def forgets_the_upstream_in_relu(dy, x):
    """This is the derivative of ReLU itself. The backward multiplies it by dy."""
    return (x > 0) * 1.0


@misconception(of="relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def takes_one_at_zero_in_relu(dy, x):
    """The derivative at exactly 0 is taken as 1. That is right elsewhere; here we ask for 0."""
    return dy * (x >= 0)


@misconception(of="leaky_relu", see="handout.md#kinks-relu-and-leaky-relu")
def puts_the_slope_on_the_positive_side(x, slope=0.01):
    """The slope belongs to the negative inputs; positive ones stay as they are."""
    return np.where(x > 0, slope * x, x)


@misconception(of="leaky_relu", see="handout.md#kinks-relu-and-leaky-relu")
def ignores_the_slope(x, slope=0.01):
    """The slope is always 0.01. It is an argument: use the one that was passed."""
    return np.where(x > 0, x, 0.01 * x)


@misconception(of="leaky_relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def puts_the_slope_on_the_positive_gradient(dy, x, slope=0.01):
    """dy is multiplied by the slope where x was positive; it must be where x was not."""
    return np.where(x > 0, slope * dy, dy)


@misconception(of="leaky_relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def ignores_the_slope_of_the_forward(dy, x, slope=0.01):
    """The slope is always 0.01. Keep the one that the forward was given in the cache."""
    return np.where(x > 0, dy, 0.01 * dy)


@misconception(of="leaky_relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def masks_by_the_leaky_upstream(dy, x, slope=0.01):
    """The side is chosen by the sign of dy. It must be chosen by the sign that x had."""
    return np.where(dy > 0, dy, slope * dy)


@misconception(of="leaky_relu_backward", see="handout.md#a-layer-is-two-functions")
def forgets_the_upstream_in_leaky_relu(dy, x, slope=0.01):
    """This is the derivative of leaky ReLU itself. The backward multiplies it by dy."""
    return np.where(x > 0, 1.0, slope)


@misconception(of="leaky_relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def takes_one_at_zero_in_leaky_relu(dy, x, slope=0.01):
    """The derivative at exactly 0 is taken as 1. Right elsewhere; here we ask for the slope."""
    return np.where(x >= 0, dy, slope * dy)


@misconception(of="sigmoid", see="handout.md#the-sigmoid")
def turns_the_sigmoid_round(x):
    """This falls from 1 to 0: the sign in the exponent is wrong. It is 1 / (1 + exp(-x))."""
    return 0.5 - 0.5 * np.tanh(x / 2)


@misconception(of="sigmoid_backward", see="handout.md#a-layer-is-two-functions")
def forgets_the_upstream_in_sigmoid(right, dy, x):
    """This is the derivative of the sigmoid itself. The backward multiplies it by dy."""
    return right / dy


@misconception(of="gelu", see="handout.md#gelu")
def squares_instead_of_cubing(x):
    """The bracket holds x², but GELU's holds x + 0.044715 x³."""
    return 0.5 * x * (1 + np.tanh(A * (x + B * x * x)))


@misconception(of="gelu", see="handout.md#gelu")
def forgets_the_half(x):
    """The output is twice too large: 1 + tanh(…) runs from 0 to 2 and has to be halved."""
    return x * (1 + np.tanh(A * (x + B * x * x * x)))


def _gelu_gradient(dy, x, product=1, gate=1, inner=None):
    t = np.tanh(A * (x + B * x * x * x))
    inner = A * (1 + 3 * B * x * x) if inner is None else inner
    return dy * (gate * 0.5 * (1 + t) + product * 0.5 * x * (1 - t * t) * inner)


@misconception(of="gelu_backward", see="handout.md#gelu")
def keeps_the_gate_only(dy, x):
    """GELU is a product of two functions of x. The term x · gate'(x) is missing."""
    return _gelu_gradient(dy, x, product=0)


@misconception(of="gelu_backward", see="handout.md#gelu")
def drops_the_gate(dy, x):
    """GELU is a product of two functions of x. The term gate(x) · 1 is missing."""
    return _gelu_gradient(dy, x, gate=0)


@misconception(of="gelu_backward", see="handout.md#gelu")
def forgets_the_inner_derivative(dy, x):
    """The derivative of what stands inside tanh is missing: √(2/π) (1 + 3 · 0.044715 x²)."""
    return _gelu_gradient(dy, x, inner=1.0)


@misconception(of="gelu_backward", see="handout.md#gelu")
def differentiates_the_linear_term_only(dy, x):
    """Inside tanh, 0.044715 x³ is treated as a constant. Its derivative is 3 · 0.044715 x²."""
    return _gelu_gradient(dy, x, inner=A)


@misconception(of="gelu_backward", see="handout.md#gelu")
def forgets_the_three_of_the_cube(dy, x):
    """The derivative of x³ is 3 x²; the 3 is missing."""
    return _gelu_gradient(dy, x, inner=A * (1 + B * x * x))


@misconception(of="gelu_backward", see="handout.md#a-layer-is-two-functions")
def forgets_the_upstream_in_gelu(right, dy, x):
    """This is the derivative of GELU itself. The backward multiplies it by dy."""
    return right / dy


def _softmax(x, axis=-1):
    exps = np.exp(x - x.max(axis, keepdims=True))
    return exps / exps.sum(axis, keepdims=True)


@misconception(of="softmax", see="handout.md#softmax")
def does_not_subtract_the_maximum(x, axis=-1):
    """exp overflows for large inputs, and inf / inf is NaN. Subtract each line's maximum first."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


@misconception(of="softmax", see="handout.md#softmax")
def subtracts_one_maximum_for_all(x, axis=-1):
    """One maximum is taken for the whole array, and rows far below it underflow to 0 / 0."""
    with np.errstate(invalid="ignore"):
        exps = np.exp(x - x.max())
        return exps / exps.sum(axis, keepdims=True)


@misconception(of="softmax_backward", see="handout.md#softmax")
def forgets_the_outer_factor(dy, x, axis=-1):
    """The factor y in front of the bracket is missing."""
    y = _softmax(x, axis)
    return dy - (dy * y).sum(axis, keepdims=True)


@misconception(of="softmax_backward", see="handout.md#softmax")
def forgets_the_weights_in_the_sum(dy, x, axis=-1):
    """The sum in the bracket is over dy · y. Here dy is summed without its weights y."""
    return _softmax(x, axis) * (dy - dy.sum(axis, keepdims=True))


@misconception(of="softmax_backward", see="handout.md#softmax")
def forgets_the_sum(dy, x, axis=-1):
    """dy · y is what comes through the exponential alone. The term of the common sum is missing."""
    return dy * _softmax(x, axis)


@misconception(of="softmax_backward", see="handout.md#softmax")
def averages_over_the_line(dy, x, axis=-1):
    """The bracket takes back the sum of dy · y. Here it takes back its mean."""
    y = _softmax(x, axis)
    return y * (dy - (dy * y).mean(axis, keepdims=True))


@misconception(of="softmax_backward", see="handout.md#softmax")
def sums_over_the_whole_array(dy, x, axis=-1):
    """dy · y is summed over the whole array. Each line has its own sum: give the axis."""
    y = _softmax(x, axis)
    return y * (dy - (dy * y).sum())


@misconception(of="softmax_backward", see="handout.md#softmax")
def always_sums_over_the_first_axis(dy, x, axis=-1):
    """The sum of dy · y runs over the first axis. It must run over the forward's axis."""
    y = _softmax(x, axis)
    return y * (dy - (dy * y).sum(0, keepdims=True))


@misconception(of="softmax_backward", see="handout.md#softmax")
def always_sums_over_the_last_axis(dy, x, axis=-1):
    """The sum runs over the last axis, whatever axis the forward had. Keep it in the cache."""
    y = _softmax(x, axis)
    return y * (dy - (dy * y).sum(-1, keepdims=True))


@misconception(of="softmax_backward", see="handout.md#softmax")
def adds_the_sum(dy, x, axis=-1):
    """The sum of dy · y is added; it has to be subtracted."""
    y = _softmax(x, axis)
    return y * (dy + (dy * y).sum(axis, keepdims=True))


@misconception(of="log_softmax", see="handout.md#log-softmax")
def forgets_to_give_the_maximum_back(x, axis=-1):
    """The maximum is subtracted inside the logarithm only: it must also be subtracted from x."""
    return x - np.log(np.exp(x - x.max(axis, keepdims=True)).sum(axis, keepdims=True))


@misconception(of="log_softmax_backward", see="handout.md#log-softmax")
def takes_the_sum_of_dy_for_one(dy, x, axis=-1):
    """dy - p is right only where dy sums to 1 along the axis. In general it is dy - p · Σ dy."""
    return dy - _softmax(x, axis)


@misconception(of="log_softmax_backward", see="handout.md#log-softmax")
def forgets_the_sum_of_dy(dy, x, axis=-1):
    """dy - p · dy lacks the sum: every output depends on the input through the common logarithm."""
    return dy - _softmax(x, axis) * dy


@misconception(of="log_softmax_backward", see="handout.md#log-softmax")
def sums_dy_over_the_last_axis(dy, x, axis=-1):
    """dy is summed over the last axis, whatever axis the forward had. Keep it in the cache."""
    return dy - _softmax(x, axis) * dy.sum(-1, keepdims=True)


@misconception(of="log_softmax_backward", see="handout.md#log-softmax")
def sums_dy_over_the_whole_array(dy, x, axis=-1):
    """dy is summed over the whole array. Each line has its own sum: give the axis."""
    return dy - _softmax(x, axis) * dy.sum()


@misconception(of="mse", see="handout.md#losses-that-are-means")
def forgets_the_two(right, pred, target):
    """The derivative of d² is 2 d; the 2 is missing. (With a loss of d²/2 it would be right.)"""
    return right[0], right[1] / 2


@misconception(of="mse", see="handout.md#losses-that-are-means")
def does_not_divide_the_gradient(right, pred, target):
    """The loss is a mean, so its gradient is divided by the number of elements too."""
    return right[0], 2 * (pred - target)


@misconception(of="mse", see="handout.md#losses-that-are-means")
def points_the_other_way(right, pred, target):
    """The gradient has the wrong sign: it is by pred, and the difference is pred - target."""
    return right[0], -right[1]


def _number_counted(targets, ignore_index):
    return max(int((targets != ignore_index).sum()), 1)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def does_not_divide_by_the_count(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The loss is a mean, so its gradient is divided by the number of counted positions too."""
    return right[0], right[1] * _number_counted(targets, ignore_index)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def divides_the_gradient_by_all(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The gradient is divided by all positions, ignored ones too. Divide by the counted ones."""
    return right[0], right[1] * _number_counted(targets, ignore_index) / targets.size


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def divides_by_the_classes_too(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The mean is over positions times classes. Divide by the counted positions only."""
    return right[0] / logits.shape[-1], right[1] / logits.shape[-1]


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def forgets_to_subtract_the_target(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The gradient is softmax(logits) alone. The distribution asked for must be subtracted."""
    counted = (targets != ignore_index)[..., None]
    return right[0], _softmax(logits) * counted / _number_counted(targets, ignore_index)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def smooths_the_loss_only(reference, right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The loss is smoothed, its gradient is not. Subtract the smoothed distribution."""
    return right[0], reference.cross_entropy(logits, targets, ignore_index)[1]
