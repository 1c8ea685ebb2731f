"""Slips of 04_attention that its steps explain, as slips.py had them; long for that."""

import numpy as np

from autograder.checker import misconception

MASKS = "handout.md#who-may-see-whom"


FORWARD = "handout.md#scaled-dot-product-attention"


EMPTY = "handout.md#a-query-that-may-attend-nowhere"


BACKWARD = "handout.md#backward-through-the-weights"


HEAD = "handout.md#one-head"


HEAD_BACKWARD = "handout.md#one-head-backward"


HEADS = "handout.md#splitting-and-merging-heads"


MANY = "handout.md#multi-head-attention"


MANY_BACKWARD = "handout.md#multi-head-attention-backward"


PROJECTIONS = ("q", "k", "v")


def flip(x):
    return x.swapaxes(-1, -2)


def softmax(scores, axis=-1):
    """Softmax in which -inf everywhere gives zeros."""
    peak = scores.max(axis, keepdims=True, initial=np.finfo(scores.dtype).min)
    exps = np.exp(scores - peak)
    return exps / np.maximum(exps.sum(axis, keepdims=True), 1)


def scores_of(q, k):
    return q @ flip(k) * q.shape[-1] ** -0.5


def hide(scores, mask, value=-np.inf):
    return scores if mask is None else np.where(mask, scores, value)


def weights_of(q, k, mask):
    return softmax(hide(scores_of(q, k), mask))


def projected(x, context, params):
    sources = {"q": x, "k": context, "v": context}
    return [sources[n] @ params[f"w_{n}"] + params[f"b_{n}"] for n in PROJECTIONS]


def inner_gradients(reference, dy, x, context, params, num_heads, mask):
    """The merged heads, and the gradients of the queries, keys and values of all heads."""
    split = [reference.split_heads(a, num_heads) for a in projected(x, context, params)]
    y, cache = reference.scaled_dot_product_attention(*split, mask)
    dheads = reference.split_heads(dy @ params["w_o"].T, num_heads)
    return reference.merge_heads(y), split, dheads, cache


@misconception(of="causal_mask", see=MASKS)
def causal_mask_inverted(t_query, t_key=None):
    """True means that a query may attend. This mask is True exactly where it may not."""
    t_key = t_query if t_key is None else t_key
    return ~np.tri(t_query, t_key, k=t_key - t_query, dtype=bool)


@misconception(of="causal_mask", see=MASKS)
def causal_mask_excludes_itself(t_query, t_key=None):
    """The mask is off by one: a position may not even attend to itself."""
    t_key = t_query if t_key is None else t_key
    return np.tri(t_query, t_key, k=t_key - t_query - 1, dtype=bool)


@misconception(of="causal_mask", see=MASKS)
def causal_mask_takes_the_first_rows(t_query, t_key=None):
    """With fewer queries than keys this gives the first rows of the square mask. The queries
    are the last positions.
    """
    return np.tri(t_query, t_query if t_key is None else t_key, dtype=bool)


@misconception(of="padding_mask", see=MASKS)
def padding_mask_inverted(right, lengths, t):
    """True means that a key may be attended to. This mask is True on the padding."""
    return ~right


@misconception(of="padding_mask", see=MASKS)
def padding_mask_one_too_many(lengths, t):
    """The mask is off by one: positions count from 0, so position `length` is padding already."""
    return (np.arange(t) <= np.asarray(lengths)[:, None])[:, None, None, :]


