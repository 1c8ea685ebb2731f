"""Adam with decoupled weight decay, clipping by the global norm, and the warm-up schedule.

Parameters and gradients are trees: arrays in nested dicts and lists, of the same keys and shapes.
Nothing is changed in place. A step gives new parameters and a new state, and the old ones stay.
"""

import numpy as np

from transformer.tree import tree_leaves, tree_map


def adam_init(params):
    """The state before the first step: no step taken, both moving averages zero.

    params: a tree of arrays   ->   state: whatever adam_step needs to remember
    """
    return {
        "t": 0,
        "m": tree_map(np.zeros_like, params),
        "v": tree_map(np.zeros_like, params),
    }


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """One step of Adam (Kingma & Ba 2015, algorithm 1; UDL 6.4) with decoupled weight decay.

    The decay takes lr * weight_decay * params off, with the parameters of before the step
    (Loshchilov & Hutter 2019, algorithm 2).

    params, grads: trees of the same keys and shapes   ->   params, state (new ones)
    """
    _check_same_shapes(params, grads)
    beta1, beta2 = betas
    t = state["t"] + 1
    m = tree_map(lambda m, g: _move(m, g, 1 - beta1), state["m"], grads)
    v = tree_map(lambda v, g: _move(v, g * g, 1 - beta2), state["v"], grads)

    # lr * m_hat / (sqrt(v_hat) + eps), with both corrections moved into two numbers, so that
    # m_hat and v_hat are never made (two passes over the arrays fewer; Kingma & Ba, section 2)
    root = (1 - beta2**t) ** 0.5
    rate = float(lr * root / (1 - beta1**t))
    eps = float(eps * root)
    keep = float(1 - lr * weight_decay)

    def updated(p, m, v):
        root_v = np.sqrt(v)
        root_v += eps
        new = m * -rate
        new /= root_v
        new += p if keep == 1 else keep * p
        return new

    return tree_map(updated, params, m, v), {"t": t, "m": m, "v": v}


def _move(average, value, rate):
    """(1 - rate) * average + rate * value, with a single new array."""
    moved = value - average
    moved *= rate
    moved += average
    return moved


def _check_same_shapes(params, grads):
    """ValueError unless the arrays of grads have the shapes of those of params."""

    def check(p, g):
        if np.shape(p) != np.shape(g):
            raise ValueError(f"grads: expected shape {np.shape(p)} as in params, got {np.shape(g)}")

    tree_map(check, params, grads)


def clip_by_global_norm(grads, max_norm):
    """Shorten all gradients by one factor, so that together they are at most max_norm long.

    (Pascanu et al. 2013, algorithm 1.) The norm is that of all numbers of the tree as one vector.

    grads: a tree of arrays   ->   grads: the same tree, times max_norm / norm if norm > max_norm;
    norm: a float, of before clipping
    """
    norm = float(sum(np.vdot(g, g) for g in tree_leaves(grads)) ** 0.5)
    if norm > max_norm:
        scale = max_norm / norm
        grads = tree_map(lambda g: g * scale, grads)
    return grads, norm


def warmup_lr(step, d_model, warmup=4000):
    """The learning rate of a step: up in a line, then down by the root (Vaswani et al., eq. 3).

    step: int, from 1   ->   a float, largest at step == warmup: (d_model * warmup) ** -0.5

    Raises ValueError for step < 1.
    """
    if step < 1:
        raise ValueError(f"step: expected a whole number from 1, got {step}")
    return float(d_model**-0.5 * min(step**-0.5, step * warmup**-1.5))
