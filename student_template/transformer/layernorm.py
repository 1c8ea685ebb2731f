"""Layer normalisation: every feature vector to mean 0 and variance 1, then a learned affine map.

Vaswani et al. 2017 put one after every sublayer (section 3.1, figure 1). Our rows are the columns
of UDL, which introduces normalisation in section 11.4 and uses this kind of it in chapter 12.
"""

import numpy as np


def layernorm(x, gamma, beta, eps=1e-5):
    """Normalise each feature vector, then scale and shift it (Ba et al. 2016, equations 3 and 4).

    x: (..., D)   gamma, beta: (D,)   ->   y: (..., D), cache
    eps is added to the variance, under the root, so that a constant row gives beta and not 0 / 0.
    """
    if gamma.shape != x.shape[-1:]:
        raise ValueError(f"gamma has shape {gamma.shape}, expected {x.shape[-1:]} for x {x.shape}")
    if beta.shape != x.shape[-1:]:
        raise ValueError(f"beta has shape {beta.shape}, expected {x.shape[-1:]} for x {x.shape}")
    raise NotImplementedError("layernorm is not written yet: see handout section 3.3")


def layernorm_backward(dy, cache):
    """Send dy back through the scale and shift, then through the three paths from x to x_hat.

    dy: (..., D)   ->   dx: (..., D), dgamma: (D,), dbeta: (D,)
    """
    raise NotImplementedError("layernorm_backward is not written yet: see handout section 3.4")
