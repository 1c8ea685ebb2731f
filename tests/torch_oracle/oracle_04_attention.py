"""Attention against PyTorch: F.scaled_dot_product_attention and nn.MultiheadAttention."""

import numpy as np

WEIGHTS = {"w_q": (6, 6), "w_k": (6, 6), "w_v": (6, 6), "w_o": (6, 6)}
BIASES = ("b_q", "b_k", "b_v", "b_o")
HEADS = 3


def inputs():
    """q, k, v with T unlike S and d_v unlike d; x, a context and parameters; masks."""
    random = np.random.RandomState(4)
    arrays = {
        "q": random.normal(size=(2, 3, 4, 5)),
        "k": random.normal(size=(2, 3, 7, 5)),
        "v": random.normal(size=(2, 3, 7, 2)),
        "dy": random.normal(size=(2, 3, 4, 2)),
        "x": random.normal(size=(2, 4, 6)),
        "context": random.normal(size=(2, 7, 6)),
        "dy_heads": random.normal(size=(2, 4, 6)),
    }
    arrays |= {name: random.normal(size=shape) for name, shape in WEIGHTS.items()}
    arrays |= {name: random.normal(size=6) for name in BIASES}
    mask = random.uniform(size=(2, 3, 4, 7)) < 0.6
    mask[..., 0] = True
    lengths = np.array([7, 4])
    return arrays | {"mask": mask, "lengths": lengths}


def ours(inputs):
    """Outputs and gradients of the reference."""
    from transformer.attention import (
        causal_mask,
        multi_head_attention,
        multi_head_attention_backward,
        padding_mask,
        scaled_dot_product_attention,
        scaled_dot_product_attention_backward,
    )

    results = {}
    for name, mask in (("plain", None), ("masked", inputs["mask"])):
        y, cache = scaled_dot_product_attention(inputs["q"], inputs["k"], inputs["v"], mask)
        dq, dk, dv = scaled_dot_product_attention_backward(inputs["dy"], cache)
        results |= {f"{name}_y": y, f"{name}_dq": dq, f"{name}_dk": dk, f"{name}_dv": dv}

    params = {name: inputs[name] for name in (*WEIGHTS, *BIASES)}
    x, context = inputs["x"], inputs["context"]
    for name, source, mask in (
        ("self", x, causal_mask(4)),
        ("cross", context, padding_mask(inputs["lengths"], 7)),
    ):
        y, cache = multi_head_attention(x, source, params, HEADS, mask)
        dx, dcontext, grads = multi_head_attention_backward(inputs["dy_heads"], cache)
        if source is x:
            results[f"{name}_dx"] = dx + dcontext
        else:
            results |= {f"{name}_dx": dx, f"{name}_dcontext": dcontext}
        results[f"{name}_y"] = y
        results |= {f"{name}_{key}": grad for key, grad in grads.items()}
    return results


def theirs(torch, inputs):
    """The same from PyTorch, by autograd."""
    attend = torch.nn.functional.scaled_dot_product_attention
    results = {}
    for name, mask in (("plain", None), ("masked", torch.tensor(inputs["mask"]))):
        q, k, v = (torch.tensor(inputs[key], requires_grad=True) for key in ("q", "k", "v"))
        y = attend(q, k, v, attn_mask=mask)
        y.backward(torch.tensor(inputs["dy"]))
        found = {"y": y, "dq": q.grad, "dk": k.grad, "dv": v.grad}
        results |= {f"{name}_{key}": value.detach().numpy() for key, value in found.items()}

    # In PyTorch True hides, weights are transposed, and q, k and v are stacked.
    hidden_later = torch.ones(4, 4, dtype=torch.bool).triu(1)
    hidden_padding = torch.arange(7) >= torch.tensor(inputs["lengths"])[:, None]
    for name, masks in (
        ("self", {"attn_mask": hidden_later}),
        ("cross", {"key_padding_mask": hidden_padding}),
    ):
        layer = _layer(torch, inputs)
        x, context = (torch.tensor(inputs[key], requires_grad=True) for key in ("x", "context"))
        source = x if name == "self" else context
        y, _ = layer(x, source, source, need_weights=False, **masks)
        y.backward(torch.tensor(inputs["dy_heads"]))
        found = {"y": y, "dx": x.grad}
        if name == "cross":
            found["dcontext"] = context.grad
        stacked, bias = layer.in_proj_weight.grad, layer.in_proj_bias.grad
        for key, weight, part in zip("qkv", stacked.chunk(3), bias.chunk(3), strict=True):
            found |= {f"w_{key}": weight.T, f"b_{key}": part}
        found |= {"w_o": layer.out_proj.weight.grad.T, "b_o": layer.out_proj.bias.grad}
        results |= {f"{name}_{key}": value.detach().numpy() for key, value in found.items()}
    return results


def _layer(torch, inputs):
    layer = torch.nn.MultiheadAttention(6, HEADS, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        stacked = np.concatenate([inputs[f"w_{key}"].T for key in "qkv"])
        layer.in_proj_weight.copy_(torch.tensor(stacked))
        bias = np.concatenate([inputs[f"b_{key}"] for key in "qkv"])
        layer.in_proj_bias.copy_(torch.tensor(bias))
        layer.out_proj.weight.copy_(torch.tensor(inputs["w_o"].T.copy()))
        layer.out_proj.bias.copy_(torch.tensor(inputs["b_o"]))
    return layer
