"""Embedding, tied logits, dropout and rotations against PyTorch: outputs and all gradients.

PyTorch has the embedding (F.embedding) and the tied output (F.linear). Rotations are products with
its complex numbers; the mask of a dropout follows from known numbers.
"""

import numpy as np

from transformer.embedding import (
    dropout,
    dropout_backward,
    embed,
    embed_backward,
    unembed,
    unembed_backward,
)
from transformer.positions import rotary, rotary_backward, sinusoidal_positions

TOKENS = {"batch": (3, 4), "sequence": (9,), "three_axes": (2, 1, 5)}  # of a vocabulary of 6
VECTORS = {"batch": (3, 4, 5), "vector": (5,), "four_axes": (2, 1, 3, 5)}
ROTATIONS = {  # name: shape, offset, base
    "batch": ((2, 3, 5, 8), 0, 10000.0),
    "later": ((1, 2, 4, 6), 1000, 10000.0),
    "other_base": ((2, 1, 3, 4), 7, 50.0),
    "single": ((1, 1, 1, 2), 3, 10000.0),
}
TABLES = {"even": (7, 6, 0), "odd": (5, 9, 0), "later": (4, 10, 3000), "single": (1, 1, 2)}
P = 0.4


class Drawn:
    """A generator whose random numbers are known: the mask follows from them."""

    def __init__(self, numbers):
        self.numbers = numbers

    def random(self, shape, dtype):
        return self.numbers.astype(dtype).reshape(shape)


def inputs():
    state = np.random.RandomState(7)
    drawn = {}
    for name, shape in TOKENS.items():
        drawn[f"embed.{name}.tokens"] = state.randint(0, 6, size=shape)
        drawn[f"embed.{name}.table"] = state.normal(size=(6, 7))
        drawn[f"embed.{name}.dy"] = state.normal(size=(*shape, 7))
    for name, shape in VECTORS.items():
        drawn[f"unembed.{name}.x"] = state.normal(size=shape)
        drawn[f"unembed.{name}.table"] = state.normal(size=(6, 5))
        drawn[f"unembed.{name}.dy"] = state.normal(size=(*shape[:-1], 6))
    for name, (shape, _, _) in ROTATIONS.items():
        drawn[f"rotary.{name}.x"] = state.normal(size=shape)
        drawn[f"rotary.{name}.dy"] = state.normal(size=shape)
    drawn["dropout.x"], drawn["dropout.dy"] = state.normal(size=(2, 4, 5, 3))
    drawn["dropout.uniform"] = state.uniform(size=(4, 5, 3))
    return drawn


def ours(inputs):
    found = {}
    for name in TOKENS:
        tokens, table, dy = (inputs[f"embed.{name}.{part}"] for part in ("tokens", "table", "dy"))
        y, cache = embed(tokens, table)
        found |= {f"embed.{name}.y": y, f"embed.{name}.dtable": embed_backward(dy, cache)}
    for name in VECTORS:
        x, table, dy = (inputs[f"unembed.{name}.{part}"] for part in ("x", "table", "dy"))
        y, cache = unembed(x, table)
        dx, dtable = unembed_backward(dy, cache)
        part = f"unembed.{name}"
        found |= {f"{part}.y": y, f"{part}.dx": dx, f"{part}.dtable": dtable}
    for name, (_, offset, base) in ROTATIONS.items():
        y, cache = rotary(inputs[f"rotary.{name}.x"], offset, base)
        dx = rotary_backward(inputs[f"rotary.{name}.dy"], cache)
        found |= {f"rotary.{name}.y": y, f"rotary.{name}.dx": dx}
    for name, (t, d_model, offset) in TABLES.items():
        found[f"sinusoidal.{name}"] = sinusoidal_positions(t, d_model, offset)
    y, cache = dropout(inputs["dropout.x"], P, Drawn(inputs["dropout.uniform"]))
    found |= {"dropout.y": y, "dropout.dx": dropout_backward(inputs["dropout.dy"], cache)}
    return found


def theirs(torch, inputs):
    found = {}
    for name in TOKENS:
        table = leaf(torch, inputs[f"embed.{name}.table"])
        y = torch.nn.functional.embedding(torch.tensor(inputs[f"embed.{name}.tokens"]), table)
        y.backward(torch.tensor(inputs[f"embed.{name}.dy"]))
        found[f"embed.{name}.y"] = y.detach().numpy()
        found[f"embed.{name}.dtable"] = table.grad.numpy()
    for name in VECTORS:
        x, table = (leaf(torch, inputs[f"unembed.{name}.{part}"]) for part in ("x", "table"))
        y = torch.nn.functional.linear(x, table)
        y.backward(torch.tensor(inputs[f"unembed.{name}.dy"]))
        found[f"unembed.{name}.y"] = y.detach().numpy()
        found[f"unembed.{name}.dx"] = x.grad.numpy()
        found[f"unembed.{name}.dtable"] = table.grad.numpy()
    for name, (shape, offset, base) in ROTATIONS.items():
        x = leaf(torch, inputs[f"rotary.{name}.x"])
        angles = wavelengths(torch, shape[-1], base).reciprocal() * steps(torch, shape[-2], offset)
        turn = torch.polar(torch.ones_like(angles), angles)
        pairs = torch.view_as_complex(x.reshape(*shape[:-1], -1, 2))
        y = torch.view_as_real(pairs * turn).reshape(shape)
        y.backward(torch.tensor(inputs[f"rotary.{name}.dy"]))
        found[f"rotary.{name}.y"] = y.detach().numpy()
        found[f"rotary.{name}.dx"] = x.grad.numpy()
    for name, (t, d_model, offset) in TABLES.items():
        angles = steps(torch, t, offset) / wavelengths(torch, d_model, 10000.0)
        both = torch.stack([angles.sin(), angles.cos()], -1).reshape(t, -1)
        found[f"sinusoidal.{name}"] = both[:, :d_model].numpy()
    x = leaf(torch, inputs["dropout.x"])
    y = x * torch.tensor(inputs["dropout.uniform"] >= P) / (1 - P)
    y.backward(torch.tensor(inputs["dropout.dy"]))
    return found | {"dropout.y": y.detach().numpy(), "dropout.dx": x.grad.numpy()}


def leaf(torch, array):
    return torch.tensor(array, requires_grad=True)


def steps(torch, t, offset):
    return torch.arange(offset, offset + t, dtype=torch.float64)[:, None]


def wavelengths(torch, d, base):
    return torch.tensor(base, dtype=torch.float64) ** (torch.arange(0, d, 2).double() / d)
