"""A decoder-only language model and the gradient of its loss (Radford et al. 2018; UDL 12.7).

Tokens become vectors, positions are added, pre-norm blocks follow under a causal mask, a last layer
normalisation, and the embedding's table once more as the output (Vaswani et al. 2017, 3.4: tied).
B: batch, T: time, D: d_model features, V: size of the vocabulary.
"""

import numpy as np

from transformer.attention import causal_mask
from transformer.embedding import embed, embed_backward, init_embedding, unembed, unembed_backward
from transformer.layernorm import layernorm, layernorm_backward
from transformer.losses import cross_entropy
from transformer.transformer_block import (
    init_block,
    transformer_stack,
    transformer_stack_backward,
)


def init_language_model(rng, vocab_size, d_model, d_ff, num_layers, max_len, dtype=np.float64):
    """Parameters of the whole model, as they are before training.

    rng: a numpy.random.Generator   ->   {"embed": (V, D), "positions": (max_len, D),
                                          "blocks": [num_layers times what init_block gives],
                                          "ln": {"gamma": (D,), "beta": (D,)}}
    embed and positions: from init_embedding. gamma: ones, beta: zeros.
    """
    raise NotImplementedError("init_language_model is not written yet: see handout section 8.3")


def language_model(tokens, params, num_heads):
    """Score, at every position, which token comes next.

    x = embed[tokens] + positions[:T]; then the blocks (pre-norm, GELU) under a causal mask; then
    the layer normalisation "ln"; logits = x embedᵀ.

    tokens: (B, T) whole numbers   params: as from init_language_model
    ->   logits: (B, T, V), cache

    Raises ValueError for tokens that are not (B, T), and for a T above the number of positions.
    """
    _check_tokens(tokens, params)
    raise NotImplementedError("language_model is not written yet: see handout section 8.3")


def language_model_backward(dy, cache):
    """dy: (B, T, V), the gradient of the logits   ->   grads with the nesting and keys of params"""
    raise NotImplementedError("language_model_backward is not written yet: see handout section 8.4")


def next_token_loss(tokens, params, num_heads, ignore_index=-1):
    """Mean cross entropy of each token given those before it, and its gradients (UDL 12.7).

    The first token is never a target, the last one never an input. Tokens equal to ignore_index are
    padding behind the end of a sequence: as targets they are not counted (see cross_entropy).

    tokens: (B, T), T >= 2   ->   loss: float, grads with the nesting and keys of params

    Raises ValueError for tokens that are not (B, T) with T >= 2.
    """
    if tokens.ndim != 2 or tokens.shape[1] < 2:
        raise ValueError(f"tokens has shape {tokens.shape}; expected (batch, time), time 2 or more")
    raise NotImplementedError("next_token_loss is not written yet: see handout section 8.5")


def _check_tokens(tokens, params):
    if tokens.ndim != 2 or tokens.shape[1] > len(params["positions"]):
        raise ValueError(
            f"tokens has shape {tokens.shape}; expected (batch, time) with a time of at most "
            f"{len(params['positions'])}, the number of positions"
        )
