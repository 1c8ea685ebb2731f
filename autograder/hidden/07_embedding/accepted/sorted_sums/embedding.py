"""Equal tokens are brought together by sorting, and each group is summed at once. Dropout keeps a
boolean mask, and p = 0 is no special case."""

import numpy as np


def embed_backward(dy, cache):
    tokens, shape = cache
    order = np.argsort(tokens, axis=None, kind="stable")
    ordered, rows = tokens.ravel()[order], dy.reshape(-1, shape[1])[order]
    present, starts = np.unique(ordered, return_index=True)
    dtable = np.zeros(shape, dy.dtype)
    dtable[present] = np.add.reduceat(rows, starts, axis=0)
    return dtable


def dropout(x, p, rng):
    if p < 0 or p >= 1:
        raise ValueError(f"p = {p}")
    if rng is None:
        return x, (1, 1)
    keep = rng.uniform(size=x.shape) < 1 - p
    scale = x.dtype.type(1 / (1 - p))
    return scale * (x * keep), (keep, scale)


def dropout_backward(dy, cache):
    keep, scale = cache
    return dy * keep * scale