@misconception(of="padding_mask", see=MASKS)
def padding_mask_on_queries(right, lengths, t):
    """The positions lie on the queries' axis, (B, 1, t, 1). Padding is hidden as a key: (B, 1,
    1, t).
    """
    return flip(right)


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def forgets_the_scale(q, k, v, mask=None):
    """The scores are not divided by sqrt(d)."""
    return softmax(hide(q @ flip(k), mask)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def divides_by_d(q, k, v, mask=None):
    """The scores are divided by d (or twice by its root). They are divided by sqrt(d), once."""
    return softmax(hide(q @ flip(k) / q.shape[-1], mask)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def multiplies_by_the_root(q, k, v, mask=None):
    """The scores are multiplied by sqrt(d). They are divided by it."""
    return softmax(hide(q @ flip(k) * q.shape[-1] ** 0.5, mask)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def ignores_the_mask(q, k, v, mask=None):
    """The mask changes nothing."""
    return softmax(scores_of(q, k)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def mask_inverted(q, k, v, mask=None):
    """The mask is read the wrong way round: True means that a query may attend."""
    return weights_of(q, k, None if mask is None else ~mask) @ v


@misconception(of="scaled_dot_product_attention", see="handout.md#floating-point")
def overflows_without_the_maximum(q, k, v, mask=None):
    """The softmax takes exp of the scores as they are, which overflows from 710 on. Subtract
    each row's maximum first.
    """
    exps = np.exp(hide(scores_of(q, k), mask))
    total = exps.sum(-1, keepdims=True)
    return exps / np.where(total == 0, 1, total) @ v


def attention_gradients(q, k, v, dscores, dv):
    scale = q.shape[-1] ** -0.5
    return dscores @ k * scale, flip(dscores) @ q * scale, dv


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def backward_scales_twice(right, dy, q, k, v, mask=None):
    """dq and dk have the factor 1 / sqrt(d) twice. It belongs to the scores, and is met once on
    the way to each.
    """
    dq, dk, dv = right
    return dq * q.shape[-1] ** -0.5, dk * q.shape[-1] ** -0.5, dv


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def dk_by_scores_not_transposed(dy, q, k, v, mask=None):
    """dk is dscores @ q here. A key takes gradient from each query that met it: transpose."""
    a, da = weights_of(q, k, mask), dy @ flip(v)
    dscores = a * (da - (a * da).sum(-1, keepdims=True))
    scale = q.shape[-1] ** -0.5
    return dscores @ k * scale, dscores @ q * scale, flip(a) @ dy


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def exchanges_dq_and_dk(right, dy, q, k, v, mask=None):
    """dq and dk are exchanged."""
    dq, dk, dv = right
    return dk, dq, dv


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def softmax_backward_with_the_diagonal_only(dy, q, k, v, mask=None):
    """The softmax's backward is A * (1 - A) * dA here: its diagonal only. Every score also
    changes the other weights of its row.
    """
    a = weights_of(q, k, mask)
    return attention_gradients(q, k, v, a * (1 - a) * (dy @ flip(v)), flip(a) @ dy)


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def softmax_backward_over_queries(dy, q, k, v, mask=None):
    """The softmax's backward sums over the queries. The forward ran over the keys: the last
    axis.
    """
    a, da = weights_of(q, k, mask), dy @ flip(v)
    return attention_gradients(q, k, v, a * (da - (a * da).sum(-2, keepdims=True)), flip(a) @ dy)


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def backward_skips_the_softmax(dy, q, k, v, mask=None):
    """The gradient of the weights is taken for that of the scores: the softmax's backward is
    missing.
    """
    return attention_gradients(q, k, v, dy @ flip(v), flip(weights_of(q, k, mask)) @ dy)


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def backward_forgets_the_mask(reference, dy, q, k, v, mask=None):
    """The backward computes the weights without the mask."""
    _, cache = reference.scaled_dot_product_attention(q, k, v)
    return reference.scaled_dot_product_attention_backward(dy, cache)


@misconception(of="scaled_dot_product_attention_backward", see=EMPTY)
def backward_of_empty_rows_is_nan(right, dy, q, k, v, mask=None):
    """A query that may attend nowhere spreads NaN over every gradient of its sequence. It sends
    none.
    """
    dq, dk, dv = right
    if mask is not None:
        empty = ~np.broadcast_to(mask, q.shape[:-1] + k.shape[-2:-1]).any(-1)
        dq = np.where(empty[..., None], np.nan, dq)
        spread = empty.any(-1)[..., None, None]
        dk, dv = np.where(spread, np.nan, dk), np.where(spread, np.nan, dv)
    return dq, dk, dv


@misconception(of="attention_head", see=HEAD)
def head_ignores_the_mask(reference, x, context, params, mask=None):
    """The mask is not passed on."""
    return reference.attention_head(x, context, params)[0]


@misconception(of="attention_head_backward", see=HEAD_BACKWARD)
def head_exchanges_dx_and_dcontext(right, dy, x, context, params, mask=None):
    """dx and dcontext are exchanged."""
    dx, dcontext, grads = right
    return dcontext, dx, grads


def head_dcontext_by_values(dy, x, context, params, mask):
    q, k, _ = projected(x, context, params)
    return flip(weights_of(q, k, mask)) @ dy @ params["w_v"].T


@misconception(of="attention_head_backward", see=HEAD_BACKWARD)
def head_misses_the_value_path(right, dy, x, context, params, mask=None):
    """The context reaches the output as keys and as values. The path through the values is
    missing from dcontext.
    """
    dx, dcontext, grads = right
    return dx, dcontext - head_dcontext_by_values(dy, x, context, params, mask), grads


@misconception(of="attention_head_backward", see=HEAD_BACKWARD)
def head_misses_the_key_path(right, dy, x, context, params, mask=None):
    """The context reaches the output as keys and as values. The path through the keys is
    missing from dcontext.
    """
    dx, _, grads = right
    return dx, head_dcontext_by_values(dy, x, context, params, mask), grads


@misconception(of="split_heads", see=HEADS)
def splits_without_exchanging_axes(x, num_heads):
    """The axes are (B, T, H, d) here: exchange T and H, so that the last two are positions and
    features.
    """
    return x.reshape(*x.shape[:-1], num_heads, -1)


@misconception(of="multi_head_attention", see=MANY)
def residual_inside(right, x, context, params, num_heads, mask=None):
    """x is added to the output. The residual connection belongs to the block, not to attention."""
    return x + right


@misconception(of="multi_head_attention", see=MANY)
def many_heads_ignore_the_mask(reference, x, context, params, num_heads, mask=None):
    """The mask is not passed on."""
    return reference.multi_head_attention(x, context, params, num_heads)[0]


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_exchange_dx_and_dcontext(right, dy, x, context, params, num_heads, mask=None):
    """dx and dcontext are exchanged."""
    dx, dcontext, grads = right
    return dcontext, dx, grads


def many_dcontext_by_values(reference, dy, x, context, params, num_heads, mask):
    _, _, dheads, cache = inner_gradients(reference, dy, x, context, params, num_heads, mask)
    _, _, dv = reference.scaled_dot_product_attention_backward(dheads, cache)
    return reference.merge_heads(dv) @ params["w_v"].T


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_miss_the_value_path(right, reference, dy, x, context, params, num_heads, mask=None):
    """The context reaches the output as keys and as values. The path through the values is
    missing from dcontext.
    """
    dx, dcontext, grads = right
    by_values = many_dcontext_by_values(reference, dy, x, context, params, num_heads, mask)
    return dx, dcontext - by_values, grads


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_miss_the_key_path(right, reference, dy, x, context, params, num_heads, mask=None):
    """The context reaches the output as keys and as values. The path through the keys is
    missing from dcontext.
    """
    dx, _, grads = right
    by_values = many_dcontext_by_values(reference, dy, x, context, params, num_heads, mask)
    return dx, by_values, grads


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def w_o_gradient_transposed(right, dy, x, context, params, num_heads, mask=None):
    """The gradient of w_o is transposed. It is the merged heads, transposed, times dy."""
    dx, dcontext, grads = right
    return dx, dcontext, grads | {"w_o": grads["w_o"].T.copy()}


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def w_o_not_transposed_in_backward(right, reference, dy, x, context, params, num_heads, mask=None):
    """dy goes back through w_o. The forward multiplied by w_o, so the way back is w_o
    transposed.
    """
    turned = params | {"w_o": params["w_o"].T}
    _, cache = reference.multi_head_attention(x, context, turned, num_heads, mask)
    dx, dcontext, grads = reference.multi_head_attention_backward(dy, cache)
    return dx, dcontext, grads | {"w_o": right[2]["w_o"]}


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_backward_forgets_the_mask(reference, dy, x, context, params, num_heads, mask=None):
    """The backward computes the weights without the mask."""
    _, cache = reference.multi_head_attention(x, context, params, num_heads)
    return reference.multi_head_attention_backward(dy, cache)
