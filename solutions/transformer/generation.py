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
    if temperature == 0:
        temperature, top_k = 1.0, 1
    order = np.argsort(-logits, axis=-1, kind="stable")  # the likeliest first
    kept, _ = softmax(np.take_along_axis(logits, order, -1) / temperature)
    if top_k is not None:
        kept[..., top_k:] = 0
        kept /= kept.sum(-1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(kept, -1) - kept  # how much the likelier tokens have
        kept[before >= top_p] = 0
        kept /= kept.sum(-1, keepdims=True)
    probabilities = np.empty_like(kept)
    np.put_along_axis(probabilities, order, kept, -1)
    return probabilities


def sample_tokens(probabilities, rng):
    """Draw one token for each row, each token as often as its probability says.

    probabilities: (..., V), each row sums to 1   rng: a numpy.random.Generator   ->   (...) int
    """
    cumulative = np.cumsum(probabilities, -1)
    # Scaled by the row's own sum, which rounding may have left below 1; random() never gives 1.
    threshold = rng.random((*probabilities.shape[:-1], 1)) * cumulative[..., -1:]
    return (cumulative <= threshold).sum(-1)


def cached_language_model(tokens, params, num_heads, cache=None):
    """The logits of new tokens that follow those in the cache: language_model, without the past.

    tokens: (B, t), t new ones, 1 or more   cache: what the last call returned, None at the start
    ->   logits: (B, t, V), cache: to be passed on with the tokens that come next

    All logits are those of language_model for the whole sequence so far.
    Raises ValueError for tokens that are not (B, t) and for more tokens than there are positions.
    """
    past, layers = (0, [None] * len(params["blocks"])) if cache is None else cache
    if tokens.ndim != 2 or past + tokens.shape[1] > len(params["positions"]):
        raise ValueError(
            f"tokens has shape {tokens.shape}, after {past} in the cache; expected (batch, time) "
            f"and at most {len(params['positions'])} tokens in all"
        )
    total = past + tokens.shape[1]
    x = embed(tokens, params["embed"])[0] + params["positions"][past:total]
    mask = causal_mask(tokens.shape[1], total)
    seen = []
    for block, keys_and_values in zip(params["blocks"], layers, strict=True):
        normed, _ = layernorm(x, **block["ln1"])
        attended, keys_and_values = _attend(normed, block["attn"], num_heads, mask, keys_and_values)
        seen.append(keys_and_values)
        x = x + attended
        normed, _ = layernorm(x, **block["ln2"])
        x = x + mlp(normed, block["ffn"], "gelu")[0]
    x, _ = layernorm(x, **params["ln"])
    return unembed(x, params["embed"])[0], (total, seen)


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
    new, cache = tokens, None
    for _ in range(steps):
        logits, cache = cached_language_model(new, params, num_heads, cache)
        probabilities = next_token_probabilities(logits[:, -1], temperature, top_k, top_p)
        new = sample_tokens(probabilities, rng)[:, None].astype(tokens.dtype)  # (B, 1)
        tokens = np.concatenate([tokens, new], axis=1)
    return tokens


def _attend(x, params, num_heads, mask, past):
    """Self-attention of new positions x: (B, t, D) on the past and on themselves.

    past: keys and values of before, (B, H, S, d) each, or None   ->   y: (B, t, D), (keys, values)
    """
    q, k, v = (
        split_heads(linear(x, params[f"w_{name}"], params[f"b_{name}"])[0], num_heads)
        for name in "qkv"
    )
    if past is not None:
        k, v = np.concatenate([past[0], k], axis=-2), np.concatenate([past[1], v], axis=-2)
    attended, _ = scaled_dot_product_attention(q, k, v, mask)
    return linear(merge_heads(attended), params["w_o"], params["b_o"])[0], (k, v)
