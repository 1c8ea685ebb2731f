"""What the reference block is measured against: one training step each, on the same numbers.

A contestant is a function of (sizes, dtype) that returns a function of nothing: one step of
forward, backward and Adam on a block with pre-norm and the tanh form of GELU, without a mask.
"""

import numpy as np

from transformer.adam import adam_init, adam_step
from transformer.transformer_block import (
    init_block,
    transformer_block,
    transformer_block_backward,
)

LR = 1e-3
ROOT_2_OVER_PI = float(np.sqrt(2 / np.pi))


def drawn(sizes, dtype):
    """Input, upstream gradient and parameters."""
    batch, time, d_model, _ = sizes
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, time, d_model)).astype(dtype)
    dy = rng.normal(size=x.shape).astype(dtype)
    return x, dy, init_block(rng, d_model, 4 * d_model, dtype=dtype)


def reference(sizes, dtype):
    """The solution."""
    x, dy, params = drawn(sizes, dtype)
    state = adam_init(params)

    def step():
        nonlocal params, state
        _, cache = transformer_block(x, params, sizes[3])
        _, grads = transformer_block_backward(dy, cache)
        params, state = adam_step(params, grads, state, lr=LR)

    return step


def factors(sizes, dtype):
    """Left and right of every matrix product of a step, forward and backward, as it is laid out."""
    batch, time, d_model, heads = sizes
    rows, width = batch * time, d_model // heads
    rng = np.random.default_rng(0)

    def draw(*shape):
        return rng.normal(size=shape).astype(dtype)

    pairs = []
    for d_in, d_out, times in ((d_model, d_model, 4), (d_model, 4 * d_model, 1)):
        a, w, da = draw(rows, d_in), draw(d_in, d_out), draw(rows, d_out)
        pairs += [(a, w), (da, w.T), (a.T, da)] * times
    a, w, da = draw(rows, 4 * d_model), draw(4 * d_model, d_model), draw(rows, d_model)
    pairs += [(a, w), (da, w.T), (a.T, da)]
    q, k = (draw(batch, time, heads, width).swapaxes(1, 2) for _ in "qk")  # q @ qᵀ would be cheaper
    scores = draw(batch, heads, time, time)
    for _ in "vd":  # scores and values, then the gradients of weights and scores
        pairs += [(q, k.swapaxes(-1, -2)), (scores, q), (scores.swapaxes(-1, -2), q)]
    return pairs


def products(sizes, dtype):
    """The floor: the matrix products of a step and nothing else."""
    pairs = factors(sizes, dtype)

    def step():
        for left, right in pairs:
            left @ right

    return step


def plain(sizes, dtype):
    """A vectorised version by the textbook: clear formulas, no thought of speed."""
    x, dy, params = drawn(sizes, dtype)
    heads = sizes[3]
    flat = _flat(params)
    m, v = [np.zeros_like(p) for p in flat], [np.zeros_like(p) for p in flat]
    t = 0

    def step():
        nonlocal flat, t
        grads = _flat(_plain_gradients(x, dy, _like(params, flat), heads))
        t += 1
        for k, g in enumerate(grads):
            m[k] = 0.9 * m[k] + 0.1 * g
            v[k] = 0.999 * v[k] + 0.001 * g**2
            m_hat, v_hat = m[k] / (1 - 0.9**t), v[k] / (1 - 0.999**t)
            flat[k] = flat[k] - LR * m_hat / (np.sqrt(v_hat) + 1e-8)

    return step


def _plain_norm(x, gamma, beta):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    x_hat = (x - mean) / np.sqrt(var + 1e-5)
    return gamma * x_hat + beta, (x_hat, var, gamma)


def _plain_norm_backward(dy, cache):
    x_hat, var, gamma = cache
    d = dy * gamma
    inner = d - d.mean(-1, keepdims=True) - x_hat * (d * x_hat).mean(-1, keepdims=True)
    return inner / np.sqrt(var + 1e-5), {
        "gamma": (dy * x_hat).sum((0, 1)),
        "beta": dy.sum((0, 1)),
    }


