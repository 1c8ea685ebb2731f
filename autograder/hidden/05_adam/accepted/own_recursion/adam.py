"""Adam by a recursion of its own that walks four trees at once, without tree.py."""

import math


def adam_init(params):
    return 0, _zeros(params), _zeros(params)


def _zeros(tree):
    if isinstance(tree, dict):
        return {key: _zeros(tree[key]) for key in tree}
    if isinstance(tree, (list, tuple)):
        return [_zeros(branch) for branch in tree]
    return 0.0 * tree


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    t, m, v = state
    params, m, v = _walk(params, grads, m, v, t + 1, lr, betas, eps, weight_decay)
    return params, (t + 1, m, v)


def _walk(p, g, m, v, t, lr, betas, eps, weight_decay):
    if isinstance(p, (dict, list, tuple)):
        keys = list(p) if isinstance(p, dict) else range(len(p))
        done = [_walk(p[k], g[k], m[k], v[k], t, lr, betas, eps, weight_decay) for k in keys]
        columns = list(zip(*done, strict=True))
        if isinstance(p, dict):
            return tuple(dict(zip(keys, column, strict=True)) for column in columns)
        return tuple(list(column) for column in columns)
    if g.shape != p.shape:
        raise ValueError(f"a gradient has shape {g.shape}, its parameter {p.shape}")
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g**2
    m_hat = m / (1 - betas[0] ** t)
    v_hat = v / (1 - betas[1] ** t)
    return p - lr * (m_hat / (v_hat**0.5 + eps) + weight_decay * p), m, v


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(_sum_of_squares(grads))
    return _times(grads, 1.0 if norm <= max_norm else max_norm / norm), norm


def _sum_of_squares(tree):
    if isinstance(tree, dict):
        return sum(_sum_of_squares(branch) for branch in tree.values())
    if isinstance(tree, (list, tuple)):
        return sum(map(_sum_of_squares, tree))
    return float((tree * tree).sum())


def _times(tree, factor):
    if isinstance(tree, dict):
        return {key: _times(branch, factor) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_times(branch, factor) for branch in tree]
    return tree * factor


def warmup_lr(step, d_model, warmup=4000):
    if step < 1:
        raise ValueError(f"step is {step}; expected 1 or more (the first step is 1)")
    if step < warmup:
        return step / (math.sqrt(d_model) * warmup * math.sqrt(warmup))
    return 1 / math.sqrt(d_model * step)
