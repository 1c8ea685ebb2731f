"""The rule for one array lives in a module of its own; adam.py only walks the trees."""

import numpy as np
from transformer.adam_rule import AdamRule, length

from transformer.tree import tree_leaves, tree_map


def adam_init(params):
    return {"past": tree_map(AdamRule.nothing_seen, params), "taken": 0}


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if tree_map(np.shape, params) != tree_map(np.shape, grads):
        raise ValueError("grads must have the shapes of params")
    taken = state["taken"] + 1
    rule = AdamRule(lr, *betas, eps, weight_decay)
    past = tree_map(rule.see, state["past"], grads)
    params = tree_map(lambda p, seen: rule.apply(p, seen, taken), params, past)
    return params, {"past": past, "taken": taken}


def clip_by_global_norm(grads, max_norm):
    norm = length(tree_leaves(grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return tree_map(lambda g: g * factor, grads), norm
