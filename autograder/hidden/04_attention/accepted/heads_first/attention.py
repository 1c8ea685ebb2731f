"""Heads come first, (H, B, T, d), inside; batched products over stacked weight matrices."""

import numpy as np


def split_heads(x, num_heads):
    if x.shape[-1] % num_heads:
        raise ValueError(f"num_heads {num_heads} must divide {x.shape[-1]}")
    return np.ascontiguousarray(np.moveaxis(_heads_first(x, num_heads), 0, 1))


def merge_heads(x):
    return _heads_last(np.moveaxis(x, 1, 0))


def _heads_first(x, num_heads):
    """(…, H d) -> (H, …, d)"""
    d = x.shape[-1] // num_heads
    return np.stack([x[..., h * d : (h + 1) * d] for h in range(num_heads)])


def _heads_last(x):
    """(H, …, d) -> (…, H d)"""
    return np.concatenate(list(x), axis=-1)


def init_attention(rng, d_model, dtype=np.float64):
    bound = np.sqrt(3 / d_model)  # uniform with standard deviation 1 / sqrt(d_model)
    w_q, w_k, w_v, w_o = rng.uniform(-bound, bound, (4, d_model, d_model)).astype(dtype)
    b_q, b_k, b_v, b_o = np.zeros((4, d_model), dtype)
    weights = {"w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o}
    return {**weights, "b_q": b_q, "b_k": b_k, "b_v": b_v, "b_o": b_o}


def multi_head_attention(x, context, params, num_heads, mask=None):
    if params["w_q"].shape[1] % num_heads:
        raise ValueError(f"num_heads {num_heads} must divide {params['w_q'].shape[1]}")
    inputs = {"q": x, "k": context, "v": context}
    w = {name: _heads_first(params[f"w_{name}"], num_heads)[:, None] for name in inputs}
    b = {name: _heads_first(params[f"b_{name}"], num_heads)[:, None, None] for name in inputs}
    made = {name: inputs[name] @ w[name] + b[name] for name in inputs}
    if mask is not None:
        shape = (len(x), num_heads, x.shape[1], context.shape[1])
        mask = np.moveaxis(np.broadcast_to(mask, shape), 1, 0)
    heads, inner = scaled_dot_product_attention(made["q"], made["k"], made["v"], mask)
    w_o = np.stack(np.split(params["w_o"], num_heads, axis=0))[:, None]
    return (heads @ w_o).sum(0) + params["b_o"], (inputs, w, heads, w_o, inner)


def multi_head_attention_backward(dy, cache):
    inputs, w, heads, w_o, inner = cache
    dw_o = (np.swapaxes(heads, -1, -2) @ dy).sum(1)
    grads = {"w_o": dw_o.reshape(-1, dy.shape[-1]), "b_o": dy.sum((0, 1))}
    dheads = dy @ np.swapaxes(w_o, -1, -2)
    gradients = scaled_dot_product_attention_backward(dheads, inner)
    back = {}
    for name, gradient in zip("qkv", gradients, strict=True):
        grads[f"w_{name}"] = _heads_last((np.swapaxes(inputs[name], -1, -2) @ gradient).sum(1))
        grads[f"b_{name}"] = _heads_last(gradient.sum((1, 2)))
        back[name] = (gradient @ np.swapaxes(w[name], -1, -2)).sum(0)
    return back["q"], back["k"] + back["v"], grads
