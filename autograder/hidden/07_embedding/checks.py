"""Hidden checks of assignment 07: embedding, tied logits, dropout and positions.

Longer than most files: ten functions. Dropout may draw its mask in any way, so its checks look at
shares and ratios that do not depend on which numbers were dropped.
"""

import numpy as np

from autograder.checker import at_most, check, error_of, within

# What a row of tokens looks like: the same token in several places, and rows that nobody asks for.
REPEATS = np.array([[1, 4, 1], [4, 1, 0]])


def share(condition):
    """How many of the values are True. Chance moves it: a fifth is six standard deviations."""
    return within(float(np.mean(condition)) if condition.size else 0.0, 0.2)


def extremes(ratio):
    """The smallest and the largest value, 0 where there is none."""
    return [float(ratio.min()), float(ratio.max())] if ratio.size else [0.0, 0.0]


# init_embedding


def spread(table):
    return {
        "the shape of the table": list(table.shape),
        "the mean over 0.02": float(table.mean()) / 0.02,
        "the standard deviation": within(float(table.std()), 0.06),
    }


@check(of="init_embedding", weight=2, rtol=0.08)
def test_vectors_have_their_spread(impl, draw):
    """The shape, mean and spread of 150 vectors of 80 numbers"""
    return spread(impl.init_embedding(draw.generator(), 150, 80))


@check(of="init_embedding", rtol=0.08)
def test_the_spread_does_not_depend_on_the_sizes(impl, draw):
    """The shape, mean and spread of 40 vectors of 300 numbers"""
    return spread(impl.init_embedding(draw.generator(), 40, 300))


@check(of="init_embedding", kind="property")
def test_the_table_comes_from_the_generator(impl, draw):
    """The same seed gives the same table, another seed another one"""
    one, other = draw.generator(), draw.generator()
    table, again = impl.init_embedding(one, 7, 5), impl.init_embedding(one, 7, 5)
    return {
        "the same seed gives the same table": bool(np.array_equal(table, again)),
        "another seed gives the same table": bool(
            np.array_equal(table, impl.init_embedding(other, 7, 5))
        ),
        "the number of different values": len(np.unique(table)),
    }


@check(of="init_embedding", kind="edge")
def test_the_dtype_of_the_table(impl, draw):
    """A table of float64, or of the dtype that is asked for"""
    wide = impl.init_embedding(draw.generator(), 5, 3)
    narrow = impl.init_embedding(draw.generator(), 5, 3, np.float32)
    return {"by default": str(wide.dtype), "on request": str(narrow.dtype)}


# embed


@check(of="embed", weight=3)
def test_vectors_of_a_batch(impl, draw):
    """The vectors of a (batch, time) array of tokens"""
    y, _ = impl.embed(draw.integers(0, 7, 2, 3), draw.normal(7, 5))
    return {"y": y}


@check(of="embed")
def test_vectors_of_one_sequence(impl, draw):
    """The vectors of every token of the vocabulary, in some order"""
    y, _ = impl.embed(draw.permutation(6), draw.normal(6, 4))
    return {"y": y}


@check(of="embed")
def test_tokens_with_three_axes(impl, draw):
    """The vectors of tokens with three axes and a narrow dtype"""
    y, _ = impl.embed(draw.integers(0, 4, 2, 1, 3).astype(np.int32), draw.normal(4, 7))
    return {"y": y}


@check(of="embed", kind="edge", weight=0.5)
def test_a_vocabulary_of_one(impl, draw):
    """The only vector of a vocabulary of one token"""
    y, _ = impl.embed(np.zeros((2, 3), np.int64), draw.normal(1, 1))
    return {"y": y}


@check(of="embed", kind="dtype")
def test_float32_vectors(impl, draw):
    """A float32 table gives float32 vectors"""
    y, _ = impl.embed(draw.integers(0, 5, 2, 3), draw.normal(5, 4, dtype=np.float32))
    return {"y": y}


@check(of="embed", kind="error")
def test_tokens_outside_the_vocabulary(impl, draw):
    """A ValueError for tokens that the vocabulary does not have"""
    table = draw.normal(5, 3)
    return {
        "the error for a token of V": error_of(impl.embed, np.array([[0, 5, 1]]), table),
        "the error for a token of -1": error_of(impl.embed, np.array([[0, -1, 1]]), table),
        "the error for tokens that are not whole": error_of(
            impl.embed, np.array([0.0, 2.0]), table
        ),
        "the error for a table of one axis": error_of(impl.embed, np.array([0]), table[0]),
    }


