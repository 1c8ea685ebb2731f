"""Activations and losses against torch.nn.functional."""

import numpy as np

from transformer import activations, losses

IGNORE = -100
ELEMENTWISE = ("relu", "leaky_relu", "sigmoid", "tanh", "gelu")
LINES = [("softmax", -1), ("softmax", 1), ("log_softmax", -1), ("log_softmax", 0)]


def inputs():
    state = np.random.RandomState(101)
    targets = state.randint(0, 7, (3, 5))
    targets[0, 2] = targets[2, 4] = IGNORE
    return {
        "x": state.normal(size=(2, 3, 5)) * 2,
        "dy": state.normal(size=(2, 3, 5)),
        "pred": state.normal(size=(4, 3)),
        "target": state.normal(size=(4, 3)),
        "logits": state.normal(size=(3, 5, 7)) * 3,
        "targets": targets,
    }


def ours(inputs):
    x, dy = inputs["x"], inputs["dy"]
    results = {}
    for name in ELEMENTWISE:
        slope = {"slope": 0.2} if name == "leaky_relu" else {}
        y, cache = getattr(activations, name)(x, **slope)
        results[name] = y
        results[f"{name}_dx"] = getattr(activations, f"{name}_backward")(dy, cache)
    for name, axis in LINES:
        y, cache = getattr(activations, name)(x, axis=axis)
        results[f"{name}_{axis}"] = y
        results[f"{name}_{axis}_dx"] = getattr(activations, f"{name}_backward")(dy, cache)
    for name in ("mse", "mae"):
        loss, dpred = getattr(losses, name)(inputs["pred"], inputs["target"])
        results |= {name: np.array(loss), f"{name}_dpred": dpred}
    for smoothing in (0.0, 0.1):
        loss, dlogits = losses.cross_entropy(
            inputs["logits"], inputs["targets"], ignore_index=IGNORE, label_smoothing=smoothing
        )
        results |= {f"cross_entropy_{smoothing}": np.array(loss)}
        results |= {f"cross_entropy_{smoothing}_dlogits": dlogits}
    return results


def theirs(torch, inputs):
    functional = torch.nn.functional
    dy = torch.from_numpy(inputs["dy"])
    results = {}

    def record(name, function, source, gradient_name, upstream=None):
        leaf = torch.from_numpy(inputs[source]).clone().requires_grad_()
        y = function(leaf)
        y.backward(upstream)
        results[name] = y.detach().numpy()
        results[gradient_name] = leaf.grad.numpy()

    elementwise = {
        "relu": functional.relu,
        "leaky_relu": lambda x: functional.leaky_relu(x, 0.2),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu": lambda x: functional.gelu(x, approximate="tanh"),
    }
    for name in ELEMENTWISE:
        record(name, elementwise[name], "x", f"{name}_dx", dy)
    for name, axis in LINES:
        function = getattr(functional, name)
        record(
            f"{name}_{axis}", lambda x, f=function, a=axis: f(x, a), "x", f"{name}_{axis}_dx", dy
        )
    target = torch.from_numpy(inputs["target"])
    record("mse", lambda pred: functional.mse_loss(pred, target), "pred", "mse_dpred")
    record("mae", lambda pred: functional.l1_loss(pred, target), "pred", "mae_dpred")
    classes = torch.from_numpy(inputs["targets"]).reshape(-1)
    for smoothing in (0.0, 0.1):
        record(
            f"cross_entropy_{smoothing}",
            lambda logits, s=smoothing: functional.cross_entropy(
                logits.reshape(-1, 7), classes, ignore_index=IGNORE, label_smoothing=s
            ),
            "logits",
            f"cross_entropy_{smoothing}_dlogits",
        )
    return results
