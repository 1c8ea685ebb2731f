"""All arrays are laid end to end in one vector; the state is one matrix of two rows."""

import numpy as np

from transformer.tree import tree_leaves, tree_map


def _flat(tree):
    return np.concatenate([leaf.reshape(-1) for leaf in tree_leaves(tree)])


def _unflat(vector, tree):
    pieces = iter(np.split(vector, np.cumsum([leaf.size for leaf in tree_leaves(tree)])[:-1]))
    return tree_map(lambda leaf: next(pieces).reshape(leaf.shape).copy(), tree)


def adam_init(params):
    vector = _flat(params)
    return {"steps": 0, "moments": np.zeros((2, vector.size), vector.dtype)}


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if tree_map(np.shape, params) != tree_map(np.shape, grads):
        raise ValueError("grads must have the shapes of params")
    p, g = _flat(params), _flat(grads)
    betas = np.array(betas, p.dtype)[:, None]
    steps = state["steps"] + 1
    moments = betas * state["moments"] + (1 - betas) * np.stack([g, g * g])
    m_hat, v_hat = moments / (1 - betas**steps)
    p = p - lr * m_hat / (np.sqrt(v_hat) + eps) - lr * weight_decay * p
    return _unflat(p, params), {"steps": steps, "moments": moments}


def clip_by_global_norm(grads, max_norm):
    vector = _flat(grads)
    norm = np.linalg.norm(vector)
    if norm <= max_norm:
        return grads, norm
    return _unflat(vector / norm * np.array(max_norm, vector.dtype), grads), norm


def warmup_lr(step, d_model, warmup=4000):
    if step < 1:
        raise ValueError(f"step is {step}; expected 1 or more (the first step is 1)")
    return np.minimum(step / warmup, np.sqrt(warmup / step)) / np.sqrt(d_model * warmup)
