"""What goes wrong in activations and losses. Long because the assignment has fourteen functions."""

import math

import numpy as np

from autograder.checker import misconception

A, B = math.sqrt(2 / math.pi), 0.044715  # the constants of GELU
erf = np.vectorize(math.erf, otypes=[float])


# --- ReLU and leaky ReLU --------------------------------------------------------------------------


@misconception(of="relu", see="handout.md#kinks-relu-and-leaky-relu")
def takes_the_absolute_value(x):
    """Negative inputs become 0; they don't change their sign."""
    return np.abs(x)


@misconception(of="relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def multiplies_by_the_output(dy, x):
    """dy is multiplied by max(x, 0). The derivative there is 1 or 0, not the output."""
    return dy * np.maximum(x, 0)


@misconception(of="leaky_relu", see="handout.md#kinks-relu-and-leaky-relu")
def is_plain_relu(x, slope=0.01):
    """Negative inputs become 0, as in ReLU. Here they are multiplied by the slope."""
    return np.maximum(x, 0)


@misconception(of="leaky_relu_backward", see="handout.md#kinks-relu-and-leaky-relu")
def is_the_gradient_of_plain_relu(dy, x, slope=0.01):
    """Where x was negative the gradient is 0, as in ReLU. Here it is slope times dy."""
    return dy * (x > 0)


# --- sigmoid ------------------------------------------------------------------------------------


@misconception(of="sigmoid", see="handout.md#the-sigmoid")
def divides_two_large_exponentials(x):
    """exp(x) / (1 + exp(x)) is inf / inf for a large x. Never raise e to a positive power."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(x) / (1 + np.exp(x))


@misconception(of="sigmoid", see="handout.md#the-sigmoid")
def is_tanh(x):
    """The values run from -1 to 1: this is tanh. The sigmoid is (1 + tanh(x / 2)) / 2."""
    return np.tanh(x)


@misconception(of="sigmoid", see="handout.md#the-sigmoid")
def forgets_to_halve_the_argument(x):
    """This is the sigmoid of 2x: in (1 + tanh(x / 2)) / 2, x is halved first."""
    return 0.5 + 0.5 * np.tanh(x)


@misconception(of="sigmoid_backward", see="handout.md#the-sigmoid")
def takes_sigmoid_of_the_output(dy, x):
    """The derivative is y (1 - y), with y the output. The sigmoid is applied to y a second time."""
    y = 0.5 + 0.5 * np.tanh(x / 2)
    z = 0.5 + 0.5 * np.tanh(y / 2)
    return dy * z * (1 - z)


@misconception(of="sigmoid_backward", see="handout.md#the-sigmoid")
def puts_the_input_into_y_one_minus_y(dy, x):
    """In y (1 - y), y is the output of the sigmoid. Here it is the input."""
    return dy * x * (1 - x)


@misconception(of="sigmoid_backward", see="handout.md#the-sigmoid")
def uses_the_derivative_of_tanh(dy, x):
    """1 - y² is the derivative of tanh. The sigmoid's is y (1 - y)."""
    y = 0.5 + 0.5 * np.tanh(x / 2)
    return dy * (1 - y * y)


# --- GELU ---------------------------------------------------------------------------------------


@misconception(of="gelu", see="handout.md#gelu")
def is_gelu_by_erf(x):
    """This is GELU with erf, right elsewhere, up to 4.7e-4 away. We ask for the tanh form."""
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


@misconception(of="gelu", see="handout.md#gelu", easier_backward=True)
def is_gelu_by_sigmoid(x):
    """This is x · sigmoid(1.702 x), a coarser form of GELU. Here we ask for the tanh form."""
    return x * (0.5 + 0.5 * np.tanh(0.851 * x))


@misconception(of="gelu", see="handout.md#gelu")
def leaves_the_cubic_out_of_the_bracket(x):
    """√(2/π) multiplies x only. It multiplies the whole bracket, x + 0.044715 x³."""
    return 0.5 * x * (1 + np.tanh(A * x + B * x * x * x))


@misconception(of="gelu", see="handout.md#gelu", easier_backward=True)
def forgets_the_cubic_term(x):
    """The term 0.044715 x³ is missing."""
    return 0.5 * x * (1 + np.tanh(A * x))


@misconception(of="gelu_backward", see="handout.md#gelu")
def differentiates_gelu_by_erf(dy, x):
    """This is the gradient of GELU with erf. Here we ask for that of the tanh form."""
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return dy * (0.5 * (1 + erf(x / math.sqrt(2))) + x * density)


# --- softmax and log-softmax --------------------------------------------------------------------


def _softmax(x, axis=-1):
    exps = np.exp(x - x.max(axis, keepdims=True))
    return exps / exps.sum(axis, keepdims=True)


@misconception(of="softmax", see="handout.md#softmax")
def always_takes_the_last_axis(x, axis=-1):
    """The last axis is normalised whatever axis says. Use the argument."""
    return _softmax(x, -1)


@misconception(of="softmax", see="handout.md#softmax")
def always_takes_the_first_axis(x, axis=-1):
    """The first axis is normalised. The axis is an argument, and the last one by default."""
    return _softmax(x, 0)


@misconception(of="softmax", see="handout.md#softmax")
def normalises_the_whole_array(x, axis=-1):
    """The whole array sums to 1. Each line along the axis should."""
    return _softmax(x, None)


@misconception(of="softmax", see="handout.md#softmax")
def adds_an_epsilon_below(x, axis=-1):
    """A small number is added to the denominator, so lines don't sum to 1.

    It isn't needed: with the maximum subtracted, the sum is at least 1.
    """
    exps = np.exp(x - x.max(axis, keepdims=True))
    return exps / (exps.sum(axis, keepdims=True) + 1e-8)


@misconception(of="softmax", see="handout.md#log-softmax", easier_backward=True)
def returns_the_logarithm(x, axis=-1):
    """These are log-probabilities: log_softmax. Softmax returns the probabilities."""
    with np.errstate(divide="ignore"):
        return np.log(_softmax(x, axis))


@misconception(of="softmax_backward", see="handout.md#softmax")
def keeps_the_diagonal_only(dy, x, axis=-1):
    """Each output depends on every input of its line. Only y (1 - y), the diagonal, is used."""
    y = _softmax(x, axis)
    return dy * y * (1 - y)


@misconception(of="log_softmax", see="handout.md#log-softmax")
def takes_the_logarithm_of_softmax(x, axis=-1):
    """softmax underflows to 0 some 745 below the maximum, and its logarithm is -inf.

    Take the logarithm of the sum instead.
    """
    with np.errstate(divide="ignore"):
        return np.log(_softmax(x, axis))


@misconception(of="log_softmax", see="handout.md#log-softmax")
def adds_an_epsilon_in_the_logarithm(x, axis=-1):
    """log(p + 1e-9) never falls below -20.72, so everything less likely looks the same."""
    return np.log(_softmax(x, axis) + 1e-9)


@misconception(of="log_softmax", see="handout.md#log-softmax")
def overflows_in_the_sum(x, axis=-1):
    """The exponentials overflow or underflow together. Subtract each line's maximum before them."""
    with np.errstate(over="ignore", divide="ignore"):
        return x - np.log(np.exp(x).sum(axis, keepdims=True))


@misconception(of="log_softmax", see="handout.md#log-softmax")
def takes_the_last_axis_for_the_logarithm(x, axis=-1):
    """The last axis is normalised whatever axis says. Use the argument."""
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@misconception(of="log_softmax_backward", see="handout.md#log-softmax")
def uses_the_gradient_of_softmax(dy, x, axis=-1):
    """This is softmax's gradient. The logarithm changes it: dy - p · Σ dy."""
    y = _softmax(x, axis)
    return y * (dy - (dy * y).sum(axis, keepdims=True))


@misconception(of="log_softmax_backward", see="handout.md#log-softmax")
def multiplies_by_log_probabilities(dy, x, axis=-1):
    """Σ dy is multiplied by the output, a log-probability. It must be the probability, exp(y)."""
    shifted = x - x.max(axis, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))
    return dy - y * dy.sum(axis, keepdims=True)


