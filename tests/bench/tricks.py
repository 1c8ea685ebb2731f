"""Each trick in the reference's block as it would be written without it, to be laid over the block.

A trick is a title and, by the places where they are looked up, functions that give the same numbers
the plain way. One trick is taken away at a time, so gains that overlap are not added up here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from transformer import activations, adam, attention, layernorm
from transformer.activations import GELU_CUBIC, GELU_SCALE
from transformer.attention import multi_head_attention_backward
from transformer.transformer_block import _norm_backward, mlp_backward
from transformer.tree import tree_map

Without = Mapping[str, Callable]


def _gelu_gate_by_power(x):
    return 0.5 + 0.5 * np.tanh(GELU_SCALE * (x + GELU_CUBIC * x**3))


def _whole(formula, *arrays):
    return formula(*arrays)


def _gelu_backward_anew(dy, cache):
    x, _ = cache
    return activations._in_chunks(
        lambda dy, x: activations._gelu_dx(dy, x, activations._gelu_gate(x)), dy, x
    )


def _layernorm_with_copies(x, gamma, beta, eps=1e-5):
    centred = x - layernorm._row_mean(x)
    inv_std = 1 / np.sqrt(layernorm._row_mean_of_product(centred, centred) + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)


def _layernorm_backward_with_copies(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    through_variance = x_hat * layernorm._row_mean_of_product(dx_hat, x_hat)
    dx = (dx_hat - layernorm._row_mean(dx_hat) - through_variance) * inv_std
    return dx, layernorm._sum_of_rows(dy * x_hat), layernorm._sum_of_rows(dy)


def _mean(a):
    return a.mean(-1, keepdims=True)


def _mean_of_product(a, b):
    return (a * b).mean(-1, keepdims=True)


def _sum(a):
    return a.reshape(-1, a.shape[-1]).sum(0)


def _linear_by_batch(x, w, b):
    return x @ w + b, (x.reshape(-1, x.shape[-1]), w, x.shape)


def _linear_by_einsum(x, w, b):
    rows = x.reshape(-1, x.shape[-1])
    y = np.einsum("ni,io->no", rows, w)
    y += b
    return y.reshape(*x.shape[:-1], w.shape[1]), (rows, w, x.shape)


def _linear_backward_by_sum(dy, cache):
    rows, w, shape = cache
    drows = dy.reshape(-1, dy.shape[-1])
    return (drows @ w.T).reshape(shape), rows.T @ drows, drows.sum(0)


def _attention(*, scale_scores=False, divide_first=False, sums=False, copies=False):
    """A pair of scaled dot product attention without one or the other of its tricks."""

    def row_sum(scores):
        if sums:
            return scores.sum(-1, keepdims=True)
        return scores @ np.ones((scores.shape[-1], 1), scores.dtype)

    def forward(q, k, v, mask=None):
        attention._check_attention(q, k, v, mask)
        scale = q.shape[-1] ** -0.5
        scaled_q = q * (1 if scale_scores else scale)
        scores = scaled_q @ k.swapaxes(-1, -2)
        if scale_scores:
            scores *= scale
        if mask is not None:
            np.copyto(scores, -np.inf, where=~mask)
        largest = scores.max(-1, keepdims=True, initial=np.finfo(scores.dtype).min)
        if copies:
            exp_scores = np.exp(scores - largest)
        else:
            scores -= largest
            exp_scores = np.exp(scores, out=scores)
        total = np.maximum(row_sum(exp_scores), 1)
        if divide_first:
            exp_scores /= total
            total = np.ones_like(total)
        y = exp_scores @ v
        if not divide_first:
            y = y / total if copies else np.divide(y, total, out=y)
        return y, (scaled_q, k, v, scale, exp_scores, total, y)

    def backward(dy, cache):
        scaled_q, k, v, scale, exp_scores, total, y = cache
        dsum = dy if divide_first else dy / total
        dv = exp_scores.swapaxes(-1, -2) @ dsum
        dscores = dsum @ v.swapaxes(-1, -2)
        if divide_first:  # the softmax's own backward, on (T, S)
            dtotal = -row_sum(dscores * exp_scores)
        elif sums:
            dtotal = -(dsum * y).sum(-1, keepdims=True)
        else:
            dtotal = -np.vecdot(dsum, y)[..., None]
        if copies:
            dscores = (dscores + dtotal) * exp_scores
        else:
            dscores += dtotal
            dscores *= exp_scores
        if scale_scores:
            dscores *= scale
        dq = dscores @ k
        if not scale_scores:
            dq = dq * scale if copies else np.multiply(dq, scale, out=dq)
        return dq, dscores.swapaxes(-1, -2) @ scaled_q, dv

    name = "transformer.attention:scaled_dot_product_attention"
    return {name: forward, f"{name}_backward": backward}


def _adam_step(*, unfolded=False, power=False):
    def step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        adam._check_same_shapes(params, grads)
        beta1, beta2 = map(float, betas)
        t = state["t"] + 1
        m = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads)
        if power:
            v = tree_map(lambda v, g: beta2 * v + (1 - beta2) * g**2.0, state["v"], grads)
        else:
            v = tree_map(lambda v, g: beta2 * v + (1 - beta2) * (g * g), state["v"], grads)
        one, two = float(1 - beta1**t), float(1 - beta2**t)
        root = two**0.5
        rate, small, keep = float(lr * root / one), float(eps * root), float(1 - lr * weight_decay)

        def corrected(p, m, v):
            return keep * p - lr * (m / one) / (np.sqrt(v / two) + eps)

        def with_copies(p, m, v):
            return (p if keep == 1 else keep * p) - rate * m / (np.sqrt(v) + small)

        def in_place(p, m, v):
            divisor = np.sqrt(v)
            divisor += small
            new = m * -rate
            new /= divisor
            new += p if keep == 1 else keep * p
            return new

        update = corrected if unfolded else in_place if power else with_copies
        return tree_map(update, params, m, v), {"t": t, "m": m, "v": v}

    return step


def _block_backward_with_copies(dy, cache):
    norm, ln1, attn, ln2, ffn = cache
    assert norm == "pre"
    dnormed, dffn = mlp_backward(dy, ffn)
    dmiddle, dln2 = _norm_backward(dnormed, ln2)
    dmiddle = dmiddle + dy
    dx, dcontext, dattn = multi_head_attention_backward(dmiddle, attn)
    dx, dln1 = _norm_backward(dx + dcontext, ln1)
    return dx + dmiddle, {"ln1": dln1, "attn": dattn, "ln2": dln2, "ffn": dffn}


def _linear_everywhere(function, name="linear"):
    return {f"transformer.{module}:{name}": function for module in ("layer", "attention")}


NORM, GELU = "transformer.layernorm", "transformer.activations"
BLOCK = "transformer.transformer_block"
TRICKS: dict[str, Without] = {
    "GELU: x * x * x, no power": {f"{GELU}:_gelu_gate": _gelu_gate_by_power},
    "GELU: in chunks that fit the cache": {f"{GELU}:_in_chunks": _whole},
    "GELU: its gate is kept for the backward": {f"{GELU}:gelu_backward": _gelu_backward_anew},
    "layer norm: in place": {
        f"{BLOCK}:layernorm": _layernorm_with_copies,
        f"{BLOCK}:layernorm_backward": _layernorm_backward_with_copies,
    },
    "layer norm: sums as products with ones": {
        f"{NORM}:_row_mean": _mean,
        f"{NORM}:_row_mean_of_product": _mean_of_product,
        f"{NORM}:_sum_of_rows": _sum,
    },
    "linear: one flat product, bias in place": _linear_everywhere(_linear_by_batch),
    "linear: @, no einsum": _linear_everywhere(_linear_by_einsum),
    "linear: db as a product with ones": _linear_everywhere(
        _linear_backward_by_sum, "linear_backward"
    ),
    "attention: q is scaled, not the scores": _attention(scale_scores=True),
    "attention: the softmax divides last": _attention(divide_first=True),
    "attention: row sums as products": _attention(sums=True),
    "attention: scores in place": _attention(copies=True),
    "attention: the causal mask is kept": {
        "transformer.attention:_causal_mask": attention._causal_mask.__wrapped__
    },
    "Adam: corrections folded into numbers": {
        "transformer.adam:adam_step": _adam_step(unfolded=True)
    },
    "Adam: fewer temporary arrays": {"transformer.adam:adam_step": _adam_step()},
    "Adam: g * g, no power": {"transformer.adam:adam_step": _adam_step(power=True)},
    "block: residuals added in place": {
        f"{BLOCK}:transformer_block_backward": _block_backward_with_copies
    },
}
