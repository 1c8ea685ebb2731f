"""Known slips in attention, and what each would answer.

Long for one file, because attention is where most slips live; each is a few lines on the helpers.
"""

import numpy as np

from autograder.checker import misconception

MASKS = "handout.md#who-may-see-whom"
FORWARD = "handout.md#scaled-dot-product-attention"
EMPTY = "handout.md#a-query-that-may-attend-nowhere"
BACKWARD = "handout.md#backward-through-the-weights"
HEAD = "handout.md#one-head"
HEAD_BACKWARD = "handout.md#one-head-backward"
HEADS = "handout.md#splitting-and-merging-heads"
INIT = "handout.md#where-the-weights-start"
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


def flat(x):
    return x.reshape(-1, x.shape[-1])


def output_layer(merged, params):
    return merged @ params["w_o"] + params["b_o"]


def inner_gradients(reference, dy, x, context, params, num_heads, mask):
    """The merged heads, and the gradients of the queries, keys and values of all heads."""
    split = [reference.split_heads(a, num_heads) for a in projected(x, context, params)]
    y, cache = reference.scaled_dot_product_attention(*split, mask)
    dheads = reference.split_heads(dy @ params["w_o"].T, num_heads)
    return reference.merge_heads(y), split, dheads, cache


# ---------------------------------------------------------------------------------------- masks


@misconception(of="causal_mask", see=MASKS)
def causal_mask_sees_the_next(t_query, t_key=None):
    """The mask is off by one: a position may attend to the one after it, which it must predict."""
    t_key = t_query if t_key is None else t_key
    return np.tri(t_query, t_key, k=t_key - t_query + 1, dtype=bool)


@misconception(of="causal_mask", see=MASKS)
def causal_mask_transposed(t_query, t_key=None):
    """Rows and columns are exchanged: a position attends to itself and to what comes later."""
    t_key = t_query if t_key is None else t_key
    return np.triu(np.ones((t_query, t_key), dtype=bool), k=t_key - t_query)


@misconception(of="causal_mask", see=MASKS)
def causal_mask_of_numbers(right, t_query, t_key=None):
    """The mask holds numbers. It has to be boolean: pass dtype=bool, or compare."""
    return right.astype(np.float64)


@misconception(of="causal_mask", see=MASKS)
def causal_mask_ignores_t_key(t_query, t_key=None):
    """The mask is always square. With t_key given it needs t_key columns."""
    return np.tri(t_query, dtype=bool)


@misconception(of="padding_mask", see=MASKS)
def padding_mask_without_room_for_heads(right, lengths, t):
    """The mask has shape (B, t). It needs (B, 1, 1, t), to broadcast over heads and queries."""
    return right[:, 0, 0]


@misconception(of="padding_mask", see=MASKS)
def padding_mask_in_front(lengths, t):
    """The mask hides the first positions of a sequence. Padding stands behind its end."""
    return (np.arange(t) >= t - np.asarray(lengths)[:, None])[:, None, None, :]


# ------------------------------------------------------------------------- dot-product attention


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def scales_by_the_number_of_keys(q, k, v, mask=None):
    """The scores are divided by the root of the number of keys. The d under the root is the
    length of a query.
    """
    return softmax(hide(q @ flip(k) * k.shape[-2] ** -0.5, mask)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def softmax_over_queries(q, k, v, mask=None):
    """The softmax runs over the queries. Each query's weights over the keys sum to 1: the last
    axis.
    """
    return softmax(hide(scores_of(q, k), mask), axis=-2) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD, easier_backward=True)
def skips_the_softmax(q, k, v, mask=None):
    """The scores themselves weigh the values: the softmax is missing."""
    return hide(scores_of(q, k), mask, 0) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD, easier_backward=True)
