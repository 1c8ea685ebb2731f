"""nn.TransformerEncoderLayer with the same weights: pre and post, GELU (tanh) and ReLU, stacks."""

import functools

import numpy as np

from transformer.transformer_block import (
    transformer_block,
    transformer_block_backward,
    transformer_stack,
    transformer_stack_backward,
)

B, T, D, F, H = 3, 5, 8, 7, 2
CASES = [(norm, activation) for norm in ("pre", "post") for activation in ("gelu", "relu")]


def inputs():
    """Two blocks as flat names such as "0.attn.w_q", an input and an upstream gradient."""
    state = np.random.RandomState(6)
    given = {"x": state.normal(size=(B, T, D)), "dy": state.normal(size=(B, T, D))}
    for block in "01":
        for norm in ("ln1", "ln2"):
            given[f"{block}.{norm}.gamma"] = state.normal(1, 0.5, D)
            given[f"{block}.{norm}.beta"] = state.normal(0, 0.5, D)
        for name in "qkvo":
            given[f"{block}.attn.w_{name}"] = state.normal(0, 0.5, (D, D))
            given[f"{block}.attn.b_{name}"] = state.normal(0, 0.5, D)
        for layer, (d_in, d_out) in enumerate([(D, F), (F, D)]):
            given[f"{block}.ffn.{layer}.w"] = state.normal(0, 0.5, (d_in, d_out))
            given[f"{block}.ffn.{layer}.b"] = state.normal(0, 0.5, d_out)
    return given


def ours(inputs):
    blocks = [_nested(inputs, block) for block in "01"]
    x, dy, mask = inputs["x"], inputs["dy"], np.tri(T, dtype=bool)
    found = {}
    for norm, activation in CASES:
        y, cache = transformer_block(x, blocks[0], H, mask, norm, activation)
        dx, grads = transformer_block_backward(dy, cache)
        found |= _named(f"{norm}.{activation}.block", y, dx, [grads])
        y, cache = transformer_stack(x, blocks, H, None, norm, activation)
        dx, grads = transformer_stack_backward(dy, cache)
        found |= _named(f"{norm}.{activation}.stack", y, dx, grads)
    return found


def theirs(torch, inputs):
    found = {}
    mask = torch.triu(torch.ones(T, T, dtype=torch.bool), diagonal=1)  # True: may not attend
    for norm, activation in CASES:
        for name, blocks, used in (("block", "0", mask), ("stack", "01", None)):
            layers = [_layer(torch, inputs, block, norm, activation) for block in blocks]
            x = torch.tensor(inputs["x"], requires_grad=True)
            y = x
            for layer in layers:
                y = layer(y, src_mask=used)
            y.backward(torch.tensor(inputs["dy"]))
            grads = [_gradients_of(layer) for layer in layers]
            found |= _named(
                f"{norm}.{activation}.{name}", y.detach().numpy(), x.grad.numpy(), grads
            )
    return found


def _nested(inputs, block):
    params = {"ln1": {}, "attn": {}, "ln2": {}, "ffn": [{}, {}]}
    for name, value in inputs.items():
        if name.startswith(f"{block}."):
            _, part, *rest = name.split(".")
            place = params[part][int(rest[0])] if part == "ffn" else params[part]
            place[rest[-1]] = value
    return params


def _named(prefix, y, dx, grads):
    found = {f"{prefix}.y": y, f"{prefix}.dx": dx}
    for number, block in enumerate(grads):
        for part, values in block.items():
            layers = enumerate(values) if part == "ffn" else [("", values)]
            for layer, entries in layers:
                for name, value in entries.items():
                    found[f"{prefix}.{number}.{part}{layer}.{name}"] = value
    return found


def _layer(torch, inputs, block, norm, activation):
    """PyTorch keeps its weights transposed, and those of q, k and v in one matrix."""
    gelu = functools.partial(torch.nn.functional.gelu, approximate="tanh")
    layer = torch.nn.TransformerEncoderLayer(
        D,
        H,
        F,
        dropout=0.0,
        activation=gelu if activation == "gelu" else torch.nn.functional.relu,
        layer_norm_eps=1e-5,
        batch_first=True,
        norm_first=norm == "pre",
        dtype=torch.float64,
    )
    p = _nested(inputs, block)
    attn = p["attn"]
    weights = {
        "norm1.weight": p["ln1"]["gamma"],
        "norm1.bias": p["ln1"]["beta"],
        "norm2.weight": p["ln2"]["gamma"],
        "norm2.bias": p["ln2"]["beta"],
        "self_attn.in_proj_weight": np.concatenate([attn[f"w_{n}"].T for n in "qkv"]),
        "self_attn.in_proj_bias": np.concatenate([attn[f"b_{n}"] for n in "qkv"]),
        "self_attn.out_proj.weight": attn["w_o"].T,
        "self_attn.out_proj.bias": attn["b_o"],
        "linear1.weight": p["ffn"][0]["w"].T,
        "linear1.bias": p["ffn"][0]["b"],
        "linear2.weight": p["ffn"][1]["w"].T,
        "linear2.bias": p["ffn"][1]["b"],
    }
    layer.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return layer.train()


def _gradients_of(layer):
    g = {name: value.grad.numpy() for name, value in layer.named_parameters()}
    attn = {"w_o": g["self_attn.out_proj.weight"].T, "b_o": g["self_attn.out_proj.bias"]}
    for k, name in enumerate("qkv"):
        attn[f"w_{name}"] = g["self_attn.in_proj_weight"][k * D : (k + 1) * D].T
        attn[f"b_{name}"] = g["self_attn.in_proj_bias"][k * D : (k + 1) * D]
    return {
        "ln1": {"gamma": g["norm1.weight"], "beta": g["norm1.bias"]},
        "attn": attn,
        "ln2": {"gamma": g["norm2.weight"], "beta": g["norm2.bias"]},
        "ffn": [{"w": g[f"linear{n}.weight"].T, "b": g[f"linear{n}.bias"]} for n in (1, 2)],
    }