# embed_backward


def table_gradient(impl, draw, tokens, vocab_size, d_model, dtype=np.float64):
    """dtable for these tokens and a random upstream gradient."""
    _, cache = impl.embed(tokens, draw.normal(vocab_size, d_model, dtype=dtype))
    dy = draw.normal(*tokens.shape, d_model, dtype=dtype)
    return {"dtable": impl.embed_backward(dy, cache)}


@check(of="embed_backward", weight=4)
def test_repeated_tokens(impl, draw):
    """The gradient of the table where tokens occur several times"""
    return table_gradient(impl, draw, draw.permutation(6)[REPEATS], 6, 5)


@check(of="embed_backward", weight=2)
def test_many_repeats_of_few_tokens(impl, draw):
    """The gradient of the table for forty tokens of a vocabulary of three"""
    return table_gradient(impl, draw, draw.integers(0, 3, 5, 8), 3, 2)


@check(of="embed_backward")
def test_tokens_without_repeats(impl, draw):
    """The gradient of the table where no token occurs twice"""
    return table_gradient(impl, draw, draw.permutation(7)[:4], 7, 3)


@check(of="embed_backward")
def test_the_last_tokens_do_not_occur(impl, draw):
    """The gradient of a table whose last rows no token asks for"""
    return table_gradient(impl, draw, draw.integers(0, 4, 2, 1, 3), 9, 4)


@check(of="embed_backward")
def test_tokens_of_a_narrow_dtype(impl, draw):
    """The gradient of the table for tokens of dtype uint8, as files have them"""
    return table_gradient(impl, draw, draw.integers(60, 90, 2, 4).astype(np.uint8), 90, 7)


@check(of="embed_backward", weight=0.5)
def test_the_gradient_of_a_single_vector(impl, draw):
    """The gradient of a table of one vector, used six times"""
    return table_gradient(impl, draw, np.zeros((2, 3), np.int64), 1, 5)


@check(of="embed_backward")
def test_each_cache_remembers_its_own_tokens(impl, draw):
    """Two forwards, then their two backwards, the first one twice"""
    table = draw.normal(6, 3)
    _, first = impl.embed(REPEATS, table)
    _, second = impl.embed(REPEATS[::-1, 1:] + 1, table)
    dy = draw.normal(2, 3, 3)
    return {
        "first": impl.embed_backward(dy, first),
        "second": impl.embed_backward(draw.normal(2, 2, 3), second),
        "again": impl.embed_backward(dy, first),
    }


@check(of="embed_backward", kind="property")
def test_nothing_of_the_gradient_is_lost(impl, draw):
    """The rows of dtable add up to what dy adds up to"""
    _, cache = impl.embed(REPEATS, draw.normal(6, 4))
    dy = draw.normal(2, 3, 4)
    return {"difference of the sums": impl.embed_backward(dy, cache).sum(0) - dy.sum((0, 1))}


@check(of="embed_backward", kind="dtype")
def test_a_float32_table_gradient(impl, draw):
    """A float32 dy gives a float32 dtable"""
    return table_gradient(impl, draw, REPEATS, 6, 5, np.float32)


# unembed


@check(of="unembed", weight=3)
def test_logits_of_a_batch(impl, draw):
    """The logits for a (batch, time, features) input"""
    y, _ = impl.unembed(draw.normal(2, 3, 5), draw.normal(7, 5))
    return {"logits": y}


@check(of="unembed")
def test_logits_of_one_vector(impl, draw):
    """The logits of a single vector, without batch or time"""
    y, _ = impl.unembed(draw.normal(4), draw.normal(6, 4))
    return {"logits": y}


@check(of="unembed")
def test_logits_with_four_axes(impl, draw):
    """The logits for an input of four axes and a vocabulary of two"""
    y, _ = impl.unembed(draw.normal(2, 1, 3, 4), draw.normal(2, 4))
    return {"logits": y}


@check(of="unembed", kind="dtype")
def test_float32_logits(impl, draw):
    """float32 inputs give float32 logits"""
    y, _ = impl.unembed(draw.normal(2, 3, dtype=np.float32), draw.normal(5, 3, dtype=np.float32))
    return {"logits": y}


