"""One product makes queries, keys and values in self-attention, one keys and values otherwise."""

import numpy as np


class _Projected:
    """A cache of its own kind: what the fused products need on the way back."""

    def __init__(self, same, x, context, w, sizes):
        self.same, self.x, self.context, self.w, self.sizes = same, x, context, w, sizes


def multi_head_attention(x, context, params, num_heads, mask=None):
    if params["w_q"].shape[-1] % num_heads:
        raise ValueError(f"num_heads {num_heads} must divide d_model")
    w = (
        np.concatenate([params["w_q"], params["w_k"], params["w_v"]], axis=1)
        if (params["w_q"].shape[0] == params["w_k"].shape[0])
        else None
    )
    same = w is not None and x.shape == context.shape and np.array_equal(x, context)
    d_model = params["w_q"].shape[1]
    w_kv = np.concatenate([params["w_k"], params["w_v"]], axis=1)
    b_kv = np.concatenate([params["b_k"], params["b_v"]])
    if same:
        qkv = x @ w + np.concatenate([params["b_q"], b_kv])
        q, k, v = np.split(qkv, [d_model, 2 * d_model], axis=-1)
    else:
        q = x @ params["w_q"] + params["b_q"]
        k, v = np.split(context @ w_kv + b_kv, 2, axis=-1)
    q, k, v = (split_heads(part, num_heads) for part in (q, k, v))
    heads, inner = scaled_dot_product_attention(q, k, v, mask)
    merged = merge_heads(heads)
    y = merged @ params["w_o"] + params["b_o"]
    back = _Projected(same, x, context, (params["w_q"], w_kv), num_heads)
    return y, [back, inner, merged, params["w_o"]]


def multi_head_attention_backward(dy, cache):
    back, inner, merged, w_o = cache
    d_model = merged.shape[-1]
    grads = {
        "w_o": np.tensordot(merged, dy, axes=([0, 1], [0, 1])),
        "b_o": dy.sum(axis=(0, 1)),
    }
    dparts = scaled_dot_product_attention_backward(split_heads(dy @ w_o.T, back.sizes), inner)
    dq, dk, dv = (merge_heads(part) for part in dparts)
    dkv = np.concatenate([dk, dv], axis=-1)
    w_q, w_kv = back.w
    if back.same:
        dw = np.tensordot(back.x, np.concatenate([dq, dkv], axis=-1), axes=([0, 1], [0, 1]))
        grads["w_q"], grads["w_k"], grads["w_v"] = np.split(dw, 3, axis=1)
    else:
        grads["w_q"] = np.tensordot(back.x, dq, axes=([0, 1], [0, 1]))
        dw_kv = np.tensordot(back.context, dkv, axes=([0, 1], [0, 1]))
        grads["w_k"], grads["w_v"] = dw_kv[:, :d_model], dw_kv[:, d_model:]
    for name, part in (("b_q", dq), ("b_k", dk), ("b_v", dv)):
        grads[name] = part.sum(axis=(0, 1))
    return dq @ w_q.T, dkv @ w_kv.T, grads
