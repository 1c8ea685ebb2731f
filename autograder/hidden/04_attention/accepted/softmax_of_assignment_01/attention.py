"""Softmax and its backward come from assignment 01; empty rows are wiped before and after."""

import numpy as np

from transformer.activations import softmax, softmax_backward


def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scores = q @ np.swapaxes(k, -1, -2) / float(q.shape[-1]) ** 0.5
    if mask is not None:
        scores = np.where(mask, scores, np.finfo(scores.dtype).min)
    weights, softmax_cache = softmax(scores)
    kept = weights if mask is None else weights * mask
    return kept @ v, (q, k, v, mask, kept, softmax_cache)


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, mask, kept, softmax_cache = cache
    dweights = dy @ np.swapaxes(v, -1, -2)
    if mask is not None:
        dweights = dweights * mask
    dscores = softmax_backward(dweights, softmax_cache)
    if mask is not None:
        dscores = np.where(mask, dscores, 0)
    dscores = dscores / float(q.shape[-1]) ** 0.5
    return dscores @ k, np.swapaxes(dscores, -1, -2) @ q, np.swapaxes(kept, -1, -2) @ dy
