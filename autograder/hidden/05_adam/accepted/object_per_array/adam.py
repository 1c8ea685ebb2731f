"""The state is a tree of objects; every array keeps its own count, m and v."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from transformer.tree import tree_leaves, tree_map


@dataclass(frozen=True)
class _Memory:
    m: Any
    v: Any
    t: int = 0

    def after(self, g, beta1, beta2):
        m = self.m + (1 - beta1) * (g - self.m)
        v = self.v + (1 - beta2) * (np.square(g) - self.v)
        return _Memory(m, v, self.t + 1)

    def direction(self, beta1, beta2, eps):
        m_hat, v_hat = self.m / (1 - beta1**self.t), self.v / (1 - beta2**self.t)
        return m_hat / (np.sqrt(v_hat) + eps)


def adam_init(params):
    return tree_map(lambda p: _Memory(np.zeros_like(p), np.zeros_like(p)), params)


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if tree_map(np.shape, params) != tree_map(np.shape, grads):
        raise ValueError("grads must have the shapes of params")
    state = tree_map(lambda memory, g: memory.after(g, *betas), state, grads)

    def update(p, memory):
        return p * (1 - lr * weight_decay) - lr * memory.direction(*betas, eps)

    return tree_map(update, params, state), state


def clip_by_global_norm(grads, max_norm):
    norm = np.hypot.reduce([np.linalg.norm(g) for g in tree_leaves(grads)])
    if norm == 0:
        return grads, 0.0
    factor = min(1.0, float(max_norm / norm))
    return tree_map(lambda g: g * factor, grads), norm
