"""The weights' gradient through a Jacobian for every query: diag(a) - a aᵀ, (..., T, S, S)."""

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scores = np.einsum("...id,...jd->...ij", q, k) / q.dtype.type(np.sqrt(q.shape[-1]))
    hidden = np.zeros((1, 1), bool) if mask is None else ~mask
    low = np.where(hidden, np.finfo(scores.dtype).min, scores)
    exps = np.where(hidden, 0, np.exp(low - low.max(-1, keepdims=True)))
    total = exps.sum(-1, keepdims=True)
    weights = exps / np.where(total > 0, total, 1)
    return np.einsum("...ij,...jf->...if", weights, v), (q, k, v, weights)


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, weights = cache
    diagonals = weights[..., None] * np.eye(weights.shape[-1], dtype=weights.dtype)
    jacobians = diagonals - weights[..., :, None] * weights[..., None, :]
    dweights = np.einsum("...if,...jf->...ij", dy, v)
    dscores = np.einsum("...ijm,...im->...ij", jacobians, dweights)
    dscores = dscores / q.dtype.type(np.sqrt(q.shape[-1]))
    dq = np.einsum("...ij,...jd->...id", dscores, k)
    dk = np.einsum("...ij,...id->...jd", dscores, q)
    return dq, dk, np.einsum("...ij,...if->...jf", weights, dy)
