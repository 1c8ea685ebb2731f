"""Hidden checks of assignment 04: masks, dot-product attention, one head, many heads."""

import numpy as np

from autograder.checker import at_most, check, error_of, within


def causal(t):
    return np.tri(t, dtype=bool)


def some_hidden(draw, *shape):
    """A random mask of (..., T, S) in which each query sees its first key and misses its last."""
    mask = draw.uniform(0, 1, *shape) < 0.5
    mask[..., 0], mask[..., -1] = True, False
    return mask


def head_params(draw, d_model, d_context, d, d_v):
    return {
        "w_q": draw.normal(d_model, d),
        "b_q": draw.normal(d),
        "w_k": draw.normal(d_context, d),
        "b_k": draw.normal(d),
        "w_v": draw.normal(d_context, d_v),
        "b_v": draw.normal(d_v),
    }


def attention_params(draw, d, d_context=None, dtype=np.float64):
    shapes = {"w_q": (d, d), "w_k": (d_context or d, d), "w_v": (d_context or d, d), "w_o": (d, d)}
    weights = {name: draw.normal(*shape, scale=0.5, dtype=dtype) for name, shape in shapes.items()}
    return weights | {name: draw.normal(d, dtype=dtype) for name in ("b_q", "b_k", "b_v", "b_o")}


def forward_backward(forward, backward, dy, *args):
    _, cache = forward(*args)
    return backward(dy, cache)


# ---------------------------------------------------------------------------------------- masks


@check(of="causal_mask")
def test_causal_square_and_last_rows(impl, draw):
    """As many queries as keys, and fewer: the last rows of the square mask."""
    return {
        "square": impl.causal_mask(5),
        "square_by_both": impl.causal_mask(4, 4),
        "last_rows": impl.causal_mask(3, 7),
        "last_row": impl.causal_mask(1, 6),
    }


@check(of="causal_mask", kind="error")
def test_causal_more_queries_than_keys(impl, draw):
    """More queries than keys are refused with a ValueError."""
    return {"raises": error_of(impl.causal_mask, 4, 3)}


@check(of="padding_mask")
def test_padding_behind_each_sequence(impl, draw):
    """Real positions come first, in the shape (B, 1, 1, t)."""
    return {"mask": impl.padding_mask(np.array([3, 1, 6, 0, draw.integer(1, 6)]), 6)}


@check(of="padding_mask", kind="error")
def test_padding_of_bad_lengths(impl, draw):
    """Lengths above t, below 0 or in a table are refused with a ValueError."""
    return {
        "too_long": error_of(impl.padding_mask, np.array([2, 5]), 4),
        "negative": error_of(impl.padding_mask, np.array([2, -1]), 4),
        "table": error_of(impl.padding_mask, np.array([[2], [3]]), 4),
    }


# ------------------------------------------------------------------------- dot-product attention


@check(of="scaled_dot_product_attention", weight=2)
def test_attention_of_unequal_lengths(impl, draw):
    """Batch and heads in front, other numbers of queries and keys, d_v unlike d."""
    q, k, v = draw.normal(2, 3, 4, 5), draw.normal(2, 3, 6, 5), draw.normal(2, 3, 6, 7)
    y, _ = impl.scaled_dot_product_attention(q, k, v)
    return {"y": y}


@check(of="scaled_dot_product_attention", weight=2)
def test_attention_under_a_causal_mask(impl, draw):
    """A causal mask for (batch, time, features)."""
    q, k, v = draw.normal(2, 5, 3), draw.normal(2, 5, 3), draw.normal(2, 5, 4)
    y, _ = impl.scaled_dot_product_attention(q, k, v, causal(5))
    return {"y": y}


@check(of="scaled_dot_product_attention")
def test_attention_under_a_padding_mask(impl, draw):
    """A padding mask (B, 1, 1, T) hides keys, for every head and every query."""
    q, k, v = draw.normal(2, 3, 5, 4), draw.normal(2, 3, 5, 4), draw.normal(2, 3, 5, 4)
    mask = (np.arange(5) < np.array([[3], [4]]))[:, None, None]
    y, _ = impl.scaled_dot_product_attention(q, k, v, mask)
    return {"y": y}


