"""Public checks of assignment 07, the ones that `python check.py 07` runs on your machine.

A check computes outputs with your functions; what they are compared with was recorded from the
reference solution. The hidden checks ask for the same things with other inputs, and for a few more.
Dropout may draw in any way: its checks look at shares and ratios only.
"""

import numpy as np

from autograder.checker import at_most, check, error_of, within


@check(of="init_embedding", rtol=0.08)
def test_a_table_of_small_numbers(impl, draw):
    """Shape, mean and spread of 200 vectors of 60 numbers"""
    table = impl.init_embedding(draw.generator(), 200, 60)
    return {
        "the shape": list(table.shape),
        "the mean over 0.02": float(table.mean()) / 0.02,
        "the standard deviation": within(float(table.std()), 0.06),
    }


@check(of="embed")
def test_look_up(impl, draw):
    """The vectors of three sequences of four tokens"""
    y, _ = impl.embed(draw.integers(0, 9, 3, 4), draw.normal(9, 2))
    return {"y": y}


@check(of="embed", kind="error")
def test_unknown_tokens(impl, draw):
    """A ValueError for tokens outside the vocabulary"""
    tokens, table = draw.integers(0, 6, 5), draw.normal(6, 3)
    return {
        "the error for tokens too large": error_of(impl.embed, tokens + 6, table),
        "the error for tokens below 0": error_of(impl.embed, tokens - 6, table),
    }


@check(of="embed_backward")
def test_one_token_three_times(impl, draw):
    """The gradient of the table for the tokens 2, 0, 2, 2 of five"""
    _, cache = impl.embed(np.array([2, 0, 2, 2]), draw.normal(5, 3))
    return {"dtable": impl.embed_backward(draw.normal(4, 3), cache)}


@check(of="embed_backward", kind="dtype")
def test_a_batch_of_tokens(impl, draw):
    """A float32 gradient of the table for a batch of tokens"""
    _, cache = impl.embed(draw.integers(0, 4, 3, 5), draw.normal(8, 2, dtype=np.float32))
    return {"dtable": impl.embed_backward(draw.normal(3, 5, 2, dtype=np.float32), cache)}


@check(of="unembed")
def test_scores_of_all_tokens(impl, draw):
    """The logits of three sequences of two positions"""
    y, _ = impl.unembed(draw.normal(3, 2, 4), draw.normal(6, 4))
    return {"logits": y}


@check(of="unembed_backward")
def test_both_gradients_of_the_logits(impl, draw):
    """dx and dtable for three sequences of two positions"""
    _, cache = impl.unembed(draw.normal(3, 2, 4), draw.normal(6, 4))
    dx, dtable = impl.unembed_backward(draw.normal(3, 2, 6), cache)
    return {"dx": dx, "dtable": dtable}


@check(of="dropout")
def test_half_of_the_numbers(impl, draw):
    """The share of zeros, and y / x of all others, for p = 0.5"""
    x = draw.normal(3, 40, 60)
    y, _ = impl.dropout(x, 0.5, draw.generator())
    ratio = (y / x)[y != 0]
    return {
        "the share of zeros": within(float(np.mean(y == 0)), 0.12),
        "the smallest y / x that is not 0": float(ratio.min(initial=9)),
        "the largest y / x": float(ratio.max(initial=0)),
    }


@check(of="dropout", kind="edge")
def test_nothing_is_dropped_in_evaluation(impl, draw):
    """x itself where rng is None"""
    y, _ = impl.dropout(draw.normal(2, 7), 0.9, None)
    return {"y": y}


@check(of="dropout_backward")
def test_the_same_numbers_are_dropped(impl, draw):
    """dx is zero where y is, and dx / dy is y / x elsewhere, for p = 0.6"""
    x, dy = draw.normal(50, 70), draw.normal(50, 70)
    y, cache = impl.dropout(x, 0.6, draw.generator())
    dx = impl.dropout_backward(dy, cache)
    return {
        "the share of zeros in dx": within(float(np.mean(dx == 0)), 0.12),
        "the largest difference of dx / dy and y / x": float(np.abs(dx / dy - y / x).max()),
    }


@check(of="sinusoidal_positions")
def test_the_first_ten_positions(impl, draw):
    """Ten or more positions of four features"""
    return {"table": impl.sinusoidal_positions(draw.integer(10, 14), 4)}


@check(of="sinusoidal_positions")
def test_odd_and_offset(impl, draw):
    """Two positions of nine features, from an offset on"""
    return {"table": impl.sinusoidal_positions(2, 9, draw.integer(3, 9))}


@check(of="rotary")
def test_turned_queries(impl, draw):
    """Turned features of three heads, from position 6 on"""
    y, _ = impl.rotary(draw.normal(1, 3, 2, 6), 6)
    return {"y": y}


@check(of="rotary", kind="property")
def test_lengths_stay(impl, draw):
    """The length of every pair of features stays what it was"""
    x = draw.normal(2, 1, 5, 4)
    y, _ = impl.rotary(x, 2)
    lengths = [np.hypot(a[..., 0::2], a[..., 1::2]) for a in (x, y)]
    return {"the largest change": at_most(float(np.abs(lengths[1] - lengths[0]).max()), 1e-9)}


@check(of="rotary_backward")
def test_gradients_turned_back(impl, draw):
    """dx for three heads, from position 6 on, and another base"""
    _, cache = impl.rotary(draw.normal(1, 3, 2, 6), 6, 500.0)
    return {"dx": impl.rotary_backward(draw.normal(1, 3, 2, 6), cache)}
