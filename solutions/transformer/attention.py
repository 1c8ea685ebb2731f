"""Attention: each position asks, and those it may see answer (Vaswani et al. 2017, 3.2; UDL 12).

A head works on (..., T, d): T queries, and S keys and values, where S = T in self-attention.
Masks are boolean, True where a query may attend, and broadcast against the scores (..., T, S).
"""

import functools

import numpy as np

from transformer.layer import init_linear, linear, linear_backward


def causal_mask(t_query, t_key=None):
    """Let no position look at a later one (Vaswani et al. 2017, 3.2.3; UDL 12.7).

    With fewer queries than keys, the queries are the last positions: the last t_query rows of
    the square (t_key, t_key) mask. t_key is t_query unless given.   ->   (t_query, t_key) bool

    Raises ValueError if there are more queries than keys.
    """
    if t_key is not None and t_query > t_key:
        raise ValueError(f"t_query ({t_query}) must be at most t_key ({t_key}): they are its last")
    return _causal_mask(t_query, t_query if t_key is None else t_key)


@functools.lru_cache(maxsize=64)  # each layer of each training step asks for the same one
def _causal_mask(t_query, t_key):
    mask = np.tri(t_query, t_key, k=t_key - t_query, dtype=bool)
    mask.flags.writeable = False  # it is shared by all who asked for it
    return mask


def padding_mask(lengths, t):
    """Hide the padding behind the end of each sequence from every head and every query.

    lengths: (B,) whole numbers, how many of the t positions are real   ->   (B, 1, 1, t) bool

    Raises ValueError if lengths is not one-dimensional or a length is outside 0 ... t.
    """
    if np.ndim(lengths) != 1:
        raise ValueError(f"lengths must have shape (B,), not {np.shape(lengths)}")
    if np.size(lengths) and not 0 <= np.min(lengths) <= np.max(lengths) <= t:
        raise ValueError(f"lengths must lie between 0 and t = {t}, not {lengths}")
    return (np.arange(t) < np.asarray(lengths)[:, None])[:, None, None, :]


def scaled_dot_product_attention(q, k, v, mask=None):
    """softmax(q kᵀ / sqrt(d)) v: means of the values (Vaswani et al. 2017, eq. 1; UDL 12.3).

    q: (..., T, d)   k: (..., S, d)   v: (..., S, d_v)   mask: broadcasts to (..., T, S)
    ->   y: (..., T, d_v), cache.   A query that may attend nowhere gets zeros.

    Raises ValueError if the shapes don't go together or the mask is not boolean.
    """
    _check_attention(q, k, v, mask)
    scale = q.shape[-1] ** -0.5
    scaled_q = q * scale  # fewer numbers than the scores have
    scores = scaled_q @ k.swapaxes(-1, -2)  # (..., T, S)
    if mask is not None:
        np.copyto(scores, -np.inf, where=~mask)
    # Starting from the lowest finite number, so that a row of -inf does not become inf - inf.
    scores -= scores.max(-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    exp_scores = np.exp(scores, out=scores)  # in place: the largest array of all, made once
    # A product with ones is the fastest sum. It is at least exp(0), but for a query without keys.
    total = np.maximum(exp_scores @ np.ones((k.shape[-2], 1), scores.dtype), 1)  # (..., T, 1)
    y = exp_scores @ v
    y /= total  # the softmax divides last: fewer numbers again
    return y, (scaled_q, k, v, scale, exp_scores, total, y)


def scaled_dot_product_attention_backward(dy, cache):
    """dy: (..., T, d_v)   ->   dq: (..., T, d), dk: (..., S, d), dv: (..., S, d_v)"""
    scaled_q, k, v, scale, exp_scores, total, y = cache
    dsum = dy / total  # of exp_scores @ v
    dtotal = -np.vecdot(dsum, y)[..., None]  # (..., T, 1)
    dv = exp_scores.swapaxes(-1, -2) @ dsum
    dscores = dsum @ v.swapaxes(-1, -2)  # (..., T, S): exp_scores reach y through the sum ...
    dscores += dtotal  # ... and through the total,
    dscores *= exp_scores  # and exp is its own derivative: 0 where masked
    dq = dscores @ k
    dq *= scale
    dk = dscores.swapaxes(-1, -2) @ scaled_q
    return dq, dk, dv


def attention_head(x, context, params, mask=None):
    """One head: x asks, context answers (Vaswani et al. 2017, 3.2.1; UDL 12.2).

    x: (..., T, D)   context: (..., S, D_context)   mask: broadcasts to (..., T, S)
    params: {"w_q": (D, d), "b_q": (d,), "w_k": (D_context, d), "b_k": (d,),
             "w_v": (D_context, d_v), "b_v": (d_v,)}   ->   y: (..., T, d_v), cache
    """
    q, q_cache = linear(x, params["w_q"], params["b_q"])
    k, k_cache = linear(context, params["w_k"], params["b_k"])
    v, v_cache = linear(context, params["w_v"], params["b_v"])
    y, attention_cache = scaled_dot_product_attention(q, k, v, mask)
    return y, (q_cache, k_cache, v_cache, attention_cache)


def attention_head_backward(dy, cache):
    """dy: (..., T, d_v)   ->   dx: (..., T, D), dcontext: (..., S, D_context), grads like params

    In self-attention, where context is x, the gradient of x is dx + dcontext.
    """
    q_cache, k_cache, v_cache, attention_cache = cache
    dq, dk, dv = scaled_dot_product_attention_backward(dy, attention_cache)
    grads = {}
    dx, grads["w_q"], grads["b_q"] = linear_backward(dq, q_cache)
    dcontext, grads["w_k"], grads["b_k"] = linear_backward(dk, k_cache)
    dcontext_v, grads["w_v"], grads["b_v"] = linear_backward(dv, v_cache)
    dcontext += dcontext_v
    return dx, dcontext, grads


def split_heads(x, num_heads):
    """Cut the features into num_heads slices, one for each head. Numbers move, none changes.

    x: (B, T, D)   ->   (B, num_heads, T, D / num_heads).   The backward of merge_heads.

    Raises ValueError if num_heads does not divide D.
    """
    if x.shape[-1] % num_heads:
        raise ValueError(f"num_heads ({num_heads}) must divide the last dimension of x {x.shape}")
    return x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads).swapaxes(-3, -2)


