"""np.add.at on whole rows, einsum for the logits; caches are dicts, closures, whole arguments."""

import numpy as np


def init_embedding(rng, vocab_size, d_model, dtype=np.float64):
    return (0.02 * rng.standard_normal((vocab_size, d_model))).astype(dtype)


def embed(tokens, table):
    if table.ndim != 2 or not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(f"table {table.shape}, tokens {tokens.dtype}")
    if ((tokens < 0) | (tokens >= table.shape[0])).any():
        raise ValueError("tokens outside the vocabulary")
    return np.take(table, tokens, axis=0), {"tokens": tokens, "table": table}


def embed_backward(dy, cache):
    dtable = np.zeros_like(cache["table"])
    np.add.at(dtable, cache["tokens"], dy)
    return dtable


def unembed(x, table):
    if table.ndim != 2 or x.shape[-1] != table.shape[1]:
        raise ValueError(f"x {x.shape}, table {table.shape}")

    def back(dy):
        rows = x.reshape(-1, x.shape[-1])
        drows = dy.reshape(-1, dy.shape[-1])
        return np.einsum("...v,vd->...d", dy, table), np.einsum("nv,nd->vd", drows, rows)

    return np.einsum("...d,vd->...v", x, table), back


def unembed_backward(dy, cache):
    return cache(dy)


def dropout(x, p, rng):
    if not (0 <= p < 1):
        raise ValueError(f"p is {p}")
    dropped = np.zeros(x.shape, bool) if rng is None else rng.random(size=x.shape) < p
    factor = x.dtype.type(1 if rng is None else 1 / (1 - p))
    return np.where(dropped, 0, x * factor), lambda dy: np.where(dropped, 0, dy * factor)


def dropout_backward(dy, cache):
    return cache(dy)
