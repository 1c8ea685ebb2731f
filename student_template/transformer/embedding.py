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
    raise NotImplementedError("init_embedding is not written yet: see handout section 7.3")


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
    raise NotImplementedError("embed is not written yet: see handout section 7.3")


def embed_backward(dy, cache):
    """dy: (..., D)   ->   dtable: (V, D): each row is the sum over the places of its token"""
    raise NotImplementedError("embed_backward is not written yet: see handout section 7.4")


def unembed(x, table):
    """Score every token of the vocabulary: the logits x E^T of a tied output (Vaswani 3.4).

    x: (..., D)   table: (V, D), the embedding's   ->   logits: (..., V), cache

    Raises ValueError if the vectors of x and of the table differ in length.
    """
    if x.shape[-1:] != table.shape[1:]:
        raise ValueError(
            f"x has shape {x.shape}, table {table.shape}; expected (..., D) and (V, D)"
        )
    raise NotImplementedError("unembed is not written yet: see handout section 7.5")


def unembed_backward(dy, cache):
    """dy: (..., V)   ->   dx: (..., D), dtable: (V, D), to be added to that of the embedding"""
    raise NotImplementedError("unembed_backward is not written yet: see handout section 7.5")


def dropout(x, p, rng):
    """Set each number to 0 with probability p, and divide the others by 1 - p (UDL 9.3.3).

    x: any shape   0 <= p < 1   rng: a numpy.random.Generator, or None for evaluation, which
    returns x as it is   ->   y: like x, cache
    So the expected value of y is x ("inverted" dropout; Srivastava et al. 2014, section 10).

    Raises ValueError for p outside [0, 1).
    """
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, expected 0 <= p < 1")
    raise NotImplementedError("dropout is not written yet: see handout section 7.6")


def dropout_backward(dy, cache):
    """dy: like x   ->   dx: like x, through the numbers that the forward kept"""
    raise NotImplementedError("dropout_backward is not written yet: see handout section 7.6")