@check(of="scaled_dot_product_attention")
def test_attention_under_a_mask_per_head(impl, draw):
    """Each head has a mask of its own; queries that may attend nowhere get zeros."""
    q, k, v = draw.normal(2, 3, 4, 5), draw.normal(2, 3, 6, 5), draw.normal(2, 3, 6, 2)
    mask = some_hidden(draw, 2, 3, 4, 6)
    mask[0, 2, 1] = mask[1, 0, 3] = False
    q[1, 2], k[1, 2] = 300 * np.abs(q[1, 2]), -300 * np.abs(k[1, 2])  # scores below -10,000 ...
    k[1, 2, -1] *= -1  # ... beside a hidden one above 10,000
    y, _ = impl.scaled_dot_product_attention(q, k, v, mask)
    return {"y": y}


@check(of="scaled_dot_product_attention")
def test_attention_of_huge_scores(impl, draw):
    """Scores of ±100,000; allowed ones far below hidden ones."""
    q, k, v = draw.normal(3, 5, scale=300), draw.normal(4, 5, scale=300), draw.normal(4, 2)
    plain, _ = impl.scaled_dot_product_attention(q, k, v)
    q, k, v = draw.uniform(200, 400, 3, 4), draw.uniform(200, 400, 5, 4), draw.normal(5, 6)
    mask = np.array([True, True, False, True, False])
    k[mask] *= -1
    hidden, _ = impl.scaled_dot_product_attention(q, k, v, mask)
    return {"plain": plain, "hidden": hidden}


@check(of="scaled_dot_product_attention")
def test_attention_of_zero_scores(impl, draw):
    """A score that is exactly zero is a score like any other."""
    q, k, v = draw.normal(3, 4), draw.normal(5, 4), draw.normal(5, 2)
    q[1] = 0
    k[2] = 0
    y, _ = impl.scaled_dot_product_attention(q, k, v, some_hidden(draw, 3, 5))
    return {"y": y}


@check(of="scaled_dot_product_attention", kind="property")
def test_attention_is_causal(impl, draw):
    """Under a causal mask, later keys and values change nothing earlier."""
    q, k, v, mask = draw.normal(2, 6, 3), draw.normal(2, 6, 3), draw.normal(2, 6, 4), causal(6)
    y, _ = impl.scaled_dot_product_attention(q, k, v, mask)
    k[:, 4:], v[:, 4:] = draw.normal(2, 2, 3, scale=9), draw.normal(2, 2, 4, scale=9)
    other, _ = impl.scaled_dot_product_attention(q, k, v, mask)
    return {"change_before_t": np.abs(other - y)[:, :4].max()}


@check(of="scaled_dot_product_attention", kind="dtype")
def test_attention_in_float32(impl, draw):
    """float32 in, float32 out, with and without a mask."""
    q, k, v = (draw.normal(*shape, dtype=np.float32) for shape in ((3, 4), (5, 4), (5, 2)))
    plain, _ = impl.scaled_dot_product_attention(q, k, v)
    masked, _ = impl.scaled_dot_product_attention(q, k, v, some_hidden(draw, 3, 5))
    return {"plain": plain, "masked": masked}


@check(of="scaled_dot_product_attention", kind="error")
def test_attention_of_shapes_that_differ(impl, draw):
    """Unlike features, batches or masks are refused with a ValueError."""
    q, k, v = draw.normal(2, 3, 4), draw.normal(2, 5, 4), draw.normal(2, 5, 2)
    attend = impl.scaled_dot_product_attention
    return {
        "features": error_of(attend, q, k[..., :3], v),
        "batch_of_keys": error_of(attend, q, k[:1], v[:1]),
        "batch_of_values": error_of(attend, q, k, v[:1]),
        "number_of_values": error_of(attend, q, k, v[:, :4]),
        "mask_shape": error_of(attend, q, k, v, causal(4)),
        "mask_of_numbers": error_of(attend, q, k, v, np.zeros((3, 5))),
    }


