"""One place after the other, one number after the other; caches are lists."""

import numpy as np


def init_embedding(rng, vocab_size, d_model, dtype=np.float64):
    bound = 0.02 * 3**0.5  # uniform numbers of the same standard deviation
    rows = [rng.uniform(-bound, bound, d_model) for _ in range(vocab_size)]
    return np.array(rows, dtype=dtype)


def embed(tokens, table):
    if table.ndim != 2 or tokens.dtype.kind not in "iu":
        raise ValueError(f"tokens of {tokens.dtype}, table of shape {table.shape}")
    y = np.empty((*tokens.shape, table.shape[1]), table.dtype)
    places = []
    for place in np.ndindex(tokens.shape):
        token = int(tokens[place])
        if token < 0 or token >= table.shape[0]:
            raise ValueError(f"token {token} is not in the vocabulary of {table.shape[0]}")
        y[place] = table[token]
        places.append((place, token))
    return y, [places, table.shape]


def embed_backward(dy, cache):
    places, shape = cache
    dtable = np.zeros(shape, dy.dtype)
    for place, token in places:
        dtable[token] += dy[place]
    return dtable


def unembed(x, table):
    if table.ndim != 2 or x.shape[-1] != table.shape[1]:
        raise ValueError(f"x {x.shape} does not fit the table {table.shape}")
    logits = np.empty((*x.shape[:-1], len(table)), np.result_type(x, table))
    for place in np.ndindex(x.shape[:-1]):
        for token, vector in enumerate(table):
            logits[(*place, token)] = sum(a * b for a, b in zip(x[place], vector, strict=True))
    return logits, [x, table]


def unembed_backward(dy, cache):
    x, table = cache
    dx, dtable = np.zeros_like(x), np.zeros_like(table)
    for place in np.ndindex(x.shape[:-1]):
        for token in range(len(table)):
            dx[place] += dy[(*place, token)] * table[token]
            dtable[token] += dy[(*place, token)] * x[place]
    return dx, dtable


def dropout(x, p, rng):
    if p < 0 or p >= 1:
        raise ValueError(f"p = {p} must be at least 0 and less than 1")
    y, mask = x.copy(), None
    if rng is not None:
        mask = np.ones_like(x)
        for index in np.ndindex(x.shape):
            mask[index] = 0 if rng.random() < p else 1 / (1 - p)
            y[index] *= mask[index]
    return y, [mask]


def dropout_backward(dy, cache):
    (mask,) = cache
    if mask is None:
        return dy.copy()
    dx = np.empty_like(dy)
    for index in np.ndindex(dy.shape):
        dx[index] = dy[index] * mask[index]
    return dx
