"""Loops: one query after the other, one head after the other, each head by attention_head."""

import math

import numpy as np


def causal_mask(t_query, t_key=None):
    t_key = t_query if t_key is None else t_key
    if t_query > t_key:
        raise ValueError(f"t_query {t_query} is more than t_key {t_key}")
    first = t_key - t_query
    rows = [[j <= first + i for j in range(t_key)] for i in range(t_query)]
    return np.array(rows, dtype=bool)


def padding_mask(lengths, t):
    if np.ndim(lengths) != 1 or any(not 0 <= n <= t for n in lengths):
        raise ValueError(f"lengths {lengths} must be (B,) and between 0 and {t}")
    mask = np.zeros((len(lengths), 1, 1, t), dtype=bool)
    for item, length in enumerate(lengths):
        mask[item, 0, 0, :length] = True
    return mask


def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    weights = np.zeros((*q.shape[:-1], k.shape[-2]), np.result_type(q, k))
    allowed = np.ones(weights.shape, bool) if mask is None else np.broadcast_to(mask, weights.shape)
    y = np.zeros((*q.shape[:-1], v.shape[-1]), np.result_type(q, k, v))
    for place in np.ndindex(q.shape[:-1]):
        seen = np.flatnonzero(allowed[place])
        if seen.size:
            keys, values = k[place[:-1]][seen], v[place[:-1]][seen]
            scores = keys @ q[place] / math.sqrt(q.shape[-1])
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            weights[place][seen] = shares
            y[place] = shares @ values
    return y, {"q": q, "k": k, "v": v, "weights": weights}


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, weights = cache["q"], cache["k"], cache["v"], cache["weights"]
    scale = 1 / math.sqrt(q.shape[-1])
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for place in np.ndindex(q.shape[:-1]):
        outer, shares = place[:-1], weights[place]
        dv[outer] += np.outer(shares, dy[place])
        dshares = v[outer] @ dy[place]
        dscores = shares * (dshares - shares @ dshares) * scale
        dq[place] = dscores @ k[outer]
        dk[outer] += np.outer(dscores, q[place])
    return dq, dk, dv


def split_heads(x, num_heads):
    if x.shape[-1] % num_heads:
        raise ValueError(f"{num_heads} heads don't divide {x.shape}")
    return np.stack(np.split(x, num_heads, axis=-1), axis=1)


def merge_heads(x):
    return np.concatenate([x[:, head] for head in range(x.shape[1])], axis=-1)


def _params_of(params, head, num_heads):
    d = params["w_q"].shape[1] // num_heads
    columns = slice(head * d, (head + 1) * d)
    return {name: params[name][..., columns] for name in params if not name.endswith("_o")}


def multi_head_attention(x, context, params, num_heads, mask=None):
    if params["w_q"].shape[1] % num_heads:
        raise ValueError(f"{num_heads} heads don't divide {params['w_q'].shape}")
    shape = (x.shape[0], num_heads, x.shape[1], context.shape[1])
    allowed = None if mask is None else np.broadcast_to(mask, shape)
    outputs, caches = [], []
    for head in range(num_heads):
        own = None if mask is None else allowed[:, head]
        y, cache = attention_head(x, context, _params_of(params, head, num_heads), own)
        outputs.append(y)
        caches.append(cache)
    merged = np.concatenate(outputs, axis=-1)
    return merged @ params["w_o"] + params["b_o"], (caches, merged, params["w_o"])


def multi_head_attention_backward(dy, cache):
    caches, merged, w_o = cache
    d_model = merged.shape[-1]
    grads = {
        "w_o": merged.reshape(-1, d_model).T @ dy.reshape(-1, dy.shape[-1]),
        "b_o": dy.sum((0, 1)),
    }
    dheads = np.split(dy @ w_o.T, len(caches), axis=-1)
    dx = dcontext = 0
    parts = []
    for dhead, head_cache in zip(dheads, caches, strict=True):
        head_dx, head_dcontext, head_grads = attention_head_backward(dhead, head_cache)
        dx, dcontext = dx + head_dx, dcontext + head_dcontext
        parts.append(head_grads)
    for name in parts[0]:
        grads[name] = np.concatenate([part[name] for part in parts], axis=-1)
    return dx, dcontext, grads