def returns_the_weights(q, k, v, mask=None):
    """These are the attention weights. The output is their product with v."""
    return weights_of(q, k, mask)


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def mask_transposed(q, k, v, mask=None):
    """The mask's rows and columns are exchanged: it hides queries where it should hide keys."""
    return weights_of(q, k, None if mask is None else flip(np.atleast_2d(mask))) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def masks_the_queries_too(q, k, v, mask=None):
    """The mask is applied to keys and to queries. Only keys are hidden: what a query of padding
    gets is not used.
    """
    return weights_of(q, k, None if mask is None else mask & flip(np.atleast_2d(mask))) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def masks_after_the_softmax(q, k, v, mask=None):
    """Hidden weights are set to 0 after the softmax, so that those which are left do not sum to
    1.
    """
    return hide(softmax(scores_of(q, k)), mask, 0) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def masks_after_the_exponential(q, k, v, mask=None):
    """Hidden scores take part in the maximum. Where one of them is much larger than the rest,
    every weight underflows: mask first.
    """
    scores = scores_of(q, k)
    exps = hide(np.exp(scores - scores.max(-1, keepdims=True)), mask, 0)
    return exps / exps.sum(-1, keepdims=True) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD, family="hides_with_zero")
def multiplies_the_mask_in(q, k, v, mask=None):
    """Hidden scores become 0 (the mask multiplied in) or 1e-9, which hides nothing: exp(0) is 1."""
    return softmax(hide(scores_of(q, k), mask, 0)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def takes_zero_scores_for_masked(q, k, v, mask=None):
    """Scores that equal 0 are taken for hidden ones. Use the mask to say where, not the value."""
    scores = hide(scores_of(q, k), mask, 0)
    return softmax(np.where(scores == 0, -np.inf, scores)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD, family="hides_with_zero")
def masks_with_a_tiny_positive(q, k, v, mask=None):
    """Hidden scores become 1e-9, or 0, which hides nothing: exp(0) is 1."""
    return softmax(hide(scores_of(q, k), mask, 1e-9)) @ v


@misconception(of="scaled_dot_product_attention", see=FORWARD)
def masks_with_minus_a_tiny_number(q, k, v, mask=None):
    """Hidden scores become -1e-4 or so, which hides nothing: exp(-0.0001) is 0.9999."""
    return softmax(hide(scores_of(q, k), mask, -1e-4)) @ v


@misconception(of="scaled_dot_product_attention", see=EMPTY)
def masks_with_minus_ten_thousand(q, k, v, mask=None):
    """Hidden scores become -10,000. A score can be lower than that, and a row with nothing else
    becomes a mean.
    """
    return softmax(hide(scores_of(q, k), mask, -1e4)) @ v


@misconception(of="scaled_dot_product_attention", see=EMPTY)
def empty_rows_become_means(q, k, v, mask=None):
    """A large negative number stands for minus infinity, so a query that may attend nowhere
    gets the mean of all values. It gets zeros.
    """
    return softmax(hide(scores_of(q, k), mask, -1e30)) @ v


@misconception(of="scaled_dot_product_attention", see=EMPTY)
def empty_rows_become_nan(q, k, v, mask=None):
    """A query that may attend nowhere gets NaN: minus infinity less minus infinity. It gets
    zeros.
    """
    scores = hide(scores_of(q, k), mask)
    exps = np.exp(scores - scores.max(-1, keepdims=True))
    return exps / exps.sum(-1, keepdims=True) @ v


# ---------------------------------------------------------------- dot-product attention backward


def attention_gradients(q, k, v, dscores, dv):
    scale = q.shape[-1] ** -0.5
    return dscores @ k * scale, flip(dscores) @ q * scale, dv


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def dv_by_weights_not_transposed(right, dy, q, k, v, mask=None):
    """dv is A @ dy here. A value takes gradient from each query that weighed it: A transposed."""
    dq, dk, _ = right
    return dq, dk, weights_of(q, k, mask) @ dy


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def dv_without_weights(right, dy, q, k, v, mask=None):
    """dv comes from the scores. The values were weighed with the softmax of the scores."""
    dq, dk, _ = right
    return dq, dk, flip(hide(scores_of(q, k), mask, 0)) @ dy


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def weights_gradient_transposed(dy, q, k, v, mask=None):
    """The gradient of the weights is v @ dyᵀ here, its own transpose. It is dy @ vᵀ, shaped
    like the weights.
    """
    a, da = weights_of(q, k, mask), v @ flip(dy)
    return attention_gradients(q, k, v, a * (da - (a * da).sum(-1, keepdims=True)), flip(a) @ dy)


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def backward_without_the_scale(right, dy, q, k, v, mask=None):
    """dq and dk lack the factor 1 / sqrt(d)."""
    dq, dk, dv = right
    return dq * q.shape[-1] ** 0.5, dk * q.shape[-1] ** 0.5, dv


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def dk_lacks_the_scale(right, dy, q, k, v, mask=None):
    """dk lacks the factor 1 / sqrt(d), which dq has."""
    dq, dk, dv = right
    return dq, dk * q.shape[-1] ** 0.5, dv


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def softmax_backward_without_the_row_sum(dy, q, k, v, mask=None):
    """The softmax's backward is A * dA here. Every score also lowers the other weights of its
    row: take back the row's sum of A * dA.
    """
    a = weights_of(q, k, mask)
    return attention_gradients(q, k, v, a * (dy @ flip(v)), flip(a) @ dy)


@misconception(of="scaled_dot_product_attention_backward", see=BACKWARD)
def softmax_backward_with_the_plain_mean(dy, q, k, v, mask=None):
    """The softmax's backward takes back the plain mean of dA. It is the mean weighted by A: the
    row's sum of A * dA.
    """
    a, da = weights_of(q, k, mask), dy @ flip(v)
    return attention_gradients(q, k, v, a * (da - da.mean(-1, keepdims=True)), flip(a) @ dy)


# -------------------------------------------------------------------------------------- one head


@misconception(of="attention_head", see=HEAD, easier_backward=True)
def head_ignores_the_context(reference, x, context, params, mask=None):
    """Keys and values are made from x. They come from the context."""
    return reference.attention_head(x, x, params, mask)[0]


@misconception(of="attention_head", see=HEAD)
def head_exchanges_x_and_context(reference, x, context, params, mask=None):
    """The queries are made from the context, keys and values from x: it is the other way round."""
    return reference.attention_head(context, x, params, mask)[0]


@misconception(of="attention_head", see=HEAD, easier_backward=True)
def head_without_biases(x, context, params, mask=None):
    """The biases b_q, b_k and b_v are not added."""
    q, k = x @ params["w_q"], context @ params["w_k"]
    return weights_of(q, k, mask) @ (context @ params["w_v"])


@misconception(of="attention_head", see=HEAD)
def head_scales_by_the_input(x, context, params, mask=None):
    """The scores are divided by the root of x's feature count. The d under the root is the
    length of a query, w_q's columns.
    """
    q, k, v = projected(x, context, params)
    return softmax(hide(q @ flip(k) * x.shape[-1] ** -0.5, mask)) @ v


@misconception(of="attention_head", see=HEAD, easier_backward=True)
def head_takes_keys_for_values(x, context, params, mask=None):
    """The keys are used as values as well. Values have weights of their own, w_v and b_v."""
    q, k, _ = projected(x, context, params)
    return weights_of(q, k, mask) @ k


@misconception(of="attention_head", see=HEAD, easier_backward=True)
def head_weighs_the_context(x, context, params, mask=None):
    """The context itself is weighed. The values are context @ w_v + b_v."""
    q, k, _ = projected(x, context, params)
    return weights_of(q, k, mask) @ context


@misconception(of="attention_head_backward", see=HEAD_BACKWARD)
def head_adds_dcontext_to_dx(right, dy, x, context, params, mask=None):
    """dcontext is added to dx already. The two are returned apart: who passes x twice adds them."""
    dx, dcontext, grads = right
    return dx + dcontext, dcontext, grads


@misconception(of="attention_head_backward", see=HEAD_BACKWARD)
def head_bias_gradients_missing(right, dy, x, context, params, mask=None):
    """The gradients of the biases are zero. Each is the sum over batch and positions of what
    its projection receives.
    """
    dx, dcontext, grads = right
    return dx, dcontext, {n: g * 0 if n.startswith("b") else g for n, g in grads.items()}


@misconception(of="attention_head_backward", see=HEAD_BACKWARD)
def head_averages_over_the_batch(right, dy, x, context, params, mask=None):
    """The gradients of the parameters are averaged over the batch. The gradient sums; a mean
    belongs to the loss.
    """
    dx, dcontext, grads = right
    return dx, dcontext, {name: grad / len(x) for name, grad in grads.items()}


@misconception(of="attention_head_backward", see=HEAD_BACKWARD)
def head_keeps_the_batch_axis(reference, dy, x, context, params, mask=None):
    """The gradients of the parameters keep the batch axis. Sum over it: each must be shaped
    like its parameter.
    """
    q, k, v = projected(x, context, params)
    _, cache = reference.scaled_dot_product_attention(q, k, v, mask)
    dqkv = reference.scaled_dot_product_attention_backward(dy, cache)
    grads = {}
    for name, source, gradient in zip(PROJECTIONS, (x, context, context), dqkv, strict=True):
        grads[f"w_{name}"], grads[f"b_{name}"] = flip(source) @ gradient, gradient.sum(-2)
    dcontext = dqkv[1] @ params["w_k"].T + dqkv[2] @ params["w_v"].T
    return dqkv[0] @ params["w_q"].T, dcontext, grads


# ------------------------------------------------------------------------- splitting and merging


@misconception(of="split_heads", see=HEADS)
def splits_by_reshape_alone(x, num_heads):
    """A reshape to (B, H, T, d) mixes positions with heads. Reshape to (B, T, H, d), then
    exchange T and H.
    """
    batch, t, d_model = x.shape
    return x.reshape(batch, num_heads, t, d_model // num_heads)


@misconception(of="split_heads", see=HEADS)
def splits_heads_interleaved(x, num_heads):
    """Each head gets every H-th feature. Head h gets the d neighbours from h d on: reshape to
    (…, H, d), not (…, d, H).
    """
    batch, t, d_model = x.shape
    return x.reshape(batch, t, d_model // num_heads, num_heads).transpose(0, 3, 1, 2)


@misconception(of="split_heads", see=HEADS)
def splits_with_features_before_positions(right, x, num_heads):
    """The axes are (B, H, d, T) here. The last two are positions, then features."""
    return flip(right)


@misconception(of="merge_heads", see=HEADS)
def merges_by_reshape_alone(x):
    """A reshape without exchanging heads and positions first mixes them: go back to (B, T, H,
    d), then reshape.
    """
    batch, num_heads, t, d = x.shape
    return x.reshape(batch, t, num_heads * d)


@misconception(of="merge_heads", see=HEADS)
def merges_heads_interleaved(x):
    """The heads' features alternate. Heads lie side by side: all of head 0, then all of head 1."""
    batch, num_heads, t, d = x.shape
    return x.transpose(0, 2, 3, 1).reshape(batch, t, d * num_heads)


@misconception(of="merge_heads", see=HEADS)
def merges_by_adding(x):
    """The heads are added up. They are laid side by side, and w_o mixes them."""
    return x.sum(1)


@misconception(of="merge_heads", see=HEADS)
def merges_heads_before_positions(x):
    """The positions of all heads follow one another along the time axis. The heads lie side by
    side in the features.
    """
    batch, num_heads, t, d = x.shape
    return x.reshape(batch, num_heads * t, d)


# ---------------------------------------------------------------------------------- initialising


def initial(rng, d_model, dtype, deviation):
    weights = {f"w_{n}": rng.normal(0, deviation, (d_model, d_model)) for n in "qkvo"}
    params = weights | {f"b_{n}": np.zeros(d_model) for n in "qkvo"}
    return {name: value.astype(dtype) for name, value in params.items()}


@misconception(of="init_attention", see=INIT)
def starts_at_standard_deviation_one(rng, d_model, dtype=np.float64):
    """The weights have standard deviation 1. The scores then grow with d_model, and the softmax
    picks one key from the start.
    """
    return initial(rng, d_model, dtype, 1)


@misconception(of="init_attention", see=INIT)
def starts_at_zero(rng, d_model, dtype=np.float64):
    """The weights start at zero. Then w_v and w_o multiply each other's gradient by zero for
    ever.
    """
    return initial(rng, d_model, dtype, 0)


@misconception(of="init_attention", see=INIT)
def starts_like_he(rng, d_model, dtype=np.float64):
    """The standard deviation is sqrt(2 / d_model), He's for ReLU. Here we ask for Xavier's,
    sqrt(2 / (d_model + d_model)).
    """
    return initial(rng, d_model, dtype, (2 / d_model) ** 0.5)


@misconception(of="init_attention", see=INIT)
def starts_as_one_fused_matrix(rng, d_model, dtype=np.float64):
    """The standard deviation counts d_model inputs and 3 d_model outputs, as for one matrix of
    q, k and v. Each has d_model outputs.
    """
    return initial(rng, d_model, dtype, (2 / (4 * d_model)) ** 0.5)


@misconception(of="init_attention", see=INIT)
def starts_at_the_variance(rng, d_model, dtype=np.float64):
    """The standard deviation is 1 / d_model, which is Xavier's variance: take the root."""
    return initial(rng, d_model, dtype, 1 / d_model)


@misconception(of="init_attention", see=INIT)
def starts_all_alike(right, rng, d_model, dtype=np.float64):
    """Queries, keys, values and output start with one and the same matrix. Draw four."""
    return right | {f"w_{n}": right["w_q"].copy() for n in "kvo"}


@misconception(of="init_attention", see=INIT)
def starts_with_random_biases(right, rng, d_model, dtype=np.float64):
    """The biases are drawn at random. They start at zero."""
    biases = rng.normal(0, d_model**-0.5, (4, d_model)).astype(dtype)
    return right | {f"b_{n}": bias for n, bias in zip("qkvo", biases, strict=True)}


# ------------------------------------------------------------------------------------ many heads


def heads_of(reference, x, context, params, num_heads, mask, split=None):
    split = split or reference.split_heads
    q, k, v = (split(a, num_heads) for a in projected(x, context, params))
    return reference.scaled_dot_product_attention(q, k, v, mask)[0]


@misconception(of="multi_head_attention", see=MANY)
def no_output_projection(reference, x, context, params, num_heads, mask=None):
    """The merged heads are returned as they are: the output layer, w_o and b_o, is missing."""
    return reference.merge_heads(heads_of(reference, x, context, params, num_heads, mask))


@misconception(of="multi_head_attention", see=MANY, easier_backward=True)
def forgets_the_output_bias(right, x, context, params, num_heads, mask=None):
    """The output bias b_o is not added."""
    return right - params["b_o"]


@misconception(of="multi_head_attention", see=MANY)
def scales_by_d_model(reference, x, context, params, num_heads, mask=None):
    """The scores are divided by sqrt(d_model). Each head's queries have d_model / num_heads
    features: that goes under the root.
    """
    smaller = params | {n: params[n] * num_heads**-0.5 for n in ("w_q", "b_q")}
    return reference.multi_head_attention(x, context, smaller, num_heads, mask)[0]


@misconception(of="multi_head_attention", see=MANY, easier_backward=True)
def many_heads_ignore_the_context(reference, x, context, params, num_heads, mask=None):
    """Keys and values are made from x. They come from the context."""
    return reference.multi_head_attention(x, x, params, num_heads, mask)[0]


@misconception(of="multi_head_attention", see=MANY, easier_backward=True)
def attends_with_one_head(reference, x, context, params, num_heads, mask=None):
    """All features form one head. Split queries, keys and values into num_heads before the
    scores.
    """
    return reference.multi_head_attention(x, context, params, 1, mask)[0]


@misconception(of="multi_head_attention", see=HEADS)
def many_heads_split_by_reshape(reference, x, context, params, num_heads, mask=None):
    """The projections are reshaped to (B, H, T, d) directly, which mixes positions with heads."""
    split = splits_by_reshape_alone.function
    merged = reference.merge_heads(heads_of(reference, x, context, params, num_heads, mask, split))
    return output_layer(merged, params)


@misconception(of="multi_head_attention", see=HEADS)
def many_heads_split_and_merged_by_reshape(reference, x, context, params, num_heads, mask=None):
    """Both ways between (B, T, D) and (B, H, T, d) are plain reshapes, which mixes positions
    with heads.
    """
    heads = heads_of(
        reference, x, context, params, num_heads, mask, splits_by_reshape_alone.function
    )
    return output_layer(merges_by_reshape_alone.function(heads), params)


@misconception(of="multi_head_attention", see=HEADS)
def many_heads_merged_by_reshape(reference, x, context, params, num_heads, mask=None):
    """The heads are merged by a reshape alone. Exchange heads and positions back first."""
    heads = heads_of(reference, x, context, params, num_heads, mask)
    return output_layer(merges_by_reshape_alone.function(heads), params)


@misconception(of="multi_head_attention", see=HEADS)
def many_heads_interleaved(reference, x, context, params, num_heads, mask=None):
    """Each head works on every H-th feature. Head h has the d neighbours from h d on."""
    heads = heads_of(
        reference, x, context, params, num_heads, mask, splits_heads_interleaved.function
    )
    return output_layer(merges_heads_interleaved.function(heads), params)


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_add_dcontext_to_dx(right, dy, x, context, params, num_heads, mask=None):
    """dcontext is added to dx already. The two are returned apart: who passes x twice adds them."""
    dx, dcontext, grads = right
    return dx + dcontext, dcontext, grads


def many_dcontext_by_values(reference, dy, x, context, params, num_heads, mask):
    _, _, dheads, cache = inner_gradients(reference, dy, x, context, params, num_heads, mask)
    _, _, dv = reference.scaled_dot_product_attention_backward(dheads, cache)
    return reference.merge_heads(dv) @ params["w_v"].T


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def w_o_gradient_of_reshaped_heads(right, reference, dy, x, context, params, num_heads, mask=None):
    """The gradient of w_o takes heads that were merged by a reshape alone. It needs what the
    forward gave to w_o.
    """
    dx, dcontext, grads = right
    heads = heads_of(reference, x, context, params, num_heads, mask)
    merged = merges_by_reshape_alone.function(heads)
    return dx, dcontext, grads | {"w_o": flat(merged).T @ flat(dy)}


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def backward_skips_the_output_layer(right, reference, dy, x, context, params, num_heads, mask=None):
    """dy is taken for the gradient of the merged heads. It passes through w_o first."""
    plain = params | {"w_o": np.eye(len(params["w_o"]))}
    _, cache = reference.multi_head_attention(x, context, plain, num_heads, mask)
    dx, dcontext, grads = reference.multi_head_attention_backward(dy, cache)
    return dx, dcontext, grads | {"w_o": right[2]["w_o"]}


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_bias_gradients_missing(right, dy, x, context, params, num_heads, mask=None):
    """The gradients of the biases are zero. Each is the sum over batch and positions of what
    its layer receives.
    """
    dx, dcontext, grads = right
    return dx, dcontext, {n: g * 0 if n.startswith("b") else g for n, g in grads.items()}


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_average_over_the_batch(right, dy, x, context, params, num_heads, mask=None):
    """The gradients of the parameters are averaged over the batch. The gradient sums; a mean
    belongs to the loss.
    """
    dx, dcontext, grads = right
    return dx, dcontext, {name: grad / len(x) for name, grad in grads.items()}


@misconception(of="multi_head_attention_backward", see=MANY_BACKWARD)
def many_heads_backward_without_the_scale(
    right, reference, dy, x, context, params, num_heads, mask=None
):
    """The way back through the scores lacks the factor 1 / sqrt(d): queries and keys get too
    much.
    """
    root = (params["w_q"].shape[1] // num_heads) ** 0.5
    dx, dcontext, grads = right
    by_values = many_dcontext_by_values(reference, dy, x, context, params, num_heads, mask)
    more = {n: grads[n] * root for n in ("w_q", "b_q", "w_k", "b_k")}
    return dx * root, by_values + (dcontext - by_values) * root, grads | more


@misconception(of="multi_head_attention_backward", see=HEADS)
def head_gradients_merged_by_reshape(
    right, reference, dy, x, context, params, num_heads, mask=None
):
    """The gradients of queries, keys and values are merged by a reshape alone. Exchange heads
    and positions back first.
    """
    _, _, dheads, cache = inner_gradients(reference, dy, x, context, params, num_heads, mask)
    parts = reference.scaled_dot_product_attention_backward(dheads, cache)
    dq, dk, dv = (merges_by_reshape_alone.function(part) for part in parts)
    grads = dict(right[2])
    for name, source, part in (("q", x, dq), ("k", context, dk), ("v", context, dv)):
        grads[f"w_{name}"], grads[f"b_{name}"] = flat(source).T @ flat(part), flat(part).sum(0)
    return dq @ params["w_q"].T, dk @ params["w_k"].T + dv @ params["w_v"].T, grads