def _plain_gradients(x, dy, params, heads):
    batch, time, d_model = x.shape
    attn, (first, second) = params["attn"], params["ffn"]
    width = d_model // heads

    def split(a):
        return a.reshape(batch, time, heads, width).transpose(0, 2, 1, 3)

    def merge(a):
        return a.transpose(0, 2, 1, 3).reshape(batch, time, d_model)

    n1, ln1 = _plain_norm(x, **params["ln1"])
    q, k, v = (split(n1 @ attn[f"w_{name}"] + attn[f"b_{name}"]) for name in "qkv")
    scores = q @ k.transpose(0, 1, 3, 2) / width**0.5
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    weights = scores / scores.sum(-1, keepdims=True)
    merged = merge(weights @ v)
    middle = x + merged @ attn["w_o"] + attn["b_o"]
    n2, ln2 = _plain_norm(middle, **params["ln2"])
    u = n2 @ first["w"] + first["b"]
    tanh = np.tanh(ROOT_2_OVER_PI * (u + 0.044715 * u * u * u))
    hidden = 0.5 * u * (1 + tanh)

    dhidden = dy @ second["w"].T
    inner = ROOT_2_OVER_PI * (1 + 3 * 0.044715 * u * u)
    du = dhidden * (0.5 * (1 + tanh) + 0.5 * u * (1 - tanh**2) * inner)
    dffn = [
        {"w": np.tensordot(n2, du, ((0, 1), (0, 1))), "b": du.sum((0, 1))},
        {"w": np.tensordot(hidden, dy, ((0, 1), (0, 1))), "b": dy.sum((0, 1))},
    ]
    dmiddle, dln2 = _plain_norm_backward(du @ first["w"].T, ln2)
    dmiddle = dmiddle + dy
    dattn = {"w_o": np.tensordot(merged, dmiddle, ((0, 1), (0, 1))), "b_o": dmiddle.sum((0, 1))}
    dheads = split(dmiddle @ attn["w_o"].T)
    dweights = dheads @ v.transpose(0, 1, 3, 2)
    dscores = weights * (dweights - (dweights * weights).sum(-1, keepdims=True)) / width**0.5
    parts = {
        "q": merge(dscores @ k),
        "k": merge(dscores.transpose(0, 1, 3, 2) @ q),
        "v": merge(weights.transpose(0, 1, 3, 2) @ dheads),
    }
    dn1 = np.zeros_like(x)
    for name, part in parts.items():
        dattn[f"w_{name}"] = np.tensordot(n1, part, ((0, 1), (0, 1)))
        dattn[f"b_{name}"] = part.sum((0, 1))
        dn1 = dn1 + part @ attn[f"w_{name}"].T
    _, dln1 = _plain_norm_backward(dn1, ln1)
    return {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}


def _flat(tree):
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in _flat(tree[key])]
    if isinstance(tree, list):
        return [leaf for item in tree for leaf in _flat(item)]
    return [tree]


def _like(tree, leaves):
    rest = iter(leaves)

    def build(node):
        if isinstance(node, dict):
            made = {key: build(node[key]) for key in sorted(node)}
            return {key: made[key] for key in node}
        if isinstance(node, list):
            return [build(item) for item in node]
        return next(rest)

    return build(tree)


def loops(sizes, dtype):
    """Sequence by sequence, head by head and column by column, as in a first version."""
    x, dy, params = drawn(sizes, dtype)
    heads = sizes[3]
    state = adam_init(params)

    def step():
        nonlocal params, state
        total = None
        for one, done in zip(x, dy, strict=True):
            grads = _loop_gradients(one, done, params, heads)
            total = grads if total is None else [a + b for a, b in zip(total, grads, strict=True)]
        params, state = adam_step(params, _like(params, total), state, lr=LR)

    return step


