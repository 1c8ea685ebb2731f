"""Python's loops over every query, key and feature, as the sums stand in the handout."""

import math

import numpy as np


def _dot(one, other):
    total = one.dtype.type(0)
    for a, b in zip(one, other, strict=True):
        total += a * b
    return total


def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    t, s = q.shape[-2], k.shape[-2]
    allowed = np.broadcast_to(True if mask is None else mask, (*q.shape[:-1], s))
    weights = np.zeros((*q.shape[:-1], s), q.dtype)
    y = np.zeros((*q.shape[:-1], v.shape[-1]), v.dtype)
    root = math.sqrt(q.shape[-1])
    for outer in np.ndindex(q.shape[:-2]):
        for i in range(t):
            keys = [j for j in range(s) if allowed[outer][i, j]]
            scores = [_dot(q[outer][i], k[outer][j]) / root for j in keys]
            exps = [math.exp(score - max(scores)) for score in scores]
            for j, exp in zip(keys, exps, strict=True):
                weights[outer][i, j] = exp / sum(exps)
                for f in range(v.shape[-1]):
                    y[outer][i, f] += weights[outer][i, j] * v[outer][j, f]
    return y, (q, k, v, weights, root)


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, weights, root = cache
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for outer in np.ndindex(q.shape[:-2]):
        for i in range(q.shape[-2]):
            shares = weights[outer][i]
            dshares = [_dot(dy[outer][i], value) for value in v[outer]]
            mean = sum(share * d for share, d in zip(shares, dshares, strict=True))
            for j, share in enumerate(shares):
                dscore = share * (dshares[j] - mean) / root
                for f in range(q.shape[-1]):
                    dq[outer][i, f] += dscore * k[outer][j, f]
                    dk[outer][j, f] += dscore * q[outer][i, f]
                for f in range(v.shape[-1]):
                    dv[outer][j, f] += share * dy[outer][i, f]
    return dq, dk, dv
