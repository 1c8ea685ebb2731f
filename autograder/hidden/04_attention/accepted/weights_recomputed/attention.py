"""The forward keeps its arguments alone, and the backward computes the weights again."""

import numpy as np


def _weights(q, k, mask):
    scores = q @ np.swapaxes(k, -1, -2) * q.shape[-1] ** -0.5
    if mask is None:
        mask = np.ones((1, 1), bool)
    lowest = np.finfo(scores.dtype).min
    scores = np.where(mask, scores, lowest)
    exps = np.where(mask, np.exp(scores - scores.max(-1, keepdims=True)), 0)
    log_total = np.log(np.maximum(exps.sum(-1, keepdims=True), 1))
    return exps * np.exp(-log_total)


def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    return _weights(q, k, mask) @ v, (q, k, v, mask)


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, mask = cache
    weights = _weights(q, k, mask)
    dv = np.swapaxes(weights, -1, -2) @ dy
    dweights = dy @ np.swapaxes(v, -1, -2)
    mean = np.sum(weights * dweights, axis=-1, keepdims=True)
    dscores = weights * (dweights - mean) * q.shape[-1] ** -0.5
    return dscores @ k, np.swapaxes(dscores, -1, -2) @ q, dv
