"""The state is a function: gradients and betas in, corrected averages and the next state out."""

import numpy as np

from transformer.tree import tree_map


def adam_init(params):
    zeros = tree_map(np.zeros_like, params)
    return _remember(0, zeros, zeros)


def _remember(t, m, v):
    def see(grads, beta1, beta2):
        new_m = tree_map(lambda old, g: beta1 * old + (1 - beta1) * g, m, grads)
        new_v = tree_map(lambda old, g: beta2 * old + (1 - beta2) * np.abs(g) ** 2, v, grads)
        m_hat = tree_map(lambda a: a / -np.expm1((t + 1) * np.log(beta1)).item(), new_m)
        v_hat = tree_map(lambda a: a / -np.expm1((t + 1) * np.log(beta2)).item(), new_v)
        return m_hat, v_hat, _remember(t + 1, new_m, new_v)

    return see


def adam_step(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if tree_map(np.shape, params) != tree_map(np.shape, grads):
        raise ValueError("grads must have the shapes of params")
    m_hat, v_hat, state = state(grads, *betas)
    params = tree_map(
        lambda p, m, v: p - lr * m / (eps + np.sqrt(v)) - p * weight_decay * lr,
        params,
        m_hat,
        v_hat,
    )
    return params, state