@check(of="scaled_dot_product_attention_backward", weight=2)
def test_attention_gradients(impl, draw):
    """dq, dk and dv, other numbers of queries and keys, d_v unlike d."""
    q, k, v = draw.normal(2, 3, 4, 5), draw.normal(2, 3, 6, 5), draw.normal(2, 3, 6, 7)
    _, cache = impl.scaled_dot_product_attention(q, k, v)
    dq, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(2, 3, 4, 7), cache)
    return {"dq": dq, "dk": dk, "dv": dv}


@check(of="scaled_dot_product_attention_backward", weight=2)
def test_attention_gradients_under_a_causal_mask(impl, draw):
    """dq, dk and dv for as many queries as keys, under a causal mask."""
    q, k, v = draw.normal(2, 5, 3), draw.normal(2, 5, 3), draw.normal(2, 5, 4)
    _, cache = impl.scaled_dot_product_attention(q, k, v, causal(5))
    dq, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(2, 5, 4), cache)
    return {"dq": dq, "dk": dk, "dv": dv}


@check(of="scaled_dot_product_attention_backward")
def test_attention_gradients_without_any_key_allowed(impl, draw):
    """Queries that may attend nowhere send no gradient and no NaN back."""
    q, k, v = draw.normal(2, 3, 4, 3), draw.normal(2, 3, 5, 3), draw.normal(2, 3, 5, 6)
    mask = some_hidden(draw, 2, 1, 4, 5)
    mask[0, 0, 1] = mask[1, 0, 3] = False
    _, cache = impl.scaled_dot_product_attention(q, k, v, mask)
    dq, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(2, 3, 4, 6), cache)
    return {"dq": dq, "dk": dk, "dv": dv}


@check(of="scaled_dot_product_attention_backward")
def test_attention_gradients_at_huge_scores(impl, draw):
    """Scores of ±100,000, some of them hidden."""
    q, k, v = draw.normal(3, 5, scale=300), draw.normal(4, 5, scale=300), draw.normal(4, 2)
    _, cache = impl.scaled_dot_product_attention(q, k, v, some_hidden(draw, 3, 4))
    dq, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(3, 2), cache)
    return {"dq": dq, "dk": dk, "dv": dv}


@check(of="scaled_dot_product_attention_backward", kind="property")
def test_attention_gradients_that_vanish(impl, draw):
    """Nothing for hidden keys, nor in sum over keys; a single key gets dv only."""
    q, k, v = draw.normal(4, 3), draw.normal(6, 3), draw.normal(6, 5)
    mask = np.array([True, False, True, True, False, True])
    _, cache = impl.scaled_dot_product_attention(q, k, v, mask)
    _, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(4, 5), cache)
    _, cache = impl.scaled_dot_product_attention(q, k[:1], v[:1])
    single = impl.scaled_dot_product_attention_backward(draw.normal(4, 5), cache)
    return {
        "dk_hidden": dk[~mask],
        "dv_hidden": dv[~mask],
        "sum_of_dk": dk.sum(0),
        "single_key": single,
    }


@check(of="scaled_dot_product_attention_backward", kind="dtype")
def test_attention_gradients_in_float32(impl, draw):
    """float32 in, float32 gradients out."""
    q, k, v, dy = (
        draw.normal(*shape, dtype=np.float32) for shape in ((3, 4), (5, 4), (5, 2), (3, 2))
    )
    _, cache = impl.scaled_dot_product_attention(q, k, v, some_hidden(draw, 3, 5))
    dq, dk, dv = impl.scaled_dot_product_attention_backward(dy, cache)
    return {"dq": dq, "dk": dk, "dv": dv}


# -------------------------------------------------------------------------------------- one head


@check(of="attention_head", weight=2)
def test_head_over_another_sequence(impl, draw):
    """Queries from x, keys and values from a context of other length and size."""
    params = head_params(draw, 7, 6, 3, 2)
    y, _ = impl.attention_head(draw.normal(2, 4, 7), draw.normal(2, 5, 6), params)
    return {"y": y}


