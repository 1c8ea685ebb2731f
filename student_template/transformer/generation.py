"""Text from a language model: from logits to probabilities, to a token, and on to the next.

The cache of keys and values (Pope et al. 2022, section 2) makes a new token cost one position's
work: what the earlier positions offer to later ones never changes under a causal mask.
"""

import numpy as np

from transformer.activations import softmax
from transformer.attention import (
    causal_mask,
    merge_heads,
    scaled_dot_product_attention,
    split_heads,
)
from transformer.embedding import embed, unembed
from transformer.layer import linear, mlp
from transformer.layernorm import layernorm


def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """Which token comes next, and how likely: temperature, then top-k, then top-p.

    softmax(logits / temperature). top_k keeps the k most likely tokens (Fan et al. 2018, 5.4),
    top_p of what is left the fewest most likely ones that have at least p together (Holtzman et al.
    2020, 3.1). Of equal tokens the lower id counts as likelier. What is kept sums to 1.
    A temperature of 0 means greedy: all probability to the most likely token.

    logits: (..., V)   ->   probabilities: (..., V)
    Raises ValueError for temperature < 0, top_k < 1, and top_p outside (0, 1].
    """
    if temperature < 0:
        raise ValueError(f"temperature is {temperature}; expected 0 (greedy) or more")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}; expected 1 or more, or None")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; expected 0 < top_p <= 1, or None")
    raise NotImplementedError("next_token_probabilities is not written yet: see handout section 8.9")


def sample_tokens(probabilities, rng):
    """Draw one token for each row, each token as often as its probability says.

    probabilities: (..., V), each row sums to 1   rng: a numpy.random.Generator   ->   (...) int
    """
    raise NotImplementedError("sample_tokens is not written yet: see handout section 8.9")


def cached_language_model(tokens, params, num_heads, cache=None):
    """The logits of new tokens that follow those in the cache: language_model, without the past.

    tokens: (B, t), t new ones, 1 or more   cache: what the last call returned, None at the start
    ->   logits: (B, t, V), cache: to be passed on with the tokens that come next

    All logits are those of language_model for the whole sequence so far.
    Raises ValueError for tokens that are not (B, t) and for more tokens than there are positions.
    """
    raise NotImplementedError("cached_language_model is not written yet: see handout section 8.10")


def generate(tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None):
    """Continue each sequence by `steps` tokens, each drawn given all those before it.

    tokens: (B, T)   rng: a numpy.random.Generator   temperature, top_k, top_p: as in
    next_token_probabilities   ->   (B, T + steps), the given tokens first

    Raises ValueError for tokens that are not (B, T), and if T + steps is above the number of
    positions.
    """
    if tokens.ndim != 2 or tokens.shape[1] + steps > len(params["positions"]):
        raise ValueError(
            f"tokens has shape {tokens.shape} and steps is {steps}; expected (batch, time) and "
            f"time + steps of at most {len(params['positions'])}, the number of positions"
        )
    raise NotImplementedError("generate is not written yet: see handout section 8.9")
