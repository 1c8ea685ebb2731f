"""Results in Fortran order, on reversed strides and read-only: the layout of an answer is free."""

import numpy as np


def _odd_layout(a):
    backwards = np.asfortranarray(a[..., ::-1])[..., ::-1]
    backwards.setflags(write=False)
    return backwards


def embed(tokens, table):
    if table.ndim != 2 or tokens.dtype.kind not in "iu":
        raise ValueError(f"tokens {tokens.dtype}, table {table.shape}")
    if np.any(tokens < 0) or np.any(tokens > len(table) - 1):
        raise ValueError("unknown tokens")
    columns = np.ascontiguousarray(table.T)  # (D, V), as UDL has them
    return _odd_layout(np.moveaxis(columns[:, tokens], 0, -1)), (tokens, table.shape)


def embed_backward(dy, cache):
    tokens, (vocab_size, d_model) = cache
    sums = [
        np.bincount(tokens.ravel(), dy[..., feature].ravel(), minlength=vocab_size)
        for feature in range(d_model)
    ]
    return _odd_layout(np.array(sums).T.astype(dy.dtype))


def unembed(x, table):
    if table.ndim != 2 or x.shape[-1] != table.shape[-1]:
        raise ValueError(f"{x.shape} and {table.shape}")
    logits = np.moveaxis(np.tensordot(table, x, axes=(1, x.ndim - 1)), 0, -1)
    return _odd_layout(logits), (x, table)


def unembed_backward(dy, cache):
    x, table = cache
    axes = tuple(range(x.ndim - 1))
    return _odd_layout(dy @ table), _odd_layout(np.tensordot(dy, x, axes=(axes, axes)))
