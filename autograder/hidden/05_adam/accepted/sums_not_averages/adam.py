"""Weighted sums beside the sums of their weights: m_hat and v_hat are quotients, no 1 - beta."""

import numpy as np

from transformer.tree import tree_leaves, tree_map


def adam_init(params):
    zeros = tree_map(np.zeros_like, params)
    return [(0.0, zeros), (0.0, zeros)]


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if tree_map(np.shape, params) != tree_map(np.shape, grads):
        raise ValueError("grads must have the shapes of params")
    new = []
    for (weight, total), beta, power in zip(state, betas, (1, 2), strict=True):
        new.append(
            (
                beta * weight + 1,
                tree_map(lambda s, g, b=beta, k=power: b * s + g**k, total, grads),
            )
        )
    (weight_1, sum_1), (weight_2, sum_2) = new

    def update(p, s1, s2):
        step = s1 / weight_1 / (eps + np.sqrt(s2 / weight_2))
        return p - lr * (step + weight_decay * p)

    return tree_map(update, params, sum_1, sum_2), new


def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum(np.vdot(np.abs(g), np.abs(g)) for g in tree_leaves(grads)))
    too_long = max(float(norm) / max_norm, 1.0)
    return tree_map(lambda g: g / too_long, grads), float(norm)