@check(of="unembed", kind="error", weight=0.5)
def test_vectors_of_another_length(impl, draw):
    """A ValueError where x and the table have vectors of different length"""
    return {
        "the error for x": error_of(impl.unembed, draw.normal(2, 3, 7), draw.normal(7, 5)),
        "the error for a table of one axis": error_of(impl.unembed, draw.normal(3, 1), np.ones(1)),
    }


# unembed_backward


def tied_gradients(impl, draw, x, vocab_size, dtype=np.float64):
    """Both gradients for a random table and a random upstream gradient."""
    table = draw.normal(vocab_size, x.shape[-1], dtype=dtype)
    _, cache = impl.unembed(x, table)
    dx, dtable = impl.unembed_backward(draw.normal(*x.shape[:-1], vocab_size, dtype=dtype), cache)
    return {"dx": dx, "dtable": dtable}


@check(of="unembed_backward", weight=3)
def test_gradients_of_logits_of_a_batch(impl, draw):
    """Gradients of x and the table for a (batch, time, features) input"""
    return tied_gradients(impl, draw, draw.normal(2, 3, 5), 7)


@check(of="unembed_backward", weight=2)
def test_gradient_of_the_table(impl, draw):
    """The gradient of the table alone, for a (rows, features) input"""
    return {"dtable": tied_gradients(impl, draw, draw.normal(4, 3), 6)["dtable"]}


@check(of="unembed_backward", weight=2)
def test_gradient_of_the_vectors(impl, draw):
    """The gradient of x alone, for an input of four axes"""
    return {"dx": tied_gradients(impl, draw, draw.normal(2, 1, 3, 4), 5)["dx"]}


@check(of="unembed_backward")
def test_gradients_of_one_vectors_logits(impl, draw):
    """Gradients for a single vector, without batch or time"""
    return tied_gradients(impl, draw, draw.normal(4), 6)


@check(of="unembed_backward")
def test_each_cache_remembers_its_own_vectors(impl, draw):
    """Two forwards, then their two backwards, the first one twice"""
    _, first = impl.unembed(draw.normal(2, 3), draw.normal(5, 3))
    _, second = impl.unembed(draw.normal(4, 2), draw.normal(6, 2))
    dy = draw.normal(2, 5)
    return {
        "first": impl.unembed_backward(dy, first),
        "second": impl.unembed_backward(draw.normal(4, 6), second),
        "again": impl.unembed_backward(dy, first),
    }


@check(of="unembed_backward", kind="dtype")
def test_float32_gradients_of_logits(impl, draw):
    """float32 inputs give float32 gradients"""
    return tied_gradients(impl, draw, draw.normal(2, 3, 4, dtype=np.float32), 5, np.float32)


# dropout


@check(of="dropout", weight=2)
def test_what_is_dropped_and_what_becomes_of_the_rest(impl, draw):
    """The share of zeros, and y / x of all others, for p = 0.3"""
    x = draw.normal(6, 40, 50)
    y, _ = impl.dropout(x, 0.3, draw.generator())
    return {
        "the shape of y": list(y.shape),
        "the share of zeros": share(y == 0),
        "the smallest and largest y / x": extremes((y / x)[y != 0]),
    }


@check(of="dropout", weight=2)
def test_a_large_p(impl, draw):
    """The share of zeros, and y / x of all others, for a vector and p = 0.75"""
    x = draw.normal(6000)
    y, _ = impl.dropout(x, 0.75, draw.generator())
    return {
        "the share that is kept": share(y != 0),
        "the smallest and largest y / x": extremes((y / x)[y != 0]),
    }


@check(of="dropout")
def test_every_number_is_dropped_by_itself(impl, draw):
    """How often neighbours along each axis are dropped or kept together"""
    y, _ = impl.dropout(draw.normal(8, 40, 30), 0.5, draw.generator())
    kept = y != 0
    return {
        "alike along the batch": share(kept[::2] == kept[1::2]),
        "alike along time": share(kept[:, ::2] == kept[:, 1::2]),
        "alike along the features": share(kept[..., ::2] == kept[..., 1::2]),
    }


