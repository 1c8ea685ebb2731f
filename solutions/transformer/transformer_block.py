"""The transformer block, and a stack of blocks (Vaswani et al. 2017, section 3.1; UDL 12.4).

A block is two sublayers, self-attention and a feed-forward network, each with a residual connection
and a layer normalisation. B: batch, T: time, D: d_model features, F: d_ff hidden units, H: heads.
"""

import numpy as np

from transformer.attention import (
    init_attention,
    multi_head_attention,
    multi_head_attention_backward,
)
from transformer.layer import init_mlp, mlp, mlp_backward
from transformer.layernorm import layernorm, layernorm_backward


def init_block(rng, d_model, d_ff, dtype=np.float64):
    """Parameters of one block, as they are before training.

    rng: a numpy.random.Generator   ->   {"ln1": {"gamma", "beta"}, "attn": {"w_q", "b_q", ...},
                                          "ln2": {"gamma", "beta"}, "ffn": [{"w", "b"}, {"w", "b"}]}
    gamma and beta: (D,), ones and zeros. attn: from init_attention. ffn: from init_mlp with its
    default scheme, D to F and F back to D.
    """
    return {
        "ln1": {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)},
        "attn": init_attention(rng, d_model, dtype=dtype),
        "ln2": {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)},
        "ffn": init_mlp(rng, [d_model, d_ff, d_model], dtype=dtype),
    }


def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    """Self-attention, then a feed-forward network, each added to its own input.

    norm="pre":   m = x + attention(ln1(x))     y = m + ffn(ln2(m))
    norm="post":  m = ln1(x + attention(x))     y = ln2(m + ffn(m))      (Vaswani et al. 2017)

    x: (B, T, D)   params: as from init_block   mask: broadcasts to (B, H, T, T), True: may attend
    ->   y: (B, T, D), cache
    Raises ValueError for an unknown norm, and for an x that is not (B, T, D) with the D of params.
    """
    if norm not in ("pre", "post"):
        raise ValueError(f'norm is {norm!r}; expected "pre" or "post"')
    if x.ndim != 3 or x.shape[-1:] != params["ln1"]["gamma"].shape:
        raise ValueError(
            f"x has shape {x.shape}; expected (batch, time, {params['ln1']['gamma'].size})"
        )

    if norm == "pre":
        normed, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(normed, normed, params["attn"], num_heads, mask)
        middle = x + attended
        normed, ln2 = layernorm(middle, **params["ln2"])
        fed, ffn = mlp(normed, params["ffn"], activation)
        y = middle + fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        middle, ln1 = layernorm(x + attended, **params["ln1"])
        fed, ffn = mlp(middle, params["ffn"], activation)
        y, ln2 = layernorm(middle + fed, **params["ln2"])
    return y, (norm, ln1, attn, ln2, ffn)


def transformer_block_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), grads with the nesting and keys of params"""
    norm, ln1, attn, ln2, ffn = cache
    if norm == "pre":
        dnormed, dffn = mlp_backward(dy, ffn)
        dmiddle, dln2 = _norm_backward(dnormed, ln2)
        dmiddle += dy  # y = middle + fed
        dnormed, dattn = _self_attention_backward(dmiddle, attn)
        dx, dln1 = _norm_backward(dnormed, ln1)
        dx += dmiddle  # middle = x + attended
    else:
        dsum, dln2 = _norm_backward(dy, ln2)
        dmiddle, dffn = mlp_backward(dsum, ffn)
        dmiddle += dsum  # the sum is middle + fed
        dsum, dln1 = _norm_backward(dmiddle, ln1)
        dx, dattn = _self_attention_backward(dsum, attn)
        dx += dsum  # the sum is x + attended
    return dx, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}


def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    """One block after the other; every block gets the same mask. No blocks: y is x.

    x: (B, T, D)   blocks: a list of params, the first next to the input   ->   y: (B, T, D), cache
    """
    caches = []
    for params in blocks:
        x, cache = transformer_block(x, params, num_heads, mask, norm, activation)
        caches.append(cache)
    return x, caches


def transformer_stack_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), grads: a list in the order of blocks"""
    grads = []
    for block_cache in reversed(cache):
        dy, block_grads = transformer_block_backward(dy, block_cache)
        grads.append(block_grads)
    return dy, grads[::-1]


def _norm_backward(dy, cache):
    """layernorm_backward, with the two parameter gradients in a dict as in params."""
    dx, dgamma, dbeta = layernorm_backward(dy, cache)
    return dx, {"gamma": dgamma, "beta": dbeta}


def _self_attention_backward(dy, cache):
    """The input served as queries and as context, so it collects both gradients."""
    dx, dcontext, grads = multi_head_attention_backward(dy, cache)
    dx += dcontext
    return dx, grads
