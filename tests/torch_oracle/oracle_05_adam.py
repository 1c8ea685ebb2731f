"""Adam with decoupled decay and clipping by the global norm, beside PyTorch's."""

import numpy as np

from transformer.adam import adam_init, adam_step, clip_by_global_norm

STEPS = 6
RUNS = {
    "plain": {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
    "decay": {"lr": 0.3, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.2},
}
MAX_NORM = 1.5


def inputs():
    """Three parameters of different shapes, and their gradients over STEPS steps, some tiny."""
    rng = np.random.RandomState(5)
    shapes = {"w": (3, 5), "b": (5,), "deep": (2, 1, 4)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    size = {"w": 1.0, "b": 1e-6, "deep": 100.0}
    for name, shape in shapes.items():
        arrays[f"grads_{name}"] = size[name] * rng.standard_normal((STEPS, *shape))
    return arrays


def ours(arrays):
    """The reference: parameters after every step of both runs, and one step's clipped gradients."""
    names = [name for name in arrays if not name.startswith("grads_")]
    out = {}
    for run, options in RUNS.items():
        params = {name: arrays[name] for name in names}
        state = adam_init(params)
        for step in range(STEPS):
            grads = {name: arrays[f"grads_{name}"][step] for name in names}
            params, state = adam_step(params, grads, state, **options)
            out |= {f"{run}_{step}_{name}": params[name] for name in names}
    grads = {name: arrays[f"grads_{name}"][0] for name in names}
    clipped, out["norm"] = clip_by_global_norm(grads, MAX_NORM)
    out["norm"] = np.array(out["norm"])
    # PyTorch divides by norm + 1e-6: take that factor out before comparing
    shrink = out["norm"] / (out["norm"] + 1e-6)
    return out | {f"clipped_{name}": clipped[name] * shrink for name in names}


def theirs(torch, arrays):
    """torch.optim.AdamW over the same gradients, and torch.nn.utils.clip_grad_norm_."""
    names = [name for name in arrays if not name.startswith("grads_")]
    out = {}
    for run, options in RUNS.items():
        params = {name: torch.tensor(arrays[name], requires_grad=True) for name in names}
        optimiser = torch.optim.AdamW(params.values(), **options)
        for step in range(STEPS):
            for name in names:
                params[name].grad = torch.tensor(arrays[f"grads_{name}"][step])
            optimiser.step()
            for name in names:
                out[f"{run}_{step}_{name}"] = params[name].detach().numpy().copy()
    for name in names:
        params[name].grad = torch.tensor(arrays[f"grads_{name}"][0])
    out["norm"] = torch.nn.utils.clip_grad_norm_(params.values(), MAX_NORM).numpy()
    return out | {f"clipped_{name}": params[name].grad.numpy() for name in names}
