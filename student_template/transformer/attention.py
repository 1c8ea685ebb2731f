"""Attention: each position asks, and those it may see answer (Vaswani et al. 2017, 3.2; UDL 12).

A head works on (..., T, d): T queries, and S keys and values, where S = T in self-attention.
Masks are boolean, True where a query may attend, and broadcast against the scores (..., T, S).
"""

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
    raise NotImplementedError("causal_mask is not written yet: see handout section 4.4")


def padding_mask(lengths, t):
    """Hide the padding behind the end of each sequence from every head and every query.

    lengths: (B,) whole numbers, how many of the t positions are real   ->   (B, 1, 1, t) bool

    Raises ValueError if lengths is not one-dimensional or a length is outside 0 ... t.
    """
    if np.ndim(lengths) != 1:
        raise ValueError(f"lengths must have shape (B,), not {np.shape(lengths)}")
    if np.size(lengths) and not 0 <= np.min(lengths) <= np.max(lengths) <= t:
        raise ValueError(f"lengths must lie between 0 and t = {t}, not {lengths}")
    raise NotImplementedError("padding_mask is not written yet: see handout section 4.4")


def scaled_dot_product_attention(q, k, v, mask=None):
    """softmax(q kᵀ / sqrt(d)) v: means of the values (Vaswani et al. 2017, eq. 1; UDL 12.3).

    q: (..., T, d)   k: (..., S, d)   v: (..., S, d_v)   mask: broadcasts to (..., T, S)
    ->   y: (..., T, d_v), cache.   A query that may attend nowhere gets zeros.

    Raises ValueError if the shapes don't go together or the mask is not boolean.
    """
    _check_attention(q, k, v, mask)
    raise NotImplementedError("scaled_dot_product_attention is not written yet: see handout section 4.3")


def scaled_dot_product_attention_backward(dy, cache):
    """dy: (..., T, d_v)   ->   dq: (..., T, d), dk: (..., S, d), dv: (..., S, d_v)"""
    raise NotImplementedError("scaled_dot_product_attention_backward is not written yet: see handout section 4.6")


def attention_head(x, context, params, mask=None):
    """One head: x asks, context answers (Vaswani et al. 2017, 3.2.1; UDL 12.2).

    x: (..., T, D)   context: (..., S, D_context)   mask: broadcasts to (..., T, S)
    params: {"w_q": (D, d), "b_q": (d,), "w_k": (D_context, d), "b_k": (d,),
             "w_v": (D_context, d_v), "b_v": (d_v,)}   ->   y: (..., T, d_v), cache
    """
    raise NotImplementedError("attention_head is not written yet: see handout section 4.7")


def attention_head_backward(dy, cache):
    """dy: (..., T, d_v)   ->   dx: (..., T, D), dcontext: (..., S, D_context), grads like params

    In self-attention, where context is x, the gradient of x is dx + dcontext.
    """
    raise NotImplementedError("attention_head_backward is not written yet: see handout section 4.8")


def split_heads(x, num_heads):
    """Cut the features into num_heads slices, one for each head. Numbers move, none changes.

    x: (B, T, D)   ->   (B, num_heads, T, D / num_heads).   The backward of merge_heads.

    Raises ValueError if num_heads does not divide D.
    """
    if x.shape[-1] % num_heads:
        raise ValueError(f"num_heads ({num_heads}) must divide the last dimension of x {x.shape}")
    raise NotImplementedError("split_heads is not written yet: see handout section 4.9")


def merge_heads(x):
    """Lay the heads side by side again: x: (B, H, T, d)   ->   (B, T, H d).

    The inverse of split_heads, and its backward.
    """
    raise NotImplementedError("merge_heads is not written yet: see handout section 4.9")


def init_attention(rng, d_model, dtype=np.float64):
    """Four Xavier layers without bias at the start, for queries, keys, values and output.

    ->   {"w_q", "w_k", "w_v", "w_o": (d_model, d_model), "b_q", "b_k", "b_v", "b_o": (d_model,)},
    the weights with standard deviation sqrt(2 / (d_model + d_model))
    """
    raise NotImplementedError("init_attention is not written yet: see handout section 4.12")


def multi_head_attention(x, context, params, num_heads, mask=None):
    """num_heads heads side by side, then one linear layer (Vaswani et al. 2017, 3.2.2; UDL 12.3).

    x: (B, T, D)   context: (B, S, D_context)   mask: broadcasts to (B, num_heads, T, S)
    params: as init_attention gives them   ->   y: (B, T, D), cache
    Head h works with the columns h d ... (h + 1) d of w_q, w_k and w_v, where d = D / num_heads.

    Raises ValueError if num_heads does not divide the number of columns of w_q.
    """
    if params["w_q"].shape[-1] % num_heads:
        raise ValueError(f"num_heads ({num_heads}) must divide d_model {params['w_q'].shape[-1]}")
    raise NotImplementedError("multi_head_attention is not written yet: see handout section 4.10")


def multi_head_attention_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), dcontext: (B, S, D_context), grads like params

    In self-attention, where context is x, the gradient of x is dx + dcontext.
    """
    raise NotImplementedError("multi_head_attention_backward is not written yet: see handout section 4.11")


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