@check(of="dropout", kind="property")
def test_the_mask_comes_from_the_generator(impl, draw):
    """The same seed drops the same numbers, another seed others"""
    x, one, other = draw.normal(60, 70), draw.generator(), draw.generator()
    kept, again, another = (impl.dropout(x, 0.5, rng)[0] != 0 for rng in (one, one, other))
    return {
        "the same seed drops the same numbers": bool(np.array_equal(kept, again)),
        "the share that another seed treats alike": share(kept == another),
    }


@check(of="dropout", kind="edge", weight=2)
def test_evaluation_changes_nothing(impl, draw):
    """x itself where rng is None, and where p is 0"""
    x = draw.normal(3, 5)
    return {
        "y in evaluation": impl.dropout(x, 0.4, None)[0],
        "y for p = 0": impl.dropout(x, 0.0, draw.generator())[0],
    }


@check(of="dropout", kind="dtype")
def test_float32_after_dropout(impl, draw):
    """A float32 input gives a float32 output, in training and in evaluation"""
    x = draw.normal(40, 50, dtype=np.float32)
    y, _ = impl.dropout(x, 0.2, draw.generator())
    evaluated, _ = impl.dropout(x, 0.2, None)
    return {
        "the dtype of y": str(y.dtype),
        "the smallest and largest y / x": np.array(extremes((y / x)[y != 0]), y.dtype),
        "y in evaluation": evaluated,
    }


@check(of="dropout", kind="error", weight=0.5)
def test_a_p_that_is_no_probability(impl, draw):
    """A ValueError for p below 0, for p = 1 and above"""
    x, rng = draw.normal(2, 3), draw.generator()
    return {
        "the error for p = -0.1": error_of(impl.dropout, x, -0.1, rng),
        "the error for p = 1": error_of(impl.dropout, x, 1.0, rng),
        "the error for p = 1.5": error_of(impl.dropout, x, 1.5, rng),
        "the error for p = 1 in evaluation": error_of(impl.dropout, x, 1.0, None),
    }


# dropout_backward


def through_dropout(impl, draw, x, p):
    """dx / dy, beside y / x of the same call: both are the mask."""
    y, cache = impl.dropout(x, p, draw.generator())
    dy = draw.normal(*x.shape)
    dx = impl.dropout_backward(dy, cache)
    kept = y != 0
    forward, backward = np.where(kept, y / x, 1.0), dx / dy
    return {
        "the share of zeros in dx": share(dx == 0),
        "the share of dropped numbers with a gradient": share(backward[~kept] != 0),
        "dx / dy over y / x, where y was kept": extremes((backward / forward)[kept]),
    }


@check(of="dropout_backward", weight=3)
def test_the_gradient_takes_the_forwards_mask(impl, draw):
    """dx is zero where y is, and scaled as y is elsewhere, for p = 0.3"""
    return through_dropout(impl, draw, draw.normal(5, 30, 40), 0.3)


@check(of="dropout_backward", weight=2)
def test_the_gradient_for_a_large_p(impl, draw):
    """dx is zero where y is, and scaled as y is elsewhere, for p = 0.8"""
    return through_dropout(impl, draw, draw.normal(7000), 0.8)


@check(of="dropout_backward")
def test_an_input_of_zeros_has_a_gradient(impl, draw):
    """The share of zeros in dx where x is zero, and p = 0.25"""
    x, dy = np.zeros((80, 70)), draw.normal(80, 70)
    _, cache = impl.dropout(x, 0.25, draw.generator())
    return {"the share of zeros in dx": share(impl.dropout_backward(dy, cache) == 0)}


@check(of="dropout_backward")
def test_each_cache_remembers_its_own_mask(impl, draw):
    """Two forwards, then their backwards: each goes through its own mask"""
    x, dy = draw.normal(60, 50), draw.normal(60, 50)
    y, first = impl.dropout(x, 0.5, draw.generator())
    _, second = impl.dropout(x, 0.5, draw.generator())
    dx, other = impl.dropout_backward(dy, first), impl.dropout_backward(dy, second)
    again = impl.dropout_backward(dy, first)
    return {
        "the share in which y and its dx are zero alike": share((dx == 0) == (y == 0)),
        "the share in which both dx are zero alike": share((dx == 0) == (other == 0)),
        "the second time": extremes(again - dx),
    }


@check(of="dropout_backward", kind="edge")
def test_gradients_in_evaluation(impl, draw):
    """dy itself where rng was None, and where p was 0"""
    x, dy = draw.normal(3, 5), draw.normal(3, 5)
    _, evaluation = impl.dropout(x, 0.4, None)
    _, nothing = impl.dropout(x, 0.0, draw.generator())
    return {
        "dx in evaluation": impl.dropout_backward(dy, evaluation),
        "dx for p = 0": impl.dropout_backward(dy, nothing),
    }


