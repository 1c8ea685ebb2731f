"""The steps of layer normalisation, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps


@steps(see="handout.md#what-one-row-becomes")
def layernorm(x, gamma, beta, eps=1e-5):
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    size = x.shape[-1]
    squares = centred**2
    variance = squares.mean(-1, keepdims=True)
    sigma = np.sqrt(variance + eps)  # the standard deviation
    x_hat = centred / sigma
    return gamma * x_hat + beta


@steps(see="handout.md#three-paths-from-x-to-y")
def layernorm_backward(dy, x, gamma, beta, eps=1e-5):
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    variance = (centred**2).mean(-1, keepdims=True)
    sigma = np.sqrt(variance + eps)  # the standard deviation
    x_hat = centred / sigma
    dx_hat = dy * gamma
    # see: the-gradients-of-gamma-and-beta
    rows = tuple(range(x.ndim - 1))
    dgamma = (dy * x_hat).sum(rows)
    dbeta = dy.sum(rows)
    # see: three-paths-from-x-to-y
    through_mean = dx_hat.mean(-1, keepdims=True)  # the path through the mean
    # see: the-variance-also-depends-on-x
    projection = (dx_hat * x_hat).mean(-1, keepdims=True)
    through_variance = x_hat * projection  # the path through the variance
    dx = (dx_hat - through_mean - through_variance) / sigma
    return dx, dgamma, dbeta
