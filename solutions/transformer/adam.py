"""Adam with decoupled weight decay, clipping by the global norm, and the warm-up schedule.

Parameters and gradients are trees: arrays in nested dicts and lists, with the same keys and shapes.
Nothing is changed in place: a step returns new parameters and a new state, and the old ones stay.
"""

import numpy as np

from transformer.tree import tree_leaves, tree_map


def adam_init(params):
    """The state before the first step: no step counted, both moving averages zero.

    params: a tree of arrays   ->   state: whatever adam_step has to remember
    """
    return {
        "t": 0,
        "m": tree_map(np.zeros_like, params),
        "v": tree_map(np.zeros_like, params),
    }


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """One step of Adam (Kingma & Ba 2015, algorithm 1; UDL 6.4) with decoupled weight decay.

    The decay takes off lr * weight_decay * params, the parameters being those of before the step
    (Loshchilov & Hutter 2019, algorithm 2, without its schedule multiplier).

    params, grads: trees with the same keys and shapes   ->   params, state: new ones

    Raises ValueError if a gradient has another shape than its parameter.
    """
    _check_same_shapes(params, grads)
    beta1, beta2 = map(float, betas)
    t = state["t"] + 1
    m = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state["m"], grads)
    v = tree_map(lambda v, g: beta2 * v + (1 - beta2) * (g * g), state["v"], grads)  # no power

    # rate * m / (sqrt(v) + small) is lr * m_hat / (sqrt(v_hat) + eps): both corrections are folded
    # into numbers, which saves two passes over every array (Kingma & Ba 2015, end of section 2).
    root = (1 - beta2**t) ** 0.5
    rate = float(lr * root / (1 - beta1**t))
    small = float(eps * root)
    keep = float(1 - lr * weight_decay)

    def updated(p, m, v):  # keep * p - rate * m / (sqrt(v) + small), with fewer temporary arrays
        divisor = np.sqrt(v)
        divisor += small
        new = m * -rate
        new /= divisor
        new += p if keep == 1 else keep * p
        return new

    return tree_map(updated, params, m, v), {"t": t, "m": m, "v": v}


def _check_same_shapes(params, grads):
    """ValueError if an array of grads has another shape than its parameter."""

    def check(p, g):
        if np.shape(p) != np.shape(g):
            raise ValueError(f"grads holds shape {np.shape(g)} where params has {np.shape(p)}")

    tree_map(check, params, grads)


def clip_by_global_norm(grads, max_norm):
    """Shorten all gradients by one factor if together they are longer than max_norm.

    The norm is that of one vector with all the numbers of the tree (Pascanu et al. 2013, algorithm
    1). Above max_norm every array is multiplied by max_norm / norm; else nothing is done.

    grads: a tree of arrays   ->   grads: a tree, norm: a float, the length of before clipping
    """
    norm = sum(float(np.vdot(g, g)) for g in tree_leaves(grads)) ** 0.5
    if norm > max_norm:
        factor = float(max_norm / norm)
        grads = tree_map(lambda g: factor * g, grads)
    return grads, norm


def warmup_lr(step, d_model, warmup=4000):
    """The learning rate of a step: a straight line up, then an inverse root down (Vaswani, eq. 3).

    step: a whole number from 1   ->   a float, the largest of all when step == warmup

    Raises ValueError for step < 1.
    """
    if step < 1:
        raise ValueError(f"step is {step}; expected 1 or more (the first step is 1)")
    return float(d_model**-0.5 * min(step**-0.5, step * warmup**-1.5))