@check(of="attention_head")
def test_head_over_itself(impl, draw):
    """Causal self-attention."""
    x = draw.normal(2, 5, 4)
    y, _ = impl.attention_head(x, x, head_params(draw, 4, 4, 3, 3), causal(5))
    return {"y": y}


@check(of="attention_head")
def test_head_keeps_batch_items_apart(impl, draw):
    """Batch items in another order give the same results in that order."""
    params, order = head_params(draw, 6, 6, 3, 2), np.array([1, 2, 0])
    x, context = draw.normal(3, 4, 6), draw.normal(3, 5, 6)
    y, _ = impl.attention_head(x, context, params)
    shuffled, _ = impl.attention_head(x[order], context[order], params)
    return {"y": y, "change": np.abs(shuffled - y[order]).max()}


@check(of="attention_head_backward", weight=2)
def test_head_gradients_over_another_sequence(impl, draw):
    """dx, dcontext and every parameter's gradient, under a mask."""
    params, mask = head_params(draw, 7, 6, 3, 2), some_hidden(draw, 4, 5)
    x, context = draw.normal(2, 4, 7), draw.normal(2, 5, 6)
    dx, dcontext, grads = forward_backward(
        impl.attention_head,
        impl.attention_head_backward,
        draw.normal(2, 4, 2),
        *(x, context, params, mask),
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="attention_head_backward")
def test_head_gradients_over_itself(impl, draw):
    """dx by way of the queries, dcontext by way of keys and values, causal."""
    x, params = draw.normal(2, 5, 4), head_params(draw, 4, 4, 3, 3)
    dx, dcontext, grads = forward_backward(
        impl.attention_head,
        impl.attention_head_backward,
        draw.normal(2, 5, 3),
        *(x, x, params, causal(5)),
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="attention_head_backward", kind="dtype")
def test_head_gradients_in_float32(impl, draw):
    """float32 in, float32 gradients out."""
    params = {k: v.astype(np.float32) for k, v in head_params(draw, 5, 6, 3, 2).items()}
    x, context = draw.normal(2, 4, 5, dtype=np.float32), draw.normal(2, 3, 6, dtype=np.float32)
    dy = draw.normal(2, 4, 2, dtype=np.float32)
    dx, dcontext, grads = forward_backward(
        impl.attention_head, impl.attention_head_backward, dy, x, context, params
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


# ------------------------------------------------------------------------------------ many heads


@check(of="split_heads")
def test_split_into_heads(impl, draw):
    """Head h gets features h d to (h + 1) d of every position."""
    x = draw.normal(2, 5, 12)
    return {"three": impl.split_heads(x, 3), "one": impl.split_heads(x, 1)}


@check(of="split_heads", kind="error")
def test_split_that_leaves_a_rest(impl, draw):
    """A number of heads that does not divide the features: ValueError."""
    return {"raises": error_of(impl.split_heads, draw.normal(2, 5, 6), 4)}


@check(of="merge_heads")
def test_merge_heads(impl, draw):
    """Each position's heads side by side, in order; one head stays as it is."""
    x = draw.normal(2, 3, 5, 4)
    return {"three": impl.merge_heads(x), "one": impl.merge_heads(x[:, :1])}


@check(of="init_attention")
def test_init_spread(impl, draw):
    """Four unlike matrices of Xavier's standard deviation and mean zero."""
    params = impl.init_attention(draw.generator(), 64)
    weights = {name: params[name].ravel() for name in ("w_q", "w_k", "w_v", "w_o")}
    alike = np.corrcoef(np.stack(list(weights.values()))) - np.eye(4)
    return {
        "standard_deviation": {name: within(float(w.std()), 0.08) for name, w in weights.items()},
        "mean_over_deviation": {
            name: at_most(float(abs(w.mean()) / w.std()), 0.1) for name, w in weights.items()
        },
        "correlation": at_most(float(np.abs(alike).max()), 0.1),
    }


@check(of="init_attention", kind="edge")
def test_init_shapes_and_biases(impl, draw):
    """The names, the shapes, the dtype, and biases of zero."""
    params = impl.init_attention(draw.generator(), 6, np.float32)
    return {
        "shapes": {name: list(np.shape(value)) for name, value in params.items()},
        "dtypes": {name: str(value.dtype) for name, value in params.items()},
        "biases": {name: params[name] for name in ("b_q", "b_k", "b_v", "b_o")},
    }


@check(of="multi_head_attention", weight=2)
def test_heads_over_themselves(impl, draw):
    """Causal self-attention with three heads."""
    x = draw.normal(2, 4, 15)
    y, _ = impl.multi_head_attention(x, x, attention_params(draw, 15), 3, causal(4))
    return {"y": y}


@check(of="multi_head_attention", weight=2)
def test_heads_over_another_sequence(impl, draw):
    """Cross-attention: a context of other length and size, with padding."""
    x, context = draw.normal(2, 4, 15), draw.normal(2, 7, 11)
    mask = (np.arange(7) < np.array([[5], [6]]))[:, None, None]
    y, _ = impl.multi_head_attention(x, context, attention_params(draw, 15, 11), 3, mask)
    return {"y": y}


@check(of="multi_head_attention")
def test_heads_of_empty_sequences(impl, draw):
    """Where nothing may be attended to, only the output bias is left."""
    x, mask = draw.normal(3, 5, 6), (np.arange(5) < np.array([[4], [0], [2]]))[:, None, None]
    y, _ = impl.multi_head_attention(x, x, attention_params(draw, 6), 2, mask)
    return {"y": y}


@check(of="multi_head_attention")
def test_single_head_and_single_position(impl, draw):
    """One head; and one position."""
    x, context, one = draw.normal(2, 3, 5), draw.normal(2, 4, 5), draw.normal(2, 1, 6)
    y, _ = impl.multi_head_attention(x, context, attention_params(draw, 5), 1)
    z, _ = impl.multi_head_attention(one, one, attention_params(draw, 6), 3)
    return {"one_head": y, "one_position": z}


@check(of="multi_head_attention", kind="property")
def test_heads_stay_apart(impl, draw):
    """Before w_o, the weights of one head reach the columns of that head only."""
    params, x = attention_params(draw, 6), draw.normal(2, 5, 6)
    params["w_o"] = np.eye(6)
    y, _ = impl.multi_head_attention(x, x, params, 3)
    changed = {name: params[name].copy() for name in params}
    for name in ("w_q", "w_k", "w_v"):
        changed[name][:, 2:4] += draw.normal(6, 2)
    other, _ = impl.multi_head_attention(x, x, changed, 3)
    change = np.abs(other - y).max((0, 1))
    return {"others_change": change[[0, 1, 4, 5]], "own_changes": [bool(c > 1e-3) for c in change]}


@check(of="multi_head_attention", kind="dtype")
def test_heads_in_float32(impl, draw):
    """float32 in, float32 out."""
    x = draw.normal(2, 4, 6, dtype=np.float32)
    params = attention_params(draw, 6, dtype=np.float32)
    y, _ = impl.multi_head_attention(x, x, params, 2, causal(4))
    return {"y": y}


@check(of="multi_head_attention", kind="error")
def test_heads_that_leave_a_rest(impl, draw):
    """A number of heads that does not divide d_model: ValueError."""
    x, params = draw.normal(2, 4, 6), attention_params(draw, 6)
    return {"raises": error_of(impl.multi_head_attention, x, x, params, 4)}


@check(of="multi_head_attention_backward", weight=2)
def test_heads_gradients_over_themselves(impl, draw):
    """dx, dcontext and all gradients of causal self-attention."""
    x, params, dy = draw.normal(2, 4, 6), attention_params(draw, 6), draw.normal(2, 4, 6)
    dx, dcontext, grads = forward_backward(
        impl.multi_head_attention,
        impl.multi_head_attention_backward,
        dy,
        *(x, x, params, 3, causal(4)),
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="multi_head_attention_backward", weight=2)
def test_heads_gradients_over_another_sequence(impl, draw):
    """dx, dcontext and all gradients of cross-attention with padding."""
    x, context, dy = draw.normal(2, 4, 6), draw.normal(2, 5, 7), draw.normal(2, 4, 6)
    params, mask = attention_params(draw, 6, 7), (np.arange(5) < [[3], [4]])[:, None, None]
    dx, dcontext, grads = forward_backward(
        impl.multi_head_attention,
        impl.multi_head_attention_backward,
        dy,
        *(x, context, params, 3, mask),
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="multi_head_attention_backward")
def test_heads_gradients_of_empty_sequences(impl, draw):
    """A sequence of padding alone sends nothing back, and no NaN."""
    x, mask = draw.normal(3, 5, 6), (np.arange(5) < np.array([[4], [0], [2]]))[:, None, None]
    params, dy = attention_params(draw, 6), draw.normal(3, 5, 6)
    dx, dcontext, grads = forward_backward(
        impl.multi_head_attention, impl.multi_head_attention_backward, dy, x, x, params, 2, mask
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="multi_head_attention_backward")
def test_heads_gradients_of_single_head_and_position(impl, draw):
    """One head; and one position."""
    forward, backward = impl.multi_head_attention, impl.multi_head_attention_backward
    x, context, one = draw.normal(2, 3, 5), draw.normal(2, 4, 5), draw.normal(2, 1, 6)
    head = forward_backward(
        forward, backward, draw.normal(2, 3, 5), x, context, attention_params(draw, 5), 1
    )
    position = forward_backward(
        forward, backward, draw.normal(2, 1, 6), one, one, attention_params(draw, 6), 3
    )
    return {"one_head": head, "one_position": position}


@check(of="multi_head_attention_backward", kind="dtype")
def test_heads_gradients_in_float32(impl, draw):
    """float32 in, float32 gradients out."""
    x, dy = draw.normal(2, 4, 6, dtype=np.float32), draw.normal(2, 4, 6, dtype=np.float32)
    params = attention_params(draw, 6, dtype=np.float32)
    dx, dcontext, grads = forward_backward(
        impl.multi_head_attention, impl.multi_head_attention_backward, dy, x, x, params, 2
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


# ------------------------------------------------------------------------------------------ cost
# Inputs so large that a gradient computed by differences takes far too long.


@check(of="scaled_dot_product_attention_backward", kind="cost")
def test_attention_gradients_of_many_heads(impl, draw):
    """The work that the gradients of 96 queries and 120 keys take."""
    q, k, v = draw.normal(4, 6, 4, 24), draw.normal(4, 6, 5, 24), draw.normal(4, 6, 5, 20)
    _, cache = impl.scaled_dot_product_attention(q, k, v)
    dq, dk, dv = impl.scaled_dot_product_attention_backward(draw.normal(4, 6, 4, 20), cache)
    return {"dq": dq, "dk": dk, "dv": dv}


@check(of="attention_head_backward", kind="cost")
def test_head_gradients_of_many_features(impl, draw):
    """The work that the gradients of a head over 48 features take."""
    dx, dcontext, grads = forward_backward(
        impl.attention_head,
        impl.attention_head_backward,
        draw.normal(2, 12, 12),
        *(draw.normal(2, 12, 48), draw.normal(2, 14, 48), head_params(draw, 48, 48, 16, 12)),
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}


@check(of="multi_head_attention_backward", kind="cost")
def test_heads_gradients_of_many_features(impl, draw):
    """The work that the gradients of four heads over 32 features take."""
    x, params, dy = draw.normal(2, 12, 32), attention_params(draw, 32), draw.normal(2, 12, 32)
    dx, dcontext, grads = forward_backward(
        impl.multi_head_attention,
        impl.multi_head_attention_backward,
        dy,
        *(x, x, params, 4, causal(12)),
    )
    return {"dx": dx, "dcontext": dcontext, "grads": grads}
