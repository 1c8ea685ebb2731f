"""The steps of Adam, of clipping and of the schedule, as the handout spells them out."""

import numpy as np

from autograder.explain.steps import steps

AVERAGES = "handout.md#two-moving-averages"
CLIPPING = "handout.md#one-length-for-all-gradients"
SCHEDULE = "handout.md#up-then-down"


@steps(see=AVERAGES)
def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    beta1, beta2 = betas
    # why: Every call is one step more, and the bias correction fades as t grows.
    t = state["t"] + 1  # the number of the step
    # why: It is beta1 of the old average and 1 - beta1 of the new gradient.
    m = tree_map(
        lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads
    )  # the average of the gradients
    # why: It averages the squares of the gradients themselves: its root is taken later.
    v = tree_map(
        lambda v, g: beta2 * v + (1 - beta2) * g**2, state["v"], grads
    )  # the average of the squares
    # see: what-the-first-steps-know
    correction1 = 1 - beta1**t  # the bias correction of m
    correction2 = 1 - beta2**t  # the bias correction of v
    # why: m starts at zero, too: it is divided by 1 - beta1 ** t.
    m_hat = tree_map(lambda m: m / correction1, m)  # corrected for the start at zero
    # why: v starts at zero, too: it is divided by 1 - beta2 ** t.
    v_hat = tree_map(lambda v: v / correction2, v)  # corrected for the start at zero
    # see: where-eps-stands
    # why: eps follows the root: inside, 1e-8 acts like 1e-4; without it, gradients that were always
    # 0 give 0 / 0.
    divisor = tree_map(lambda v: np.sqrt(v) + eps, v_hat)
    update = tree_map(lambda m, d: lr * m / d, m_hat, divisor)
    # see: decay-that-adam-does-not-see
    # why: The decay of one step is the learning rate times weight_decay.
    decay = lr * weight_decay
    # why: The loss falls against the gradient: the step is subtracted; the decay makes parameters
    # smaller.
    moved = tree_map(lambda p, u: p - decay * p - u, params, update)
    return moved, {"t": t, "m": m, "v": v}


@steps(see=CLIPPING)
def clip_by_global_norm(grads, max_norm):
    leaves = tree_leaves(grads)
    squares = sum((g**2).sum() for g in leaves)
    # why: The length of all gradients together is the root of the sum of their squares.
    norm = np.sqrt(squares)  # the length of all gradients
    if norm > max_norm:
        # why: Gradients that are too long are shortened to the length max_norm.
        factor = max_norm / norm
        grads = tree_map(lambda g: factor * g, grads)
    return grads, float(norm)


@steps(see=SCHEDULE)
def warmup_lr(step, d_model, warmup=4000):
    # why: Wider models get smaller steps: d_model ** -0.5.
    scale = d_model**-0.5
    # why: The exponent of warmup, -1.5, makes line and curve meet at step == warmup.
    up = step * warmup**-1.5  # the line up
    # why: After the warm-up the rate falls with the inverse root of the step.
    down = step**-0.5  # the way down
    # why: The rate is the smaller of the line and the inverse root of the step, times d_model **
    # -0.5.
    return float(scale * min(down, up))
