"""The steps of attention, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

SCALED = "handout.md#scaled-dot-product-attention"
MASKS = "handout.md#who-may-see-whom"
WEIGHTS = "handout.md#backward-through-the-weights"
HEAD = "handout.md#one-head"
HEAD_BACKWARD = "handout.md#one-head-backward"
SPLITTING = "handout.md#splitting-and-merging-heads"
MULTI = "handout.md#multi-head-attention"
MULTI_BACKWARD = "handout.md#multi-head-attention-backward"
START = "handout.md#where-the-weights-start"


@steps(see=MASKS)
def causal_mask(t_query, t_key=None):
    if t_key is None:
        t_key = t_query
    first = t_key - t_query  # where the first query stands
    # why: The queries are the last positions, also where there are fewer queries than keys.
    query = np.arange(t_query)[:, None] + first  # where each query stands
    key = np.arange(t_key)
    # why: True means that a query may attend: to itself and to what came before, not to what it
    # must predict.
    return key <= query  # no later position


@steps(see=MASKS)
def padding_mask(lengths, t):
    ends = np.asarray(lengths)[:, None]
    positions = np.arange(t)
    # why: True means a key that may be attended to. Positions count from 0: position `length` is
    # padding already.
    real = positions < ends  # where no padding is
    # why: Padding is hidden as a key, from every query and head: (B, 1, 1, t).
    return real[:, None, None, :]


@steps(see=SCALED)
def scaled_dot_product_attention(q, k, v, mask=None):
    d = q.shape[-1]  # the size of queries and keys
    scores = q @ k.swapaxes(-1, -2)
    # as hard: the root is missing
    # why: The scores are divided by sqrt(d), once, so that their spread does not grow with d.
    scale = np.sqrt(d)  # sqrt(d)
    # as hard: it is not divided by; it is multiplied by `scale`
    # why: The scores are divided by sqrt(d), once.
    scaled = scores / scale  # the scaled scores
    if mask is not None:
        # as hard: `scaled` is taken everywhere; what happens where
        # why: True in the mask means that a query may attend; elsewhere the score is minus
        # infinity.
        seen = np.where(mask, scaled, -np.inf)
    else:
        seen = scaled
    # why: exp overflows without it; a query that may attend nowhere has -inf alone, and gets zeros.
    largest = np.maximum(seen.max(-1, keepdims=True), -1e30)  # the row's maximum
    # as hard: the term `largest` is missing
    # why: Each row's maximum is subtracted first: exp overflows from 710 on.
    exponentials = np.exp(seen - largest)
    total = np.maximum(exponentials.sum(-1, keepdims=True), 1e-30)
    weights = exponentials / total  # the attention weights
    return weights @ v


@steps(see=WEIGHTS)
def scaled_dot_product_attention_backward(dy, q, k, v, mask=None):
    d = q.shape[-1]  # the size of queries and keys
    scale = np.sqrt(d)  # the scale
    scaled = q @ k.swapaxes(-1, -2) / scale
    if mask is not None:
        # why: The backward needs the forward's weights: those of the masked scores.
        seen = np.where(mask, scaled, -np.inf)
    else:
        seen = scaled
    # why: A query that may attend nowhere has -inf alone: its weights are zeros, not NaN, and it
    # sends no gradient.
    largest = np.maximum(seen.max(-1, keepdims=True), -1e30)  # the row's maximum
    exponentials = np.exp(seen - largest)
    weights = exponentials / np.maximum(exponentials.sum(-1, keepdims=True), 1e-30)
    # why: A value takes gradient from each query that weighed it: it is the weights, transposed,
    # times dy.
    dv = weights.swapaxes(-1, -2) @ dy
    # why: It is dy @ vᵀ, shaped like the weights; the scale comes later.
    dweights = dy @ v.swapaxes(-1, -2)
    weighted = dweights * weights
    # why: Every score changes all weights of its row: the sum runs over the keys, the last axis.
    total = weighted.sum(-1, keepdims=True)  # the sum in the softmax's backward
    # why: A score that rises lowers the other weights of its row: the row's sum is taken back.
    dscaled = weights * (dweights - total)  # the softmax's backward
    # why: Softmax's backward comes first; then the factor 1 / sqrt(d) of the scores, once for both
    # dq and dk.
    dscores = dscaled / scale  # the gradient of q @ kᵀ
    dq = dscores @ k
    # why: A key takes gradient from each query that met it: dscores is transposed.
    dk = dscores.swapaxes(-1, -2) @ q
    return dq, dk, dv


@steps(see=HEAD)
def attention_head(x, context, params, mask=None):
    q = x @ params["w_q"] + params["b_q"]
    k = context @ params["w_k"] + params["b_k"]
    v = context @ params["w_v"] + params["b_v"]
    # as hard: `mask` is not passed on
    # why: The mask goes on to the attention; q, k and v have weights of their own.
    y, cache = scaled_dot_product_attention(q, k, v, mask)
    return y


@steps(see=HEAD_BACKWARD)
def attention_head_backward(dy, x, context, params, mask=None):
    q = x @ params["w_q"] + params["b_q"]
    k = context @ params["w_k"] + params["b_k"]
    v = context @ params["w_v"] + params["b_v"]
    # why: The backward needs the forward's weights: those of the masked scores.
    y, cache = scaled_dot_product_attention(q, k, v, mask)
    dq, dk, dv = scaled_dot_product_attention_backward(dy, cache)
    through_q = dq @ params["w_q"].T  # what comes back through the queries
    through_k = dk @ params["w_k"].T  # what comes back through the keys
    through_v = dv @ params["w_v"].T  # what comes back through the values
    dx = through_q
    # why: The context reaches the output twice, as keys and as values: the gradients of both paths
    # add up.
    dcontext = through_k + through_v
    if x.shape == context.shape:  # in self-attention
        # why: dx is the queries' part alone: who passes x as context adds the two.
        dx = dx
    rows = tuple(range(x.ndim - 1))
    w_q = np.tensordot(x, dq, (rows, rows))
    w_k = np.tensordot(context, dk, (rows, rows))
    w_v = np.tensordot(context, dv, (rows, rows))
    b_q = dq.sum(rows)
    b_k = dk.sum(rows)
    b_v = dv.sum(rows)
    grads = {"w_q": w_q, "b_q": b_q, "w_k": w_k, "b_k": b_k, "w_v": w_v, "b_v": b_v}
    return dx, dcontext, grads


@steps(see=SPLITTING)
def split_heads(x, num_heads):
    batch = x.shape[:-1]
    d = x.shape[-1] // num_heads
    slices = x.reshape(*batch, num_heads, d)
    # why: Heads come before positions, (B, H, T, d): the last two axes are positions and features.
    return slices.swapaxes(-3, -2)


@steps(see=SPLITTING)
def merge_heads(x):
    turned = x.swapaxes(-3, -2)
    batch = turned.shape[:-2]
    d_model = turned.shape[-2] * turned.shape[-1]
    # why: First (B, T, H, d) again, so that a position's heads lie side by side; then the reshape.
    return turned.reshape(*batch, d_model)


@steps(see=START)
def init_attention(rng, d_model, dtype=np.float64):
    scheme = "xavier"
    w_q = init_linear(rng, d_model, d_model, scheme, dtype)["w"]
    w_k = init_linear(rng, d_model, d_model, scheme, dtype)["w"]
    w_v = init_linear(rng, d_model, d_model, scheme, dtype)["w"]
    w_o = init_linear(rng, d_model, d_model, scheme, dtype)["w"]
    b = np.zeros(d_model, dtype)
    weights = {"w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o}
    return {**weights, "b_q": b, "b_k": b, "b_v": b, "b_o": b}


@steps(see=MULTI)
def multi_head_attention(x, context, params, num_heads, mask=None):
    q = x @ params["w_q"] + params["b_q"]
    k = context @ params["w_k"] + params["b_k"]
    v = context @ params["w_v"] + params["b_v"]
    q_heads = split_heads(q, num_heads)
    k_heads = split_heads(k, num_heads)
    v_heads = split_heads(v, num_heads)
    # as hard: `mask` is not passed on
    # why: The mask goes on to the attention of all heads.
    heads, cache = scaled_dot_product_attention(q_heads, k_heads, v_heads, mask)
    # as hard: `heads` keeps its axes
    # why: Heads and positions are exchanged back before the reshape.
    merged = heads.swapaxes(1, 2).reshape(*x.shape[:2], -1)  # the heads side by side
    # as hard: `x` is added as well
    # why: w_o and b_o come last; the residual connection belongs to the block, not to attention.
    return merged @ params["w_o"] + params["b_o"]


@steps(see=MULTI_BACKWARD)
def multi_head_attention_backward(dy, x, context, params, num_heads, mask=None):
    q = x @ params["w_q"] + params["b_q"]
    k = context @ params["w_k"] + params["b_k"]
    v = context @ params["w_v"] + params["b_v"]
    q_heads = split_heads(q, num_heads)
    k_heads = split_heads(k, num_heads)
    v_heads = split_heads(v, num_heads)
    # why: The backward needs the forward's weights: those of the masked scores.
    heads, cache = scaled_dot_product_attention(q_heads, k_heads, v_heads, mask)
    merged = heads.swapaxes(1, 2).reshape(*x.shape[:2], -1)  # the heads side by side
    # why: The forward multiplied by w_o, so the way back is w_o transposed.
    dmerged = dy @ params["w_o"].T
    dheads = split_heads(dmerged, num_heads)
    dq_heads, dk_heads, dv_heads = scaled_dot_product_attention_backward(dheads, cache)
    dq = dq_heads.swapaxes(1, 2).reshape(*x.shape[:2], -1)  # merged
    dk = dk_heads.swapaxes(1, 2).reshape(*context.shape[:2], -1)  # merged
    dv = dv_heads.swapaxes(1, 2).reshape(*context.shape[:2], -1)  # merged
    through_q = dq @ params["w_q"].T  # what comes back through the queries
    through_k = dk @ params["w_k"].T  # what comes back through the keys
    through_v = dv @ params["w_v"].T  # what comes back through the values
    dx = through_q
    # why: The context reaches the output twice, as keys and as values: the gradients of both paths
    # add up.
    dcontext = through_k + through_v
    if x.shape == context.shape:  # in self-attention
        # why: dx is the queries' part alone: who passes x as context adds the two.
        dx = dx
    w_q = np.tensordot(x, dq, ((0, 1), (0, 1)))
    w_k = np.tensordot(context, dk, ((0, 1), (0, 1)))
    w_v = np.tensordot(context, dv, ((0, 1), (0, 1)))
    # why: The gradient of w_o is what it multiplied, the merged heads, transposed, times dy.
    w_o = np.tensordot(merged, dy, ((0, 1), (0, 1)))
    b_q = dq.sum((0, 1))
    b_k = dk.sum((0, 1))
    b_v = dv.sum((0, 1))
    b_o = dy.sum((0, 1))
    weights = {"w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o}
    biases = {"b_q": b_q, "b_k": b_k, "b_v": b_v, "b_o": b_o}
    return dx, dcontext, {**weights, **biases}
