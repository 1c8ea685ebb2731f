"""Tokens to vectors, vectors to logits with the same table, and dropout.

Vaswani et al. 2017 share one table between the embedding and the layer before the softmax (section
3.4) and drop features after every sublayer (section 5.4). UDL has embeddings in section 12.5.2 (the
columns of a matrix are our rows) and dropout in section 9.3.3.
"""

import numpy as np


def init_embedding(rng, vocab_size, d_model, dtype=np.float64):
    """Draw one vector for each token, with mean 0 and standard deviation 0.02.

    So small that the first logits of a tied output are nearly equal, and the first loss is nearly
    log(vocab_size) (0.02 as in Radford et al. 2018, section 4.1).
    ->   (vocab_size, d_model), drawn from the numpy.random.Generator `rng`
    """
    return rng.normal(0, 0.02, (vocab_size, d_model)).astype(dtype)


def embed(tokens, table):
    """Look up the vector of each token (Vaswani et al. 2017, 3.4, without its sqrt(d_model)).

    tokens: (...) whole numbers   table: (V, D)   ->   y: (..., D), cache

    Raises ValueError for a table without two axes, and for tokens that are not whole numbers or
    lie outside 0 ... V - 1.
    """
    if table.ndim != 2:
        raise ValueError(f"table has shape {table.shape}, expected (V, D)")
    if not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(f"tokens has dtype {tokens.dtype}, expected whole numbers")
    if tokens.size and not 0 <= tokens.min() <= tokens.max() < len(table):
        raise ValueError(
            f"tokens of shape {tokens.shape} lie in {tokens.min()} ... {tokens.max()}, "
            f"expected 0 ... {len(table) - 1} for a table of shape {table.shape}"
        )
    return table[tokens], (tokens, table.shape)


def embed_backward(dy, cache):
    """dy: (..., D)   ->   dtable: (V, D): each row is the sum over the places of its token"""
    tokens, (vocab_size, d_model) = cache
    dtable = np.zeros(vocab_size * d_model, dy.dtype)
    # Number by number: 2 to 4 times as fast as np.add.at(dtable, tokens, dy) with whole rows.
    places = np.multiply(tokens.reshape(-1, 1), d_model, dtype=np.intp) + np.arange(d_model)
    np.add.at(dtable, places.ravel(), dy.ravel())
    return dtable.reshape(vocab_size, d_model)


def unembed(x, table):
    """Score every token of the vocabulary: the logits x E^T of a tied output (Vaswani 3.4).

    x: (..., D)   table: (V, D), the embedding's   ->   logits: (..., V), cache

    Raises ValueError if the vectors of x and of the table differ in length.
    """
    if x.shape[-1:] != table.shape[1:]:
        raise ValueError(
            f"x has shape {x.shape}, table {table.shape}; expected (..., D) and (V, D)"
        )
    rows = x.reshape(-1, x.shape[-1])  # (N, D): one flat product, as in linear
    return (rows @ table.T).reshape(*x.shape[:-1], len(table)), (rows, table, x.shape)


def unembed_backward(dy, cache):
    """dy: (..., V)   ->   dx: (..., D), dtable: (V, D), to be added to that of the embedding"""
    rows, table, shape = cache
    drows = dy.reshape(-1, len(table))  # (N, V)
    return (drows @ table).reshape(shape), drows.T @ rows


def dropout(x, p, rng):
    """Set each number to 0 with probability p, and divide the others by 1 - p (UDL 9.3.3).

    x: any shape   0 <= p < 1   rng: a numpy.random.Generator, or None for evaluation, which
    returns x as it is   ->   y: like x, cache
    So the expected value of y is x ("inverted" dropout; Srivastava et al. 2014, section 10).

    Raises ValueError for p outside [0, 1).
    """
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, expected 0 <= p < 1")
    if rng is None:
        return x, None
    keep = rng.random(x.shape, np.float32) >= p
    mask = np.multiply(keep, 1 / (1 - p), dtype=x.dtype)  # 0 or 1 / (1 - p)
    return x * mask, mask


def dropout_backward(dy, cache):
    """dy: like x   ->   dx: like x, through the numbers that the forward kept"""
    mask = cache
    return dy if mask is None else dy * mask
