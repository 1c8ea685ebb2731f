"""The mask becomes numbers, 0 and minus infinity, added to scores that are scaled afterwards."""

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scores = np.matmul(q, np.moveaxis(k, -1, -2))
    scores *= scores.dtype.type(1 / np.sqrt(q.shape[-1]))
    empty = np.zeros((1, 1), dtype=bool)
    if mask is not None:
        bias = np.zeros(mask.shape, scores.dtype)
        bias[~mask] = -np.inf
        scores = scores + bias
        empty = ~np.atleast_2d(mask).any(axis=-1, keepdims=True)
        scores = np.where(empty, 0, scores)  # any finite row will do: its weights become zero below
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    weights = np.where(empty, 0, weights)
    return weights @ v, [weights, q, k, v]


def scaled_dot_product_attention_backward(dy, cache):
    weights, q, k, v = cache
    root = float(q.shape[-1]) ** 0.5
    dv = np.matmul(np.moveaxis(weights, -1, -2), dy)
    dweights = np.matmul(dy, np.moveaxis(v, -1, -2))
    dscores = weights * dweights
    dscores -= weights * dscores.sum(axis=-1, keepdims=True)
    return dscores @ k / root, np.moveaxis(dscores, -1, -2) @ q / root, dv
