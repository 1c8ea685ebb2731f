"""A decoder block with cross-attention, and a stack of them (Vaswani et al. 2017, 3.1; UDL 12.8).

Three sublayers: attention to the target under a causal mask, attention to what the encoder wrote
(the context), and a feed-forward network. B: batch, T: target length, S: source length, D: d_model.
"""

import numpy as np

from transformer.attention import (
    init_attention,
    multi_head_attention,
    multi_head_attention_backward,
)
from transformer.layer import init_mlp, mlp, mlp_backward
from transformer.layernorm import layernorm, layernorm_backward


def init_decoder_block(rng, d_model, d_ff, dtype=np.float64):
    """Parameters of one decoder block, as they are before training.

    rng: a numpy.random.Generator   ->   {"ln1", "ln2", "ln3": {"gamma", "beta"},
                                          "attn", "cross": {"w_q", "b_q", ...},
                                          "ffn": [{"w", "b"}, {"w", "b"}]}
    As init_block has them: norms of ones and zeros, attn and cross from init_attention, ffn from
    init_mlp with its default scheme.
    """
    return {
        "ln1": _init_norm(d_model, dtype),
        "attn": init_attention(rng, d_model, dtype=dtype),
        "ln2": _init_norm(d_model, dtype),
        "cross": init_attention(rng, d_model, dtype=dtype),
        "ln3": _init_norm(d_model, dtype),
        "ffn": init_mlp(rng, [d_model, d_ff, d_model], dtype=dtype),
    }


def decoder_block(
    x, context, params, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    """Self-attention, attention to the context, a feed-forward network, each added to its input.

    norm="post":  a = ln1(x + attn(x, x))   b = ln2(a + cross(a, context))   y = ln3(b + ffn(b))
    norm="pre":   a = x + attn(n, n), n = ln1(x)   b = a + cross(ln2(a), context)
                  y = b + ffn(ln3(b));   the context is read as it is

    x: (B, T, D)   context: (B, S, D)   params: as from init_decoder_block
    mask: of self-attention, broadcasts to (B, H, T, T)   context_mask: to (B, H, T, S)
    ->   y: (B, T, D), cache

    Raises ValueError for an unknown norm, and for an x or context whose shape does not fit.
    """
    _check_decoder_block(x, context, params, norm)
    if norm == "pre":
        n, ln1 = layernorm(x, **params["ln1"])
        attended, attn = multi_head_attention(n, n, params["attn"], num_heads, mask)
        a = x + attended
        n, ln2 = layernorm(a, **params["ln2"])
        read, cross = multi_head_attention(n, context, params["cross"], num_heads, context_mask)
        b = a + read
        n, ln3 = layernorm(b, **params["ln3"])
        fed, ffn = mlp(n, params["ffn"], activation)
        y = b + fed
    else:
        attended, attn = multi_head_attention(x, x, params["attn"], num_heads, mask)
        a, ln1 = layernorm(x + attended, **params["ln1"])
        read, cross = multi_head_attention(a, context, params["cross"], num_heads, context_mask)
        b, ln2 = layernorm(a + read, **params["ln2"])
        fed, ffn = mlp(b, params["ffn"], activation)
        y, ln3 = layernorm(b + fed, **params["ln3"])
    return y, (norm, ln1, attn, ln2, cross, ln3, ffn)


def decoder_block_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), dcontext: (B, S, D), grads like params"""
    norm, ln1, attn, ln2, cross, ln3, ffn = cache
    if norm == "pre":
        dn, dffn = mlp_backward(dy, ffn)
        db, dln3 = _norm_backward(dn, ln3)
        db = db + dy  # y = b + fed
        dn, dcontext, dcross = multi_head_attention_backward(db, cross)
        da, dln2 = _norm_backward(dn, ln2)
        da = da + db  # b = a + read
        dquery, dkey, dattn = multi_head_attention_backward(da, attn)
        dx, dln1 = _norm_backward(dquery + dkey, ln1)
        dx = dx + da  # a = x + attended
    else:
        dsum, dln3 = _norm_backward(dy, ln3)
        db, dffn = mlp_backward(dsum, ffn)
        dsum, dln2 = _norm_backward(db + dsum, ln2)
        da, dcontext, dcross = multi_head_attention_backward(dsum, cross)
        dsum, dln1 = _norm_backward(da + dsum, ln1)
        dquery, dkey, dattn = multi_head_attention_backward(dsum, attn)
        dx = dquery + dkey + dsum
    grads = {"ln1": dln1, "attn": dattn, "ln2": dln2, "cross": dcross, "ln3": dln3, "ffn": dffn}
    return dx, dcontext, grads


def decoder_stack(
    x, context, blocks, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    """One decoder block after the other, all with the same context and masks. No blocks: y is x.

    x: (B, T, D)   context: (B, S, D)   blocks: a list of params   ->   y: (B, T, D), cache
    """
    caches = []
    for params in blocks:
        x, cache = decoder_block(
            x, context, params, num_heads, mask, context_mask, norm, activation
        )
        caches.append(cache)
    return x, (caches, context)


def decoder_stack_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), dcontext: (B, S, D), grads: a list like blocks

    Every block has read the context, so its gradient is the sum over the blocks.
    """
    caches, context = cache
    dcontext, grads = np.zeros_like(context), []
    for block_cache in reversed(caches):
        dy, dread, block_grads = decoder_block_backward(dy, block_cache)
        dcontext += dread
        grads.append(block_grads)
    return dy, dcontext, grads[::-1]


def _init_norm(d_model, dtype):
    return {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)}


def _norm_backward(dy, cache):
    """layernorm_backward, with the two parameter gradients in a dict as in params."""
    dx, dgamma, dbeta = layernorm_backward(dy, cache)
    return dx, {"gamma": dgamma, "beta": dbeta}


def _check_decoder_block(x, context, params, norm):
    if norm not in ("pre", "post"):
        raise ValueError(f'norm is {norm!r}; expected "pre" or "post"')
    d_model = params["ln1"]["gamma"].size
    if x.ndim != 3 or x.shape[-1] != d_model:
        raise ValueError(f"x has shape {x.shape}; expected (batch, time, {d_model})")
    if context.ndim != 3 or context.shape[0] != len(x):
        raise ValueError(
            f"context has shape {context.shape}; expected (batch {len(x)}, time, features)"
        )
