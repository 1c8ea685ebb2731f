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
    raise NotImplementedError("init_block is not written yet: see handout section 6.10")


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
    raise NotImplementedError("transformer_block is not written yet: see handout section 6.4")


def transformer_block_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), grads with the nesting and keys of params"""
    raise NotImplementedError("transformer_block_backward is not written yet: see handout section 6.6")


def transformer_stack(x, blocks, num_heads, mask=None, norm="pre", activation="gelu"):
    """One block after the other; every block gets the same mask. No blocks: y is x.

    x: (B, T, D)   blocks: a list of params, the first next to the input   ->   y: (B, T, D), cache
    """
    raise NotImplementedError("transformer_stack is not written yet: see handout section 6.9")


def transformer_stack_backward(dy, cache):
    """dy: (B, T, D)   ->   dx: (B, T, D), grads: a list in the order of blocks"""
    raise NotImplementedError("transformer_stack_backward is not written yet: see handout section 6.9")
