"""The encoder-decoder transformer, whole (Vaswani et al. 2017, figure 1; UDL 12.8).

The encoder reads the source without a causal mask; every decoder block looks at what it wrote, the
context. B: batch, S: source length, T: target length, D: d_model features, V: size of the
vocabulary, which source and target share.
"""

import numpy as np

from transformer.attention import causal_mask
from transformer.decoder import decoder_stack, decoder_stack_backward, init_decoder_block
from transformer.embedding import (
    dropout,
    dropout_backward,
    embed,
    embed_backward,
    unembed,
    unembed_backward,
)
from transformer.layernorm import layernorm, layernorm_backward
from transformer.losses import cross_entropy
from transformer.positions import sinusoidal_positions
from transformer.transformer_block import (
    init_block,
    transformer_stack,
    transformer_stack_backward,
)


def init_seq2seq(rng, vocab_size, d_model, d_ff, num_layers, norm="post", dtype=np.float64):
    """Parameters of the whole model, as they are before training.

    ->   {"embed": (V, D), "encoder": [num_layers times what init_block gives],
          "decoder": [num_layers times what init_decoder_block gives]}, and for norm="pre" also
         "encoder_ln" and "decoder_ln": {"gamma": ones, "beta": zeros}, the norms after the stacks
    embed: mean 0, standard deviation 1 / sqrt(D), so that it is 1 after the scaling by sqrt(D).

    Raises ValueError for an unknown norm.
    """
    if norm not in ("pre", "post"):
        raise ValueError(f'norm is {norm!r}; expected "pre" or "post"')
    raise NotImplementedError("init_seq2seq is not written yet: see handout section 9.7")


def encode(source, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    """Read the source, each position in the light of all others but the padding.

    x = embed[source] sqrt(D) + sinusoidal positions (3.4, 3.5), then dropout (5.4); the blocks of
    "encoder" with ReLU; for norm="pre" the layer normalisation "encoder_ln".

    source: (B, S) whole numbers, behind the end of a sequence `pad`   params: of which "embed",
    "encoder" and "encoder_ln" are used   rng: None for evaluation   ->   context: (B, S, D), cache

    Raises ValueError for a source that is not (B, S), and for params of the other norm.
    """
    _check_tokens("source", source)
    _check_norm(norm, params, "encoder_ln")
    raise NotImplementedError("encode is not written yet: see handout section 9.9")


def encode_backward(dy, cache):
    """dy: (B, S, D), the gradient of the context   ->   grads of the params that encode uses"""
    raise NotImplementedError("encode_backward is not written yet: see handout section 9.9")


def decode(
    target, context, params, num_heads, context_mask=None, norm="post", dropout_p=0.0, rng=None
):
    """Score, at every position of the target, which token comes next, given the context.

    The same embedding as in encode; the blocks of "decoder" with ReLU, under a causal mask; for
    norm="pre" the layer normalisation "decoder_ln"; logits = x embedᵀ, not scaled (3.4).

    target: (B, T) whole numbers   context: (B, S, D)   context_mask: broadcasts to (B, H, T, S)
    params: of which "embed", "decoder" and "decoder_ln" are used   ->   logits: (B, T, V), cache

    Raises ValueError for a target that is not (B, T), and for params of the other norm.
    """
    _check_tokens("target", target)
    _check_norm(norm, params, "decoder_ln")
    raise NotImplementedError("decode is not written yet: see handout section 9.10")


def decode_backward(dy, cache):
    """dy: (B, T, V)   ->   dcontext: (B, S, D), grads of the params that decode uses"""
    raise NotImplementedError("decode_backward is not written yet: see handout section 9.11")


def seq2seq(source, target, params, num_heads, pad=0, norm="post", dropout_p=0.0, rng=None):
    """Encode the source, then decode the target in its light; the source's padding is not seen.

    source: (B, S)   target: (B, T)   params: as from init_seq2seq   ->   logits: (B, T, V), cache
    """
    raise NotImplementedError("seq2seq is not written yet: see handout section 9.12")


def seq2seq_backward(dy, cache):
    """dy: (B, T, V), the gradient of the logits   ->   grads with the nesting and keys of params"""
    raise NotImplementedError("seq2seq_backward is not written yet: see handout section 9.11")


def seq2seq_loss(
    source,
    target,
    params,
    num_heads,
    pad=0,
    label_smoothing=0.1,
    norm="post",
    dropout_p=0.0,
    rng=None,
):
    """Mean smoothed cross entropy of each target token given those before it (5.4), and gradients.

    The first token of a target (the start) is never predicted, the last one never read. Targets
    equal to `pad` are not counted.

    source: (B, S)   target: (B, T), T >= 2   ->   loss: float, grads with the keys of params

    Raises ValueError for a target that is not (B, T) with T >= 2.
    """
    if target.ndim != 2 or target.shape[1] < 2:
        raise ValueError(f"target has shape {target.shape}; expected (batch, time), time 2 or more")
    raise NotImplementedError("seq2seq_loss is not written yet: see handout section 9.13")


def greedy_decode(source, params, num_heads, max_len, start=1, end=2, pad=0, norm="post"):
    """Write answers token by token, each the most likely one after those before it.

    source: (B, S)   ->   tokens: (B, max_len) whole numbers, without the start, with the end; all
    that comes after an end is pad
    """
    raise NotImplementedError("greedy_decode is not written yet: see handout section 9.14")


def _check_tokens(name, tokens):
    if tokens.ndim != 2:
        raise ValueError(f"{name} has shape {tokens.shape}; expected (batch, time)")


def _check_norm(norm, params, name):
    """An unknown norm, or parameters that were made for the other one."""
    if norm not in ("pre", "post"):
        raise ValueError(f'norm is {norm!r}; expected "pre" or "post"')
    if (name in params) != (norm == "pre"):
        raise ValueError(f'norm is {norm!r}; params must hold "{name}" for "pre" and only then')
