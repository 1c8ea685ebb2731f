"""Row by row and token by token, with rng.choice; dropped tokens get a logit of minus infinity."""


def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError(f"temperature {temperature}, top_k {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p {top_p}")
    found = np.zeros_like(logits)
    for place in np.ndindex(logits.shape[:-1]):
        row = logits[place]
        ranked = sorted(range(len(row)), key=lambda token: (-row[token], token))
        if temperature == 0:
            found[(*place, ranked[0])] = 1
            continue
        kept = ranked[:top_k]
        p = _softmax_over(row / row.dtype.type(temperature), kept)
        if top_p is not None:
            nucleus, mass = [], 0.0
            for token in kept:
                if mass >= top_p:
                    break
                nucleus.append(token)
                mass += float(p[token])
            p = _softmax_over(row / row.dtype.type(temperature), nucleus)
        found[place] = p
    return found


def _softmax_over(row, kept):
    alive = np.full_like(row, -np.inf)
    alive[kept] = row[kept]
    return softmax(alive)[0]


def sample_tokens(probabilities, rng):
    tokens = np.empty(probabilities.shape[:-1], dtype=np.int64)
    for place in np.ndindex(tokens.shape):
        p = probabilities[place].astype(np.float64)
        tokens[place] = rng.choice(len(p), p=p / p.sum())
    return tokens
