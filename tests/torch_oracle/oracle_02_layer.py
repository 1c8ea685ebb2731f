"""Linear layers and the MLP against PyTorch's F.linear, nn.Sequential and autograd."""

from itertools import pairwise

import numpy as np

from transformer.layer import linear, linear_backward, mlp, mlp_backward

ACTIVATIONS = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "gelu")
SIZES = (5, 7, 6, 4)


def inputs():
    """Arguments and upstream gradients, float64 and of unequal sizes."""
    state = np.random.RandomState(2)
    drawn = {
        "x": state.normal(size=(2, 3, 5)),
        "w": state.normal(size=(5, 4)),
        "b": state.normal(size=4),
        "dy": state.normal(size=(2, 3, 4)),
    }
    for k, (d_in, d_out) in enumerate(pairwise(SIZES)):
        drawn[f"layer{k}_w"] = state.normal(size=(d_in, d_out))
        drawn[f"layer{k}_b"] = state.normal(size=d_out)
    return drawn


def ours(inputs):
    """y and all gradients by the reference."""
    y, cache = linear(inputs["x"], inputs["w"], inputs["b"])
    dx, dw, db = linear_backward(inputs["dy"], cache)
    found = {"linear_y": y, "linear_dx": dx, "linear_dw": dw, "linear_db": db}
    layers = [
        {"w": inputs[f"layer{k}_w"], "b": inputs[f"layer{k}_b"]} for k in range(len(SIZES) - 1)
    ]
    for name in ACTIVATIONS:
        y, cache = mlp(inputs["x"], layers, name)
        dx, grads = mlp_backward(inputs["dy"], cache)
        found |= {f"{name}_y": y, f"{name}_dx": dx}
        for k, grad in enumerate(grads):
            found |= {f"{name}_layer{k}_dw": grad["w"], f"{name}_layer{k}_db": grad["b"]}
    return found


def theirs(torch, inputs):
    """The same by PyTorch, whose weights are the transpose of ours."""
    dy = torch.tensor(inputs["dy"])
    x, w, b = (torch.tensor(inputs[name], requires_grad=True) for name in ("x", "w", "b"))
    y = torch.nn.functional.linear(x, w.T, b)
    y.backward(dy)
    found = {"linear_y": y, "linear_dx": x.grad, "linear_dw": w.grad, "linear_db": b.grad}
    for name in ACTIVATIONS:
        x = torch.tensor(inputs["x"], requires_grad=True)
        network = _sequential(torch, inputs, name)
        y = network(x)
        y.backward(dy)
        found |= {f"{name}_y": y, f"{name}_dx": x.grad}
        for k, layer in enumerate(network[::2]):
            found[f"{name}_layer{k}_dw"] = layer.weight.grad.T
            found[f"{name}_layer{k}_db"] = layer.bias.grad
    return {name: value.detach().numpy() for name, value in found.items()}


def _sequential(torch, inputs, name):
    """nn.Sequential with our weights: linear layers, and activations between them."""
    between = {
        "identity": torch.nn.Identity(),
        "relu": torch.nn.ReLU(),
        "leaky_relu": torch.nn.LeakyReLU(0.01),
        "sigmoid": torch.nn.Sigmoid(),
        "tanh": torch.nn.Tanh(),
        "gelu": torch.nn.GELU(approximate="tanh"),
    }[name]
    modules = []
    for k, (d_in, d_out) in enumerate(pairwise(SIZES)):
        layer = torch.nn.Linear(d_in, d_out, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(inputs[f"layer{k}_w"]).T)
            layer.bias.copy_(torch.tensor(inputs[f"layer{k}_b"]))
        modules += [layer, between]
    return torch.nn.Sequential(*modules[:-1])
