"""Every product is an einsum, and head weights are reshaped instead of activations."""

import numpy as np


def scaled_dot_product_attention(q, k, v, mask=None):
    _check_attention(q, k, v, mask)
    scores = np.einsum("...td,...sd->...ts", q, k) / float(np.sqrt(q.shape[-1]))
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    peak = scores.max(axis=-1, keepdims=True)
    exps = np.exp(scores - np.where(np.isneginf(peak), 0, peak))
    total = exps.sum(axis=-1, keepdims=True)
    weights = np.divide(exps, total, out=np.zeros_like(exps), where=total > 0)
    return np.einsum("...ts,...sv->...tv", weights, v), (weights, q, k, v)


def scaled_dot_product_attention_backward(dy, cache):
    weights, q, k, v = cache
    dweights = np.einsum("...tv,...sv->...ts", dy, v)
    inner = np.einsum("...ts,...ts->...t", weights, dweights)
    dscores = weights * (dweights - inner[..., None]) / float(np.sqrt(q.shape[-1]))
    return (
        np.einsum("...ts,...sd->...td", dscores, k),
        np.einsum("...ts,...td->...sd", dscores, q),
        np.einsum("...ts,...tv->...sv", weights, dy),
    )


def multi_head_attention(x, context, params, num_heads, mask=None):
    if params["w_q"].shape[1] % num_heads:
        raise ValueError("num_heads must divide d_model")
    w = {name: _by_head(params[name], num_heads) for name in ("w_q", "w_k", "w_v")}
    b = {name: params[name].reshape(num_heads, 1, -1) for name in ("b_q", "b_k", "b_v")}
    q = np.einsum("btm,mhd->bhtd", x, w["w_q"]) + b["b_q"]
    k = np.einsum("bsm,mhd->bhsd", context, w["w_k"]) + b["b_k"]
    v = np.einsum("bsm,mhd->bhsd", context, w["w_v"]) + b["b_v"]
    heads, inner = scaled_dot_product_attention(q, k, v, mask)
    w_o = params["w_o"].reshape(num_heads, -1, params["w_o"].shape[1])
    y = np.einsum("bhtd,hdm->btm", heads, w_o) + params["b_o"]
    return y, {"x": x, "context": context, "w": w, "w_o": w_o, "heads": heads, "inner": inner}


def multi_head_attention_backward(dy, cache):
    heads, w_o = cache["heads"], cache["w_o"]
    dheads = np.einsum("btm,hdm->bhtd", dy, w_o)
    dq, dk, dv = scaled_dot_product_attention_backward(dheads, cache["inner"])
    grads = {
        "w_o": np.einsum("bhtd,btm->hdm", heads, dy).reshape(-1, dy.shape[-1]),
        "b_o": np.einsum("btm->m", dy),
    }
    inputs = {"q": cache["x"], "k": cache["context"], "v": cache["context"]}
    back = {}
    for name, gradient in (("q", dq), ("k", dk), ("v", dv)):
        source = inputs[name]
        weight = np.einsum("btm,bhtd->mhd", source, gradient)
        grads[f"w_{name}"] = weight.reshape(source.shape[-1], -1)
        grads[f"b_{name}"] = np.einsum("bhtd->hd", gradient).ravel()
        back[name] = np.einsum("bhtd,mhd->btm", gradient, cache["w"][f"w_{name}"])
    return back["q"], back["k"] + back["v"], grads


def _by_head(w, num_heads):
    return w.reshape(w.shape[0], num_heads, -1)