@check(of="dropout_backward", kind="dtype")
def test_float32_gradients_through_dropout(impl, draw):
    """A float32 dy gives a float32 dx, in training and in evaluation"""
    x, dy = draw.normal(30, 50, dtype=np.float32), draw.normal(30, 50, dtype=np.float32)
    _, training = impl.dropout(x, 0.2, draw.generator())
    _, evaluation = impl.dropout(x, 0.2, None)
    dx = impl.dropout_backward(dy, training)
    return {
        "the dtype of dx": str(dx.dtype),
        "the share of zeros in dx": at_most(float(np.mean(dx == 0)), 0.3),
        "dx in evaluation": impl.dropout_backward(dy, evaluation),
    }


# sinusoidal_positions


@check(of="sinusoidal_positions", weight=3)
def test_the_first_positions(impl, draw):
    """Five positions of six features"""
    return {"table": impl.sinusoidal_positions(5, 6)}


@check(of="sinusoidal_positions", weight=2)
def test_later_positions(impl, draw):
    """Positions from an offset on, as a cache needs them"""
    return {"table": impl.sinusoidal_positions(3, 8, offset=draw.integer(7, 40))}


@check(of="sinusoidal_positions")
def test_an_odd_number_of_features(impl, draw):
    """Seven features: the last sine has no cosine"""
    return {"table": impl.sinusoidal_positions(4, 7, draw.integer(2, 9))}


@check(of="sinusoidal_positions")
def test_far_positions(impl, draw):
    """Positions in the thousands"""
    return {"table": impl.sinusoidal_positions(4, 10, draw.integer(3000, 6000))}


@check(of="sinusoidal_positions", weight=0.5)
def test_one_position_of_one_feature(impl, draw):
    """A single position of a single feature"""
    return {"table": impl.sinusoidal_positions(1, 1, draw.integer(1, 6))}


@check(of="sinusoidal_positions", kind="property")
def test_products_depend_on_the_distance(impl, draw):
    """The product of two positions is that of two others as far apart"""
    near, far = impl.sinusoidal_positions(5, 8), impl.sinusoidal_positions(5, 8, 23)
    return {"difference of the products": far @ far.T - near @ near.T}


@check(of="sinusoidal_positions", kind="dtype")
def test_the_dtype_of_positions(impl, draw):
    """float64 unless asked otherwise; float32 exact at position 100,000"""
    return {
        "by default": impl.sinusoidal_positions(2, 4, 3),
        "on request": impl.sinusoidal_positions(3, 12, 100_000, np.float32),
    }


# rotary


@check(of="rotary", weight=3)
def test_rotated_heads(impl, draw):
    """The rotated (batch, heads, time, features) array from position 0 on"""
    y, _ = impl.rotary(draw.normal(2, 3, 5, 4))
    return {"y": y}


@check(of="rotary", weight=2)
def test_rotated_later_positions(impl, draw):
    """Positions from an offset on, as a cache needs them"""
    y, _ = impl.rotary(draw.normal(1, 2, 3, 8), offset=draw.integer(7, 40))
    return {"y": y}


@check(of="rotary")
def test_another_base(impl, draw):
    """A base of 50 instead of 10,000"""
    y, _ = impl.rotary(draw.normal(3, 1, 4, 6), draw.integer(1, 5), 50.0)
    return {"y": y}


@check(of="rotary")
def test_one_position_of_one_pair(impl, draw):
    """A single head, position and pair of features"""
    y, _ = impl.rotary(draw.normal(1, 1, 1, 2), draw.integer(1, 6))
    return {"y": y}


@check(of="rotary", kind="edge")
def test_position_zero_is_not_turned(impl, draw):
    """The first position of all stays as it is"""
    y, _ = impl.rotary(draw.normal(2, 3, 1, 6))
    return {"y": y}


@check(of="rotary", kind="property")
def test_scores_depend_on_the_distance(impl, draw):
    """Shifting queries and keys together changes no score"""
    q, k = draw.normal(1, 2, 3, 6), draw.normal(1, 2, 3, 6)
    near = impl.rotary(q)[0] @ impl.rotary(k)[0].swapaxes(-1, -2)
    far = impl.rotary(q, 19)[0] @ impl.rotary(k, 19)[0].swapaxes(-1, -2)
    return {"difference of the scores": far - near}


