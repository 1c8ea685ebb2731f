"""The embedding is a product with one-hot rows, the cache a function that knows how to go back."""

from transformer.activations import log_softmax


def language_model(tokens, params, num_heads):
    if tokens.ndim != 2 or tokens.shape[1] > len(params["positions"]):
        raise ValueError(f"tokens {tokens.shape}, positions {params['positions'].shape}")
    if tokens.size and (tokens.min() < 0 or tokens.max() >= len(params["embed"])):
        raise ValueError(f"tokens outside 0 … {len(params['embed']) - 1}")
    t = tokens.shape[1]
    one_hot = np.eye(len(params["embed"]), dtype=params["embed"].dtype)[tokens]
    x = np.einsum("btv,vd->btd", one_hot, params["embed"]) + params["positions"][None, :t]
    x, stack = transformer_stack(x, params["blocks"], num_heads, mask=causal_mask(t))
    last, norm = layernorm(x, params["ln"]["gamma"], params["ln"]["beta"])

    def back(dy):
        dlast = np.einsum("btv,vd->btd", dy, params["embed"])
        dnorm, dgamma, dbeta = layernorm_backward(dlast, norm)
        dx, dblocks = transformer_stack_backward(dnorm, stack)
        dembed = np.einsum("btv,btd->vd", dy, last) + np.einsum("btv,btd->vd", one_hot, dx)
        rows = [dx[:, k].sum(0) if k < t else 0 * dbeta for k in range(len(params["positions"]))]
        ln = {"beta": dbeta, "gamma": dgamma}
        return {"ln": ln, "blocks": dblocks, "positions": np.stack(rows), "embed": dembed}

    return np.einsum("btd,vd->btv", last, params["embed"]), back


def language_model_backward(dy, cache):
    return cache(dy)


def next_token_loss(tokens, params, num_heads, ignore_index=-1):
    if tokens.ndim != 2 or tokens.shape[1] < 2:
        raise ValueError(f"tokens {tokens.shape}: nothing to predict")
    known = tokens.copy()
    known[known == ignore_index] = len(params["embed"]) - 1
    logits, back = language_model(known[:, :-1], params, num_heads)
    log_p, _ = log_softmax(logits)
    counted = (tokens[:, 1:] != ignore_index)[..., None]
    number = max(int(counted.sum()), 1)
    wanted = np.eye(logits.shape[-1], dtype=logits.dtype)[known[:, 1:]] * counted
    loss = -float((wanted * log_p).sum()) / number
    dlogits = (np.exp(log_p) * counted - wanted) / logits.dtype.type(number)
    return loss, back(dlogits)
