"""The steps of Adam, of clipping and of the schedule, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

AVERAGES = "handout.md#two-moving-averages"
CLIPPING = "handout.md#one-length-for-all-gradients"
SCHEDULE = "handout.md#up-then-down"


@steps(see=AVERAGES)
def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    beta1, beta2 = betas
    t = state["t"] + 1  # the number of the step
    m = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads)
    v = tree_map(lambda v, g: beta2 * v + (1 - beta2) * g**2, state["v"], grads)
    # see: what-the-first-steps-know
    correction1 = 1 - beta1**t  # the bias correction of m
    correction2 = 1 - beta2**t  # the bias correction of v
    m_hat = tree_map(lambda m: m / correction1, m)
    v_hat = tree_map(lambda v: v / correction2, v)
    # see: where-eps-stands
    divisor = tree_map(lambda v: np.sqrt(v) + eps, v_hat)
    update = tree_map(lambda m, d: lr * m / d, m_hat, divisor)
    # see: decay-that-adam-does-not-see
    decay = lr * weight_decay
    moved = tree_map(lambda p, u: p - decay * p - u, params, update)
    return moved, {"t": t, "m": m, "v": v}


@steps(see=CLIPPING)
def clip_by_global_norm(grads, max_norm):
    leaves = tree_leaves(grads)
    squares = sum((g**2).sum() for g in leaves)
    norm = np.sqrt(squares)
    if norm > max_norm:
        factor = max_norm / norm
        grads = tree_map(lambda g: factor * g, grads)
    return grads, float(norm)


@steps(see=SCHEDULE)
def warmup_lr(step, d_model, warmup=4000):
    scale = d_model**-0.5
    up = step * warmup**-1.5  # the line up
    down = step**-0.5  # the way down
    return float(scale * min(down, up))
