"""Backward computes the forward again; the table's gradient is gathered token by token."""


def language_model(tokens, params, num_heads):
    if tokens.ndim != 2 or tokens.shape[1] > len(params["positions"]):
        raise ValueError(f"tokens {tokens.shape}, positions {params['positions'].shape}")
    return _forward(tokens, params, num_heads)[0], (tokens.copy(), params, num_heads)


def _forward(tokens, params, num_heads):
    x = embed(tokens, params["embed"])[0] + params["positions"][: tokens.shape[1]]
    x, stack = transformer_stack(x, params["blocks"], num_heads, causal_mask(tokens.shape[1]))
    x, norm = layernorm(x, **params["ln"])
    return x @ params["embed"].T, x, stack, norm


def language_model_backward(dy, cache):
    tokens, params, num_heads = cache
    _, last, stack, norm = _forward(tokens, params, num_heads)
    dx, dgamma, dbeta = layernorm_backward(dy @ params["embed"], norm)
    dx, dblocks = transformer_stack_backward(dx, stack)
    dembed = np.tensordot(dy, last, axes=([0, 1], [0, 1]))
    dpositions = np.zeros_like(params["positions"])
    for b, t in np.ndindex(tokens.shape):
        dembed[tokens[b, t]] += dx[b, t]
        dpositions[t] += dx[b, t]
    ln = {"gamma": dgamma, "beta": dbeta}
    return {"embed": dembed, "positions": dpositions, "blocks": dblocks, "ln": ln}
