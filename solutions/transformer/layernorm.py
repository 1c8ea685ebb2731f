"""Layer normalisation: every feature vector to mean 0 and variance 1, then a learned affine map.

Vaswani et al. 2017 put one after every sublayer (section 5.4 on residuals and figure 1). Our rows
are the columns of UDL, whose chapter 11 treats normalisation.
"""

import numpy as np


def layernorm(x, gamma, beta, eps=1e-5):
    """Normalise each feature vector, then scale and shift it (Ba et al. 2016, equation 4).

    x: (..., D)   gamma, beta: (D,)   ->   y: (..., D), cache
    eps is added to the variance, under the root, so that a constant row gives beta and not 0 / 0.
    """
    if gamma.shape != x.shape[-1:]:
        raise ValueError(f"gamma has shape {gamma.shape}, expected {x.shape[-1:]} for x {x.shape}")
    if beta.shape != x.shape[-1:]:
        raise ValueError(f"beta has shape {beta.shape}, expected {x.shape[-1:]} for x {x.shape}")
    centred = x - _row_mean(x)
    inv_std = 1 / np.sqrt(_row_mean_of_product(centred, centred) + eps)  # (..., 1)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)


def layernorm_backward(dy, cache):
    """Send dy back through the scale, the division by the deviation and the centring.

    dy: (..., D)   ->   dx: (..., D), dgamma: (D,), dbeta: (D,)
    """
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    through_mean = _row_mean(dx_hat)  # (..., 1)
    through_variance = x_hat * _row_mean_of_product(dx_hat, x_hat)
    dx = inv_std * (dx_hat - through_mean - through_variance)
    return dx, _sum_of_rows(dy * x_hat), _sum_of_rows(dy)


# Products with ones and vecdot: faster than mean and sum.
def _row_mean(a):
    """The mean of each feature vector. (..., D) -> (..., 1)"""
    size = a.shape[-1]
    return (a @ np.ones(size, a.dtype))[..., None] / size


def _row_mean_of_product(a, b):
    """The mean of a * b over each feature vector. (..., D), (..., D) -> (..., 1)"""
    return np.vecdot(a, b)[..., None] / a.shape[-1]


def _sum_of_rows(a):
    """The sum over everything but the features. (..., D) -> (D,)"""
    rows = a.reshape(-1, a.shape[-1])
    return np.ones(len(rows), a.dtype) @ rows
