"""A token is a one-hot row: embedding is a matrix product, and so is its backward. Tied logits go
through the linear layer of assignment 02."""

import numpy as np

from transformer.layer import linear, linear_backward


def embed(tokens, table):
    if table.ndim != 2 or tokens.dtype.kind not in "iu":
        raise ValueError(f"tokens {tokens.dtype}, table {table.shape}: expected whole, (V, D)")
    vocabulary = np.arange(len(table))
    one_hot = (tokens[..., None] == vocabulary).astype(table.dtype)
    if not np.all(one_hot.any(-1)):
        raise ValueError(f"a token is not one of 0 ... {len(table) - 1}")
    return one_hot @ table, one_hot


def embed_backward(dy, cache):
    one_hot = cache.reshape(-1, cache.shape[-1])
    return one_hot.T @ dy.reshape(-1, dy.shape[-1])


def unembed(x, table):
    if table.ndim != 2 or table.shape[1] != x.shape[-1]:
        raise ValueError(f"x {x.shape}, table {table.shape}")
    return linear(x, table.T, np.zeros(len(table), table.dtype))


def unembed_backward(dy, cache):
    dx, dw, _ = linear_backward(dy, cache)
    return dx, dw.T
