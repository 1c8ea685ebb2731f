"""The steps of embeddings, dropout and positions, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

TABLE = "handout.md#a-row-for-each-token"
REPEATED = "handout.md#repeated-tokens-add-up"
OUTPUT = "handout.md#the-same-table-at-the-end"
NOISE = "handout.md#dropout-noise-with-the-right-mean"
CLOCK = "handout.md#a-clock-with-many-hands"
TURNING = "handout.md#turning-queries-and-keys"
BACK = "handout.md#backward-is-turning-back"


@steps(see=TABLE)
def init_embedding(rng, vocab_size, d_model, dtype=np.float64):
    # why: With tied logits a larger spread starts the loss far above log V, and zeros make all
    # tokens alike.
    deviation = 0.02  # the standard deviation
    # why: A row for each token, (V, D), of standard deviation (not variance) 0.02: the loss starts
    # near log V.
    table = rng.normal(0, deviation, (vocab_size, d_model))
    return table.astype(dtype)


@steps(see=TABLE)
def embed(tokens, table):
    return table[tokens]


@steps(see=REPEATED)
def embed_backward(dy, tokens, table):
    vocab_size = len(table)
    items = tokens.reshape(-1, tokens.shape[-1]) if tokens.ndim > 1 else tokens.reshape(1, -1)
    ditems = dy.reshape(*items.shape, dy.shape[-1])
    here = np.arange(vocab_size)[:, None] == items[:, None, :]
    one_hot = np.where(here, 1.0, 0.0)  # the places of each token
    shares = one_hot @ ditems  # each sequence's share of the table's gradient
    # why: Every use of a token adds its share; the loss has divided by the size of the batch
    # already.
    return shares.sum(0)


@steps(see=OUTPUT)
def unembed(x, table):
    return x @ table.T


@steps(see=OUTPUT)
def unembed_backward(dy, x, table):
    items = x.reshape(-1, *x.shape[-2:]) if x.ndim > 2 else x.reshape(1, -1, x.shape[-1])
    ditems = dy.reshape(*items.shape[:2], dy.shape[-1])
    dx = dy @ table
    # why: dtable is dyᵀ @ x, this use's share alone: the embedding's comes from embed_backward.
    shares = ditems.swapaxes(1, 2) @ items  # each batch item's share of dtable
    dtable = shares.sum(0)
    # why: dx comes first, then dtable.
    return dx, dtable


@steps(see=NOISE)
def dropout(x, p, rng):
    if rng is None:
        y = x
    else:
        drawn = rng.random(x.shape, np.float32)
        # why: Each number is dropped by itself, with probability p.
        keep = drawn >= p
        kept = 1 - p  # the probability to keep
        # as hard: it is not divided by `kept`; it is multiplied by `kept`; it is divided by the
        # root
        # why: Fewer numbers must count more: the kept ones are divided by 1 - p, so that the mean
        # stays.
        y = np.where(keep, x, 0.0) / kept
    return y


@steps(see=NOISE)
def dropout_backward(dy, x, p, rng):
    if rng is None:
        dx = dy
    else:
        drawn = rng.random(x.shape, np.float32)
        # why: The backward keeps what the forward kept: the mask is in the cache.
        keep = drawn >= p
        kept = 1 - p  # the probability to keep
        # why: The forward divided what it kept by 1 - p, so the gradient is divided too; what it
        # dropped has none.
        dx = np.where(keep, dy, 0.0) / kept
    # why: What the forward dropped has no gradient; the rest is scaled as it was.
    return dx


@steps(see=CLOCK)
def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    # why: The wavelengths go up to 2π times 10000.
    base = 10000.0
    # why: Positions count from 0, or from offset.
    positions = np.arange(t)[:, None] + offset
    columns = np.arange(d_model)
    # why: The i of 2i / D counts pairs of columns, and a pair shares it.
    pair = columns // 2  # the pair of each column
    # why: The exponent is 2i / D for the pair i: from 0 to nearly 1.
    exponent = 2 * pair / d_model
    wavelength = base**exponent
    # why: A position is divided by its pair's wavelength, 10000^(2i / D).
    angles = positions / wavelength
    # why: The even columns are sines, the odd ones cosines.
    even = columns % 2 == 0
    # why: The even columns are sines, the odd cosines: a sine alone doesn't tell on which side of
    # its peak it is.
    table = np.where(even, np.sin(angles), np.cos(angles))
    # why: The table has the dtype that was asked for.
    return table.astype(dtype)


@steps(see=TURNING)
def rotary(x, offset=0, base=10000.0):
    t = x.shape[-2]
    d = x.shape[-1]
    # as hard: the term `offset` is missing; it counts from 1
    # why: The first position is 0 (or offset), and position 0 is not turned.
    positions = np.arange(t)[:, None] + offset
    pair = np.arange(d // 2)
    # as hard: the factor `2` is missing
    # why: The exponent is 2i / d for the pair i.
    exponent = 2 * pair / d
    # as hard: it is not divided by; it is multiplied by `base; the argument `base` is not used
    # why: Pair i turns by m / base^(2i / d) at position m, with the base that was given.
    angles = positions / base**exponent
    cos = np.cos(angles)
    # why: The rotation is the paper's, counter-clockwise.
    sin = np.sin(angles)
    first = x[..., 0::2]
    second = x[..., 1::2]
    # as hard: the term `second * sin` has the wrong sign
    # why: The first feature of a pair becomes first * cos - second * sin, of the old values.
    turned_first = first * cos - second * sin
    # as hard: `turned_first` stands where `first`
    # why: The second feature of a pair becomes first * sin + second * cos, of the old values.
    turned_second = first * sin + second * cos
    return np.stack([turned_first, turned_second], -1).reshape(x.shape)


@steps(see=BACK)
def rotary_backward(dy, x, offset=0, base=10000.0):
    t = x.shape[-2]
    d = x.shape[-1]
    # why: The backward turns by the forward's angles: they are in the cache, with its offset.
    positions = np.arange(t)[:, None] + offset  # the positions that were turned
    pair = np.arange(d // 2)
    exponent = 2 * pair / d
    # why: The backward turns by the forward's angles: they are in the cache, with its base.
    angles = positions / base**exponent
    cos = np.cos(angles)
    # why: Going back, every pair turns by minus the angle: the rotation, transposed.
    sin = np.sin(angles)
    dfirst = dy[..., 0::2]
    dsecond = dy[..., 1::2]
    # why: The transposed rotation exchanges the signs of both sines, and takes the old dy of both
    # features.
    back_first = dfirst * cos + dsecond * sin
    # why: The transposed rotation exchanges the signs of both sines, and takes the old dy of both
    # features.
    back_second = dsecond * cos - dfirst * sin
    return np.stack([back_first, back_second], -1).reshape(dy.shape)