def _loop_softmax(scores):
    """Column by column, element by element in Python."""
    out = np.empty_like(scores)
    for t in range(scores.shape[0]):
        largest = max(scores[t])
        exps = [np.exp(value - largest) for value in scores[t]]
        total = sum(exps)
        for s, value in enumerate(exps):
            out[t, s] = value / total
    return out


def _loop_gradients(x, dy, params, heads):
    """One sequence's gradients: attention head by head, the rest position by position."""
    attn, (first, second) = params["attn"], params["ffn"]
    time, d_model = x.shape
    width = d_model // heads
    n1 = np.empty_like(x)
    caches1, caches2 = [], []
    for t in range(time):
        y, cache = _plain_norm(x[t][None, None], **params["ln1"])
        n1[t] = y[0, 0]
        caches1.append(cache)
    merged, saved = np.empty_like(x), []
    for h in range(heads):
        cut = slice(h * width, (h + 1) * width)
        q, k, v = (n1 @ attn[f"w_{n}"][:, cut] + attn[f"b_{n}"][cut] for n in "qkv")
        weights = _loop_softmax(q @ k.T / width**0.5)
        merged[:, cut] = weights @ v
        saved.append((cut, q, k, v, weights))
    middle = x + merged @ attn["w_o"] + attn["b_o"]
    grads = {
        "ln1": {name: np.zeros_like(value) for name, value in params["ln1"].items()},
        "attn": {name: np.zeros_like(value) for name, value in attn.items()},
        "ln2": {name: np.zeros_like(value) for name, value in params["ln2"].items()},
        "ffn": [{n: np.zeros_like(value) for n, value in layer.items()} for layer in params["ffn"]],
    }
    dmiddle = np.empty_like(x)
    for t in range(time):
        n2, cache = _plain_norm(middle[t][None, None], **params["ln2"])
        n2 = n2[0, 0]
        caches2.append(cache)
        u = n2 @ first["w"] + first["b"]
        tanh = np.tanh(ROOT_2_OVER_PI * (u + 0.044715 * u * u * u))
        hidden = 0.5 * u * (1 + tanh)
        dhidden = second["w"] @ dy[t]
        inner = ROOT_2_OVER_PI * (1 + 3 * 0.044715 * u * u)
        du = dhidden * (0.5 * (1 + tanh) + 0.5 * u * (1 - tanh * tanh) * inner)
        grads["ffn"][1]["w"] += np.outer(hidden, dy[t])
        grads["ffn"][1]["b"] += dy[t]
        grads["ffn"][0]["w"] += np.outer(n2, du)
        grads["ffn"][0]["b"] += du
        back, dln2 = _plain_norm_backward((first["w"] @ du)[None, None], cache)
        dmiddle[t] = back[0, 0] + dy[t]
        for name in ("gamma", "beta"):
            grads["ln2"][name] += dln2[name]
    grads["attn"]["w_o"] = merged.T @ dmiddle
    grads["attn"]["b_o"] = dmiddle.sum(0)
    dmerged = dmiddle @ attn["w_o"].T
    dn1 = np.zeros_like(x)
    for cut, q, k, v, weights in saved:
        dhead = dmerged[:, cut]
        dweights = dhead @ v.T
        dscores = np.empty_like(weights)
        for t in range(time):
            jacobian = np.diag(weights[t]) - np.outer(weights[t], weights[t])
            dscores[t] = jacobian @ dweights[t] / width**0.5
        for name, part in (("q", dscores @ k), ("k", dscores.T @ q), ("v", weights.T @ dhead)):
            grads["attn"][f"w_{name}"][:, cut] = n1.T @ part
            grads["attn"][f"b_{name}"][cut] = part.sum(0)
            dn1 += part @ attn[f"w_{name}"][:, cut].T
    for t in range(time):
        _, dln1 = _plain_norm_backward(dn1[t][None, None], caches1[t])
        for name in ("gamma", "beta"):
            grads["ln1"][name] += dln1[name]
    return _flat(grads)