def merge_heads(x):
    """Lay the heads side by side again: x: (B, H, T, d)   ->   (B, T, H d).

    The inverse of split_heads, and its backward.
    """
    *batch, num_heads, t, d = x.shape
    return x.swapaxes(-3, -2).reshape(*batch, t, num_heads * d)


def init_attention(rng, d_model, dtype=np.float64):
    """Four Xavier layers without bias at the start, for queries, keys, values and output.

    ->   {"w_q", "w_k", "w_v", "w_o": (d_model, d_model), "b_q", "b_k", "b_v", "b_o": (d_model,)},
    the weights with standard deviation sqrt(2 / (d_model + d_model))
    """
    params = {}
    for name in ("q", "k", "v", "o"):
        layer = init_linear(rng, d_model, d_model, scheme="xavier", dtype=dtype)
        params[f"w_{name}"], params[f"b_{name}"] = layer["w"], layer["b"]
    return params


def multi_head_attention(x, context, params, num_heads, mask=None):
    """num_heads heads side by side, then one linear layer (Vaswani et al. 2017, 3.2.2; UDL 12.3).

    x: (B, T, D)   context: (B, S, D_context)   mask: broadcasts to (B, num_heads, T, S)
    params: as init_attention gives them   ->   y: (B, T, D), cache
    Head h works with the columns h d ... (h + 1) d of w_q, w_k and w_v, where d = D / num_heads.

    Raises ValueError if num_heads does not divide the number of columns of w_q.
    """
    if params["w_q"].shape[-1] % num_heads:
        raise ValueError(f"num_heads ({num_heads}) must divide d_model {params['w_q'].shape[-1]}")
    q, q_cache = linear(x, params["w_q"], params["b_q"])
    k, k_cache = linear(context, params["w_k"], params["b_k"])
    v, v_cache = linear(context, params["w_v"], params["b_v"])
    heads, heads_cache = scaled_dot_product_attention(
        split_heads(q, num_heads), split_heads(k, num_heads), split_heads(v, num_heads), mask
    )
    y, o_cache = linear(merge_heads(heads), params["w_o"], params["b_o"])
    return y, (q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads)


def multi_head_attention_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), dcontext: (B, S, D_context), grads like params

    In self-attention, where context is x, the gradient of x is dx + dcontext.
    """
    q_cache, k_cache, v_cache, heads_cache, o_cache, num_heads = cache
    grads = {}
    dmerged, grads["w_o"], grads["b_o"] = linear_backward(dy, o_cache)
    dheads = split_heads(dmerged, num_heads)
    dq, dk, dv = scaled_dot_product_attention_backward(dheads, heads_cache)
    dx, grads["w_q"], grads["b_q"] = linear_backward(merge_heads(dq), q_cache)
    dcontext, grads["w_k"], grads["b_k"] = linear_backward(merge_heads(dk), k_cache)
    dcontext_v, grads["w_v"], grads["b_v"] = linear_backward(merge_heads(dv), v_cache)
    dcontext += dcontext_v
    return dx, dcontext, grads


def _check_attention(q, k, v, mask):
    """Say which argument does not fit the others."""
    if q.shape[:-2] != k.shape[:-2] or q.shape[-1] != k.shape[-1]:
        raise ValueError(f"k must be (..., S, d) to match q {q.shape}, not {k.shape}")
    if v.shape[:-1] != k.shape[:-1]:
        raise ValueError(f"v must be (..., S, d_v) to match k {k.shape}, not {v.shape}")
    scores_shape = q.shape[:-1] + k.shape[-2:-1]
    if mask is not None and mask.dtype != bool:
        raise ValueError(f"mask must be boolean, True where a query may attend, not {mask.dtype}")
    if mask is not None and not _broadcasts(mask.shape, scores_shape):
        raise ValueError(f"mask {mask.shape} must broadcast to the scores {scores_shape}")


def _broadcasts(shape, target):
    return len(shape) <= len(target) and all(
        size in (1, wanted) for size, wanted in zip(shape[::-1], target[::-1], strict=False)
    )
