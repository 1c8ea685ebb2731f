"""Everything is copied first, and the copies are updated in place, array by array."""

import copy

import numpy as np

from transformer.tree import tree_leaves, tree_map


def adam_init(params):
    return [[np.zeros_like(p), np.zeros_like(p)] for p in tree_leaves(params)] + [0]


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if tree_map(np.shape, params) != tree_map(np.shape, grads):
        raise ValueError("grads must have the shapes of params")
    params, state = copy.deepcopy((params, state))
    state[-1] += 1
    t = state[-1]
    for p, g, (m, v) in zip(tree_leaves(params), tree_leaves(grads), state[:-1], strict=True):
        p *= 1 - lr * weight_decay
        m *= betas[0]
        m += (1 - betas[0]) * g
        v *= betas[1]
        v += (1 - betas[1]) * g * g
        p -= lr / (1 - betas[0] ** t) * m / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return params, state


def clip_by_global_norm(grads, max_norm):
    grads = copy.deepcopy(grads)
    leaves = tree_leaves(grads)
    norm = sum((g.astype(np.float64) ** 2).sum() for g in leaves) ** 0.5
    if norm > max_norm:
        for g in leaves:
            g *= max_norm / norm
    return grads, norm
