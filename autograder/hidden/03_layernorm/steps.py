"""The steps of layer normalisation, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps


@steps(see="handout.md#what-one-row-becomes")
def layernorm(x, gamma, beta, eps=1e-5):
    # why: Every row has its own mean, over its features.
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    size = x.shape[-1]
    squares = centred**2
    # as hard: the sum is taken where the mean
    # why: It is the mean of the squares of the centred row, divided by D.
    variance = squares.mean(-1, keepdims=True)
    # as hard: the term `eps` is missing; the argument `eps` is not used; the root is missing
    # why: The row is divided by the root of variance + eps: eps keeps a row of equal values from 0
    # / 0.
    sigma = np.sqrt(variance + eps)  # the standard deviation
    x_hat = centred / sigma
    # as hard: `beta` is added before
    # why: The normalised row is scaled by gamma, then shifted by beta.
    return gamma * x_hat + beta


@steps(see="handout.md#three-paths-from-x-to-y")
def layernorm_backward(dy, x, gamma, beta, eps=1e-5):
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    variance = (centred**2).mean(-1, keepdims=True)
    sigma = np.sqrt(variance + eps)  # the standard deviation
    x_hat = centred / sigma
    # why: dy goes back through gamma first.
    dx_hat = dy * gamma
    # see: the-gradients-of-gamma-and-beta
    rows = tuple(range(x.ndim - 1))
    # why: gamma multiplies x_hat, so its gradient is the sum of dy * x_hat over all rows.
    dgamma = (dy * x_hat).sum(rows)
    # why: beta is added to every row, so its gradient is the sum of dy over all rows.
    dbeta = dy.sum(rows)
    # see: three-paths-from-x-to-y
    # why: The mean depends on every x of its row.
    through_mean = dx_hat.mean(-1, keepdims=True)  # the path through the mean
    # see: the-variance-also-depends-on-x
    # why: The 2 of the square cancels against the 1/2 of the root; gamma is in dx_hat, 1 / sigma in
    # x_hat.
    projection = (dx_hat * x_hat).mean(-1, keepdims=True)
    through_variance = x_hat * projection  # the path through the variance
    # why: Mean and variance depend on x too: their shares are subtracted, and every path is divided
    # by sigma.
    dx = (dx_hat - through_mean - through_variance) / sigma
    # why: The order is dx, dgamma, dbeta.
    return dx, dgamma, dbeta