@check(of="rotary", kind="property")
def test_a_sequence_in_two_parts(impl, draw):
    """The last positions alone, with their offset, as in the whole"""
    x = draw.normal(2, 3, 5, 4)
    return {"difference": impl.rotary(x[:, :, 3:], 3)[0] - impl.rotary(x)[0][:, :, 3:]}


@check(of="rotary", kind="dtype")
def test_float32_rotations(impl, draw):
    """float32 stays float32, and is exact at position 100,000"""
    y, _ = impl.rotary(draw.normal(2, 1, 3, 12, dtype=np.float32), 100_000)
    return {"y": y}


@check(of="rotary", kind="error", weight=0.5)
def test_features_that_make_no_pairs(impl, draw):
    """A ValueError for an odd number of features, and for three axes"""
    return {
        "the error for d = 5": error_of(impl.rotary, draw.normal(2, 1, 3, 5)),
        "the error for three axes": error_of(impl.rotary, draw.normal(2, 3, 4)),
    }


# rotary_backward


def gradient_through_rotary(impl, draw, *shape, **arguments):
    """dx for a random upstream gradient."""
    _, cache = impl.rotary(draw.normal(*shape), **arguments)
    return {"dx": impl.rotary_backward(draw.normal(*shape), cache)}


@check(of="rotary_backward", weight=3)
def test_gradient_of_rotated_heads(impl, draw):
    """dx for a (batch, heads, time, features) input from position 0 on"""
    return gradient_through_rotary(impl, draw, 2, 3, 5, 4)


@check(of="rotary_backward", weight=2)
def test_gradient_of_later_positions(impl, draw):
    """dx for positions from an offset on"""
    return gradient_through_rotary(impl, draw, 1, 2, 3, 8, offset=draw.integer(7, 40))


@check(of="rotary_backward")
def test_gradient_for_another_base(impl, draw):
    """dx for a base of 50 instead of 10,000"""
    return gradient_through_rotary(impl, draw, 3, 1, 4, 6, offset=2, base=50.0)


@check(of="rotary_backward")
def test_each_cache_remembers_its_own_angles(impl, draw):
    """Two forwards, then their two backwards, the first one twice"""
    _, first = impl.rotary(draw.normal(1, 2, 3, 4), 4)
    _, second = impl.rotary(draw.normal(2, 1, 2, 6), 9)
    dy = draw.normal(1, 2, 3, 4)
    return {
        "first": impl.rotary_backward(dy, first),
        "second": impl.rotary_backward(draw.normal(2, 1, 2, 6), second),
        "again": impl.rotary_backward(dy, first),
    }


@check(of="rotary_backward", kind="property")
def test_backward_turns_back(impl, draw):
    """The backward of a rotated array is the array"""
    x = draw.normal(2, 1, 5, 6)
    y, cache = impl.rotary(x, 3)
    return {"difference": impl.rotary_backward(y, cache) - x}


@check(of="rotary_backward", kind="dtype")
def test_float32_gradients_of_rotations(impl, draw):
    """float32 stays float32, and is exact at position 100,000"""
    x, dy = draw.normal(2, 1, 3, 12, dtype=np.float32), draw.normal(2, 1, 3, 12, dtype=np.float32)
    _, cache = impl.rotary(x, 100_000)
    return {"dx": impl.rotary_backward(dy, cache)}


# Cost: inputs so large that a gradient computed by differences takes far too long


@check(of="embed_backward", kind="cost")
def test_gradient_of_a_large_table(impl, draw):
    """The work that the gradient of 300 vectors of 32 numbers takes"""
    return table_gradient(impl, draw, draw.integers(0, 300, 8, 16), 300, 32)


@check(of="unembed_backward", kind="cost")
def test_gradients_of_many_logits(impl, draw):
    """The work that the gradients of the logits of 150 tokens take"""
    return tied_gradients(impl, draw, draw.normal(2, 2, 64), 150)


@check(of="rotary_backward", kind="cost")
def test_gradient_of_long_heads(impl, draw):
    """The work that the gradient of heads of 32 positions takes"""
    return gradient_through_rotary(impl, draw, 2, 4, 32, 24)
