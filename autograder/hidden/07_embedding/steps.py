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
    deviation = 0.02  # the standard deviation
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
    return shares.sum(0)


@steps(see=OUTPUT)
def unembed(x, table):
    return x @ table.T


@steps(see=OUTPUT)
def unembed_backward(dy, x, table):
    items = x.reshape(-1, *x.shape[-2:]) if x.ndim > 2 else x.reshape(1, -1, x.shape[-1])
    ditems = dy.reshape(*items.shape[:2], dy.shape[-1])
    dx = dy @ table
    shares = ditems.swapaxes(1, 2) @ items  # each batch item's share of dtable
    dtable = shares.sum(0)
    return dx, dtable


@steps(see=NOISE)
def dropout(x, p, rng):
    if rng is None:
        y = x
    else:
        drawn = rng.random(x.shape, np.float32)
        keep = drawn >= p
        kept = 1 - p  # the probability to keep
        y = np.where(keep, x, 0.0) / kept
    return y


@steps(see=NOISE)
def dropout_backward(dy, x, p, rng):
    if rng is None:
        dx = dy
    else:
        drawn = rng.random(x.shape, np.float32)
        keep = drawn >= p
        kept = 1 - p  # the probability to keep
        dx = np.where(keep, dy, 0.0) / kept
    return dx


@steps(see=CLOCK)
def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    base = 10000.0
    positions = np.arange(t)[:, None] + offset
    columns = np.arange(d_model)
    pair = columns // 2
    exponent = 2 * pair / d_model
    wavelength = base**exponent
    angles = positions / wavelength
    even = columns % 2 == 0
    table = np.where(even, np.sin(angles), np.cos(angles))
    return table.astype(dtype)


@steps(see=TURNING)
def rotary(x, offset=0, base=10000.0):
    t = x.shape[-2]
    d = x.shape[-1]
    positions = np.arange(t)[:, None] + offset
    pair = np.arange(d // 2)
    exponent = 2 * pair / d
    angles = positions / base**exponent
    cos = np.cos(angles)
    sin = np.sin(angles)
    first = x[..., 0::2]
    second = x[..., 1::2]
    turned_first = first * cos - second * sin
    turned_second = first * sin + second * cos
    return np.stack([turned_first, turned_second], -1).reshape(x.shape)


@steps(see=BACK)
def rotary_backward(dy, x, offset=0, base=10000.0):
    t = x.shape[-2]
    d = x.shape[-1]
    positions = np.arange(t)[:, None] + offset
    pair = np.arange(d // 2)
    exponent = 2 * pair / d
    angles = positions / base**exponent
    cos = np.cos(angles)
    sin = np.sin(angles)
    dfirst = dy[..., 0::2]
    dsecond = dy[..., 1::2]
    back_first = dfirst * cos + dsecond * sin
    back_second = dsecond * cos - dfirst * sin
    return np.stack([back_first, back_second], -1).reshape(dy.shape)