# --- losses -------------------------------------------------------------------------------------


@misconception(of="mse", see="handout.md#losses-that-are-means")
def halves_the_loss_too(right, pred, target):
    """This is half the mean square, right elsewhere and handy. Here we ask for the mean square."""
    return right[0] / 2, right[1] / 2


@misconception(of="mse", see="handout.md#losses-that-are-means")
def sums_the_squares(right, pred, target):
    """The squares are summed. We ask for their mean, in the loss and in the gradient."""
    return right[0] * pred.size, right[1] * pred.size


@misconception(of="mse", see="handout.md#losses-that-are-means")
def divides_by_the_batch_only(right, pred, target):
    """The sum is divided by the length of the first axis. Divide by the number of all elements."""
    factor = pred.size / pred.shape[0]
    return right[0] * factor, right[1] * factor


@misconception(of="mse", see="handout.md#losses-that-are-means")
def broadcasts_the_target(pred, target):
    """The shape guard is gone: (4, 3) and (4, 1) broadcast to a loss of something else."""
    difference = pred - target
    return float((difference * difference).mean()), 2 * difference / difference.size


def _number_counted(targets, ignore_index):
    return max(int((targets != ignore_index).sum()), 1)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def applies_softmax_twice(reference, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """Softmax is applied to probabilities. Cross entropy takes the logits as they are."""
    p = _softmax(logits)
    return reference.cross_entropy(p, targets, ignore_index, label_smoothing)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def sums_over_positions(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The loss is summed over positions. We ask for the mean over the counted ones."""
    count = _number_counted(targets, ignore_index)
    return right[0] * count, right[1] * count


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def divides_by_all_positions(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The mean is over all positions, the ignored ones too. Divide by the counted ones."""
    factor = _number_counted(targets, ignore_index) / targets.size
    return right[0] * factor, right[1] * factor


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def divides_by_the_first_axis(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The sum is divided by the length of the first axis. Divide by the counted positions."""
    factor = _number_counted(targets, ignore_index) / targets.shape[0]
    return right[0] * factor, right[1] * factor


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def returns_the_log_likelihood(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The signs are those of the log-likelihood. The loss is its negative: minus log p."""
    return -right[0], -right[1]


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def gives_ignored_positions_a_gradient(
    reference, right, logits, targets, ignore_index=-1, label_smoothing=0.0
):
    """Ignored positions get a gradient, as if -1 meant the last class. Theirs must be zeros."""
    count = _number_counted(targets, ignore_index)
    classes = np.where(targets == ignore_index, logits.shape[-1] - 1, targets)
    _, dlogits = reference.cross_entropy(logits, classes, -1, label_smoothing)
    return right[0], dlogits * targets.size / count


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def counts_ignored_positions(reference, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """Ignored positions are counted as if they asked for the last class. Leave them out."""
    classes = np.where(targets == ignore_index, logits.shape[-1] - 1, targets)
    return reference.cross_entropy(logits, classes, -1, label_smoothing)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def knows_minus_one_only(reference, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """Only -1 is ignored. Which target is ignored is an argument."""
    classes = np.where((targets < 0) & (targets != -1), targets % logits.shape[-1], targets)
    return reference.cross_entropy(logits, classes, -1, label_smoothing)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def divides_zero_by_zero(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """With nothing counted the mean is 0 / 0. Return 0.0 and zeros in that case."""
    nothing = not (targets != ignore_index).any()
    return (float("nan"), np.full_like(logits, np.nan)) if nothing else right


@misconception(of="cross_entropy", see="handout.md#log-softmax")
def takes_log_of_underflowed_softmax(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """log(softmax(logits)) is -inf where softmax underflows to 0. Use log_softmax."""
    p = _softmax(logits)
    classes = np.where(targets == ignore_index, 0, targets)
    picked = np.take_along_axis(p, classes[..., None], -1)[..., 0]
    lost = ((picked == 0) & (targets != ignore_index)).any()
    return (float("inf") if lost else right[0]), right[1]


@misconception(of="cross_entropy", see="handout.md#log-softmax")
def adds_an_epsilon_to_p(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """log(p + 1e-9) never falls below -20.72: a target that is far off costs too little."""
    counted = targets != ignore_index
    p = _softmax(logits)[counted]
    wanted = np.eye(logits.shape[-1])[targets[counted]] * (1 - label_smoothing)
    wanted = wanted + label_smoothing / logits.shape[-1]
    loss = -(wanted * np.log(p + 1e-9)).sum() / _number_counted(targets, ignore_index)
    return float(loss), right[1]


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def overflows_for_large_logits(right, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """The exponentials overflow to inf / inf. Subtract each row's maximum first, or use softmax."""
    with np.errstate(over="ignore", invalid="ignore"):
        overflowed = not np.isfinite(np.exp(logits)).all()
    return (float("nan"), np.full_like(logits, np.nan)) if overflowed else right


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def ignores_label_smoothing(reference, logits, targets, ignore_index=-1, label_smoothing=0.0):
    """label_smoothing changes nothing here. It moves a part of the target to all classes."""
    return reference.cross_entropy(logits, targets, ignore_index)


@misconception(of="cross_entropy", see="handout.md#cross-entropy")
def smooths_over_the_other_classes(
    reference, logits, targets, ignore_index=-1, label_smoothing=0.0
):
    """ε is shared by the V - 1 other classes. Here, as in PyTorch, all V classes share it."""
    vocab_size = logits.shape[-1]
    smoothing = label_smoothing * vocab_size / max(vocab_size - 1, 1)
    return reference.cross_entropy(logits, targets, ignore_index, smoothing)
