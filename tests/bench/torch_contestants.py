"""The same step in PyTorch, eager, one thread: fused or plain attention, fused AdamW."""

import math

import torch
from torch.nn import functional as f

from tests.bench.contestants import LR, drawn, factors

torch.set_num_threads(1)


def products(sizes, dtype):
    """The matrix products of a step and nothing else, on arrays laid out as NumPy's."""
    pairs = [
        (torch.from_numpy(left), torch.from_numpy(right)) for left, right in factors(sizes, dtype)
    ]

    def step():
        for left, right in pairs:
            left @ right

    return step


def fused(sizes, dtype):
    """scaled_dot_product_attention as PyTorch has it."""
    return _torch_step(sizes, dtype, f.scaled_dot_product_attention)


def plain_attention(sizes, dtype):
    """Scores, softmax and product, one after the other."""

    def attention(q, k, v):
        return f.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v

    return _torch_step(sizes, dtype, attention)


def _torch_step(sizes, dtype, attention):
    batch, time, d_model, heads = sizes
    x, dy, params = drawn(sizes, dtype)
    x, dy = torch.tensor(x, requires_grad=True), torch.tensor(dy)

    def leaf(array):
        return torch.tensor(array, requires_grad=True)

    attn = {name: leaf(array) for name, array in params["attn"].items()}
    norms = [{n: leaf(a) for n, a in params[ln].items()} for ln in ("ln1", "ln2")]
    ffn = [{n: leaf(a) for n, a in layer.items()} for layer in params["ffn"]]
    leaves = [leaf for group in (attn, *norms, *ffn) for leaf in group.values()]
    optimiser = torch.optim.AdamW(leaves, lr=LR, weight_decay=0.0, fused=True)

    def split(a):
        return a.view(batch, time, heads, d_model // heads).transpose(1, 2)

    def step():
        n1 = f.layer_norm(x, (d_model,), norms[0]["gamma"], norms[0]["beta"])
        q, k, v = (
            split(torch.addmm(attn[f"b_{n}"], n1.view(-1, d_model), attn[f"w_{n}"])) for n in "qkv"
        )
        merged = attention(q, k, v).transpose(1, 2).reshape(-1, d_model)
        middle = x + torch.addmm(attn["b_o"], merged, attn["w_o"]).view_as(x)
        n2 = f.layer_norm(middle, (d_model,), norms[1]["gamma"], norms[1]["beta"])
        u = torch.addmm(ffn[0]["b"], n2.view(-1, d_model), ffn[0]["w"])
        fed = torch.addmm(ffn[1]["b"], f.gelu(u, approximate="tanh"), ffn[1]["w"])
        y = middle + fed.view_as(x)
        x.grad = None
        optimiser.zero_grad(set_to_none=True)
        y.backward(dy)
        optimiser.step()

    return step
