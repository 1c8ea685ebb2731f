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
    return {
        "embed": init_embedding(rng, vocab_size, d_model, dtype=dtype),
        "positions": init_embedding(rng, max_len, d_model, dtype=dtype),
        "blocks": [init_block(rng, d_model, d_ff, dtype=dtype) for _ in range(num_layers)],
        "ln": {"gamma": np.ones(d_model, dtype), "beta": np.zeros(d_model, dtype)},
    }


def language_model(tokens, params, num_heads):
    """Score, at every position, which token comes next.

    x = embed[tokens] + positions[:T]; then the blocks (pre-norm, GELU) under a causal mask; then
    the layer normalisation "ln"; logits = x embedᵀ.

    tokens: (B, T) whole numbers   params: as from init_language_model
    ->   logits: (B, T, V), cache

    Raises ValueError for tokens that are not (B, T), and for a T above the number of positions.
    """
    _check_tokens(tokens, params)
    t = tokens.shape[1]
    embedded, embed_cache = embed(tokens, params["embed"])
    x = embedded + params["positions"][:t]
    x, blocks = transformer_stack(x, params["blocks"], num_heads, causal_mask(t))
    x, ln = layernorm(x, **params["ln"])
    logits, unembed_cache = unembed(x, params["embed"])
    return logits, (embed_cache, params["positions"].shape, blocks, ln, unembed_cache)


def language_model_backward(dy, cache):
    """dy: (B, T, V), the gradient of the logits   ->   grads with the nesting and keys of params"""
    embed_cache, (max_len, d_model), blocks, ln, unembed_cache = cache
    dx, dembed = unembed_backward(dy, unembed_cache)
    dx, dgamma, dbeta = layernorm_backward(dx, ln)
    dx, dblocks = transformer_stack_backward(dx, blocks)
    dpositions = np.zeros((max_len, d_model), dx.dtype)
    dpositions[: dx.shape[1]] = dx.sum(0)  # every item of the batch used them
    return {
        "embed": dembed + embed_backward(dx, embed_cache),  # one table, used at both ends
        "positions": dpositions,
        "blocks": dblocks,
        "ln": {"gamma": dgamma, "beta": dbeta},
    }


def next_token_loss(tokens, params, num_heads, ignore_index=-1):
    """Mean cross entropy of each token given those before it, and its gradients (UDL 12.7).

    The first token is never a target, the last one never an input. Tokens equal to ignore_index are
    padding behind the end of a sequence: as targets they are not counted (see cross_entropy).

    tokens: (B, T), T >= 2   ->   loss: float, grads with the nesting and keys of params

    Raises ValueError for tokens that are not (B, T) with T >= 2.
    """
    if tokens.ndim != 2 or tokens.shape[1] < 2:
        raise ValueError(f"tokens has shape {tokens.shape}; expected (batch, time), time 2 or more")
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    inputs = np.where(inputs == ignore_index, 0, inputs)  # padding may lie outside the vocabulary
    logits, cache = language_model(inputs, params, num_heads)
    loss, dlogits = cross_entropy(logits, targets, ignore_index)
    return loss, language_model_backward(dlogits, cache)


def _check_tokens(tokens, params):
    if tokens.ndim != 2 or tokens.shape[1] > len(params["positions"]):
        raise ValueError(
            f"tokens has shape {tokens.shape}; expected (batch, time) with a time of at most "
            f"{len(params['positions'])}, the number of positions"
        )
