"""The cache is the text so far, and all of it is computed again: slow, and right."""

from transformer.language_model import language_model


def cached_language_model(tokens, params, num_heads, cache=None):
    whole = tokens if cache is None else np.concatenate([cache, tokens], axis=1)
    logits, _ = language_model(whole, params, num_heads)
    return logits[:, whole.shape[1] - tokens.shape[1] :], whole


def generate(tokens, params, num_heads, steps, rng, temperature=1.0, top_k=None, top_p=None):
    if tokens.ndim != 2 or tokens.shape[1] + steps > len(params["positions"]):
        raise ValueError(f"tokens {tokens.shape} and {steps} more: too long")
    text = [list(map(int, row)) for row in tokens]
    for _ in range(steps):
        logits, _ = language_model(np.array(text), params, num_heads)
        p = next_token_probabilities(logits[:, -1:], temperature, top_k, top_p)
        for row, token in zip(text, sample_tokens(p, rng)[:, 0], strict=True):
            row.append(int(token))
    return np.array(text)
