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
    raise NotImplementedError("init_decoder_block is not written yet: see handout section 9.3")


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
    raise NotImplementedError("decoder_block is not written yet: see handout section 9.4")


def decoder_block_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), dcontext: (B, S, D), grads like params"""
    raise NotImplementedError("decoder_block_backward is not written yet: see handout section 9.5")


def decoder_stack(
    x, context, blocks, num_heads, mask=None, context_mask=None, norm="post", activation="relu"
):
    """One decoder block after the other, all with the same context and masks. No blocks: y is x.

    x: (B, T, D)   context: (B, S, D)   blocks: a list of params   ->   y: (B, T, D), cache
    """
    raise NotImplementedError("decoder_stack is not written yet: see handout section 9.6")


def decoder_stack_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), dcontext: (B, S, D), grads: a list like blocks

    Every block has read the context, so its gradient is the sum over the blocks.
    """
    raise NotImplementedError("decoder_stack_backward is not written yet: see handout section 9.6")


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
