"""Nothing of the lower files is called: loops over heads, einsum, every derivative written out."""

import numpy as np


def init_block(rng, d_model, d_ff, dtype=np.float64):
    params = {
        name: {"gamma": np.ones(d_model), "beta": np.zeros(d_model)} for name in ("ln2", "ln1")
    }
    limit = np.sqrt(3 / d_model)
    params["ffn"] = [
        {"w": np.sqrt(2 / a) * rng.standard_normal((a, b)), "b": np.zeros(b)}
        for a, b in ((d_model, d_ff), (d_ff, d_model))
    ]
    params["attn"] = {}
    for name in "ovkq":
        params["attn"]["w_" + name] = rng.uniform(-limit, limit, size=(d_model, d_model))
        params["attn"]["b_" + name] = np.zeros(d_model)

    def cast(tree):
        if isinstance(tree, dict):
            return {key: cast(value) for key, value in tree.items()}
        return [cast(v) for v in tree] if isinstance(tree, list) else tree.astype(dtype)

    return cast(params)


def transformer_block(x, params, num_heads, mask=None, norm="pre", activation="gelu"):
    names = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu")
    if norm not in ("pre", "post") or activation not in names:
        raise ValueError(f"norm {norm!r} or activation {activation!r} is unknown")
    if x.ndim != 3 or x.shape[2] != len(params["ln1"]["gamma"]) or x.shape[2] % num_heads:
        raise ValueError(f"x of shape {x.shape} does not fit params and {num_heads} heads")
    saved = {"norm": norm, "activation": activation, "params": params, "heads": num_heads}
    saved["mask"] = np.broadcast_to(
        True if mask is None else mask, (len(x), num_heads, x.shape[1], x.shape[1])
    )
    if norm == "pre":
        m = x + _attend(_normalise(x, params["ln1"], saved, "1"), params["attn"], saved)
        y = m + _feed(_normalise(m, params["ln2"], saved, "2"), params["ffn"], saved)
    else:
        m = _normalise(x + _attend(x, params["attn"], saved), params["ln1"], saved, "1")
        y = _normalise(m + _feed(m, params["ffn"], saved), params["ln2"], saved, "2")
    return y, saved


def transformer_block_backward(dy, cache):
    params, grads = cache["params"], {}
    if cache["norm"] == "post":
        dy = _normalise_back(dy, params["ln2"], cache, "2", grads)
    d = _feed_back(dy, params["ffn"], cache, grads)
    if cache["norm"] == "pre":
        d = _normalise_back(d, params["ln2"], cache, "2", grads)
    dy = dy + d
    if cache["norm"] == "post":
        dy = _normalise_back(dy, params["ln1"], cache, "1", grads)
    d = _attend_back(dy, params["attn"], cache, grads)
    if cache["norm"] == "pre":
        d = _normalise_back(d, params["ln1"], cache, "1", grads)
    return dy + d, grads


def _normalise(x, p, saved, which):
    spread = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    x_hat = (x - x.mean(-1, keepdims=True)) / spread
    saved["x_hat" + which], saved["spread" + which] = x_hat, spread
    return x_hat * p["gamma"] + p["beta"]


def _normalise_back(dy, p, saved, which, grads):
    x_hat, spread = saved["x_hat" + which], saved["spread" + which]
    grads["ln" + which] = {
        "gamma": np.einsum("btd,btd->d", dy, x_hat),
        "beta": np.einsum("btd->d", dy),
    }
    d = dy * p["gamma"]
    return (d - d.mean(-1, keepdims=True) - x_hat * (d * x_hat).mean(-1, keepdims=True)) / spread


def _attend(x, p, saved):
    q, k, v = (np.einsum("btd,de->bte", x, p["w_" + n]) + p["b_" + n] for n in "qkv")
    size = x.shape[2] // saved["heads"]
    merged, weights = np.zeros_like(q), []
    for h in range(saved["heads"]):
        part = slice(h * size, (h + 1) * size)
        scores = np.einsum("btd,bsd->bts", q[:, :, part], k[:, :, part]) / np.sqrt(size).item()
        allowed = saved["mask"][:, h]
        top = np.where(allowed, scores, scores.min()).max(-1, keepdims=True)
        e = np.where(allowed, np.exp(np.minimum(scores - top, 0)), 0).astype(scores.dtype)
        total = e.sum(-1, keepdims=True)
        weights.append(e / np.where(total == 0, 1, total))
        merged[:, :, part] = np.einsum("bts,bsd->btd", weights[-1], v[:, :, part])
    saved |= {"x": x, "q": q, "k": k, "v": v, "weights": weights, "merged": merged}
    return merged @ p["w_o"] + p["b_o"]


def _attend_back(dy, p, saved, grads):
    found = {"w_o": np.einsum("btd,bte->de", saved["merged"], dy), "b_o": dy.sum((0, 1))}
    dmerged = dy @ p["w_o"].T
    size = dy.shape[2] // saved["heads"]
    d = {n: np.zeros_like(saved[n]) for n in "qkv"}
    for h, a in enumerate(saved["weights"]):
        part = slice(h * size, (h + 1) * size)
        da = np.einsum("btd,bsd->bts", dmerged[:, :, part], saved["v"][:, :, part])
        ds = a * (da - (da * a).sum(-1, keepdims=True)) / np.sqrt(size).item()
        d["v"][:, :, part] = np.einsum("bts,btd->bsd", a, dmerged[:, :, part])
        d["q"][:, :, part] = np.einsum("bts,bsd->btd", ds, saved["k"][:, :, part])
        d["k"][:, :, part] = np.einsum("bts,btd->bsd", ds, saved["q"][:, :, part])
    for n in "qkv":
        found["w_" + n] = np.einsum("btd,bte->de", saved["x"], d[n])
        found["b_" + n] = d[n].sum(axis=(0, 1))
    grads["attn"] = found
    return sum(d[n] @ p["w_" + n].T for n in "qkv")


def _feed(x, layers, saved):
    z = x @ layers[0]["w"] + layers[0]["b"]
    h, slope = _activate(z, saved["activation"])
    saved |= {"fed": x, "h": h, "slope": slope}
    return h @ layers[1]["w"] + layers[1]["b"]


def _feed_back(dy, layers, saved, grads):
    dz = (dy @ layers[1]["w"].T) * saved["slope"]
    grads["ffn"] = [
        {"w": np.einsum("btd,btf->df", saved["fed"], dz), "b": dz.sum((0, 1))},
        {"w": np.einsum("btf,btd->fd", saved["h"], dy), "b": dy.sum((0, 1))},
    ]
    return dz @ layers[0]["w"].T


def _activate(z, name):
    """The activation and its derivative at z."""
    if name == "identity":
        return z, np.ones_like(z)
    if name in ("relu", "leaky_relu"):
        slope = np.where(z > 0, 1, 0 if name == "relu" else 0.01).astype(z.dtype)
        return z * slope, slope
    if name == "sigmoid":
        y = 0.5 + 0.5 * np.tanh(z / 2)
        return y, y * (1 - y)
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    c = np.sqrt(2 / np.pi).item()
    t = np.tanh(c * (z + 0.044715 * z * z * z))
    slope = (1 + t) / 2 + z / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z)
    return z / 2 * (1 + t), slope
