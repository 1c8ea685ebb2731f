"""Slips of 03_layernorm that its steps explain, as slips.py had them; long for that."""

import numpy as np

from autograder.checker import misconception

ROW = "handout.md#what-one-row-becomes"


PARAMETERS = "handout.md#the-gradients-of-gamma-and-beta"


PATHS = "handout.md#three-paths-from-x-to-y"


VARIANCE = "handout.md#the-variance-also-depends-on-x"


def mean(a):
    """The mean of each row, kept as a column."""
    return a.mean(-1, keepdims=True)


def normalised(x, eps):
    """x_hat and 1 / sigma, as the reference has them."""
    inv_std = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    return (x - mean(x)) * inv_std, inv_std


def over_rows(a):
    """All axes but the last."""
    return tuple(range(a.ndim - 1))


@misconception(of="layernorm", see=ROW)
def leaves_eps_out(x, gamma, beta, eps=1e-5):
    """eps is left out, so a row of equal values becomes 0 / 0."""
    return gamma * (x - mean(x)) / x.std(-1, keepdims=True) + beta


@misconception(of="layernorm", see=ROW)
def ignores_the_argument_eps(x, gamma, beta, eps=1e-5):
    """A fixed 1e-5 stands where the argument eps should be."""
    return gamma * normalised(x, 1e-5)[0] + beta


@misconception(of="layernorm", see=ROW)
def sums_the_squares(x, gamma, beta, eps=1e-5):
    """The squares are summed where they should be averaged: the variance is D times too large."""
    variance = x.shape[-1] * x.var(-1, keepdims=True)
    return gamma * (x - mean(x)) / np.sqrt(variance + eps) + beta


@misconception(of="layernorm", see=ROW)
def forgets_the_root(x, gamma, beta, eps=1e-5):
    """The centred row is divided by the variance, not by its root, the standard deviation."""
    return gamma * (x - mean(x)) / (x.var(-1, keepdims=True) + eps) + beta


@misconception(of="layernorm", see=ROW)
def adds_beta_before_gamma(x, gamma, beta, eps=1e-5):
    """beta is added before the multiplication by gamma, so beta gets scaled too."""
    return gamma * (normalised(x, eps)[0] + beta)


@misconception(of="layernorm_backward", see=PARAMETERS)
def takes_x_for_dgamma(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma was computed from x. gamma multiplies x_hat, so dgamma is the sum of dy * x_hat."""
    return right[0], (dy * x).sum(over_rows(x)), right[2]


@misconception(of="layernorm_backward", see=PARAMETERS)
def takes_the_centred_x_for_dgamma(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma was computed from x - mean, which is not yet divided by the standard deviation."""
    return right[0], (dy * (x - mean(x))).sum(over_rows(x)), right[2]


@misconception(of="layernorm_backward", see=PARAMETERS)
def exchanges_dgamma_and_dbeta(right, dy, x, gamma, beta, eps=1e-5):
    """dgamma and dbeta are exchanged: the order is dx, dgamma, dbeta."""
    return right[0], right[2], right[1]


def three_paths(dy, x, gamma, eps, mean_path=1.0, variance_path=1.0):
    x_hat, inv_std = normalised(x, eps)
    dx_hat = dy * gamma
    through_variance = variance_path * x_hat * mean(dx_hat * x_hat)
    return inv_std * (dx_hat - mean_path * mean(dx_hat) - through_variance)


@misconception(of="layernorm_backward", see=PATHS)
def forgets_the_mean_path(right, dy, x, gamma, beta, eps=1e-5):
    """The mean depends on x too, and its term of dx is missing: dx does not sum to zero."""
    return three_paths(dy, x, gamma, eps, mean_path=0), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def adds_the_mean_path(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the mean has the wrong sign: the mean is subtracted in the forward, so its
    share is subtracted in dx."""
    return three_paths(dy, x, gamma, eps, mean_path=-1), *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def adds_the_variance_path(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the variance has the wrong sign: a larger standard deviation makes x_hat
    smaller, so its share is subtracted in dx."""
    return three_paths(dy, x, gamma, eps, variance_path=-1), *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def doubles_the_variance_path(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the variance is twice too large: the 2 of the square cancels against the 1/2
    of the root."""
    return three_paths(dy, x, gamma, eps, variance_path=2), *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def halves_the_variance_path(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the variance is half of what it should be: the 1/2 of the root cancels
    against the 2 of the square."""
    return three_paths(dy, x, gamma, eps, variance_path=0.5), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def forgets_gamma_in_dx(right, dy, x, gamma, beta, eps=1e-5):
    """dx was computed without gamma: dy goes through gamma first, dx_hat = dy * gamma."""
    return three_paths(dy, x, np.ones_like(gamma), eps), *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def forgets_to_divide_by_sigma(right, dy, x, gamma, beta, eps=1e-5):
    """dx lacks the division by the standard deviation, which every path goes through."""
    return right[0] / normalised(x, eps)[1], *right[1:]


@misconception(of="layernorm_backward", see=PATHS)
def multiplies_by_sigma(right, dy, x, gamma, beta, eps=1e-5):
    """dx is multiplied by the standard deviation where it should be divided by it."""
    return right[0] / normalised(x, eps)[1] ** 2, *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def takes_the_centred_x_in_the_variance_path(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the variance holds x - mean where it needs x_hat, once: a division by the
    standard deviation is missing."""
    x_hat, inv_std = normalised(x, eps)
    dx_hat = dy * gamma
    through_variance = (x - mean(x)) * mean(dx_hat * x_hat)
    return inv_std * (dx_hat - mean(dx_hat) - through_variance), *right[1:]


@misconception(of="layernorm_backward", see=VARIANCE)
def forgets_dx_hat_in_the_variance_path(right, dy, x, gamma, beta, eps=1e-5):
    """The term through the variance averages dy * x_hat; dx_hat, which holds gamma, is needed."""
    x_hat, inv_std = normalised(x, eps)
    dx_hat = dy * gamma
    return inv_std * (dx_hat - mean(dx_hat) - x_hat * mean(dy * x_hat)), *right[1:]
