"""Layer normalisation against torch.nn.functional.layer_norm: outputs and all gradients."""

import numpy as np

from transformer.layernorm import layernorm, layernorm_backward

CASES = {  # name: shape, scale, offset, eps
    "batch": ((3, 4, 7), 1.0, 0.0, 1e-5),
    "vector": ((6,), 1.0, 0.0, 1e-5),
    "four_axes": ((2, 1, 3, 5), 1.0, 0.0, 1e-5),
    "small_variance": ((4, 5), 1e-3, 0.0, 1e-5),
    "large_values": ((4, 5), 1e3, 0.0, 1e-5),
    "offset": ((4, 6), 1.0, 100.0, 1e-5),
    "large_eps": ((2, 3, 5), 1.0, 0.0, 0.25),
    "constant_rows": ((3, 4), 0.0, 1.5, 1e-5),
    "one_feature": ((3, 1), 1.0, 0.0, 1e-5),
}


def inputs():
    state = np.random.RandomState(3)
    drawn = {}
    for name, (shape, scale, offset, _) in CASES.items():
        drawn[f"{name}.x"] = state.normal(size=shape) * scale + offset
        drawn[f"{name}.gamma"] = state.normal(size=shape[-1])
        drawn[f"{name}.beta"] = state.normal(size=shape[-1])
        drawn[f"{name}.dy"] = state.normal(size=shape)
    return drawn


def ours(inputs):
    found = {}
    for name, (_, _, _, eps) in CASES.items():
        x, gamma, beta, dy = (inputs[f"{name}.{part}"] for part in ("x", "gamma", "beta", "dy"))
        y, cache = layernorm(x, gamma, beta, eps)
        gradients = layernorm_backward(dy, cache)
        found[f"{name}.y"] = y
        found |= {
            f"{name}.{part}": gradient
            for part, gradient in zip(("dx", "dgamma", "dbeta"), gradients, strict=True)
        }
    return found


def theirs(torch, inputs):
    found = {}
    for name, (shape, _, _, eps) in CASES.items():
        x, gamma, beta = (
            torch.tensor(inputs[f"{name}.{part}"], requires_grad=True)
            for part in ("x", "gamma", "beta")
        )
        y = torch.nn.functional.layer_norm(x, shape[-1:], gamma, beta, eps)
        y.backward(torch.tensor(inputs[f"{name}.dy"]))
        found[f"{name}.y"] = y.detach().numpy()
        for part, tensor in (("dx", x), ("dgamma", gamma), ("dbeta", beta)):
            found[f"{name}.{part}"] = tensor.grad.numpy()
    return found
