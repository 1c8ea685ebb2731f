"""What attention.py of this alternative builds on."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Kept:
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    weights: np.ndarray


def turned(x):
    return np.swapaxes(x, -1, -2)


def scale_of(q):
    return 1.0 / float(np.sqrt(q.shape[-1]))


def scaled_scores(q, k):
    return (q @ turned(k)) * scale_of(q)


def masked_softmax(scores, mask):
    if mask is None:
        mask = True
    hidden = np.ma.array(scores, mask=np.broadcast_to(np.logical_not(mask), scores.shape))
    peak = hidden.max(axis=-1, keepdims=True).filled(0)
    exps = np.exp(hidden - peak).filled(0).astype(scores.dtype)
    total = exps.sum(axis=-1, keepdims=True)
    total[total == 0] = 1
    return exps / total


def scores_gradient(dy, kept):
    dweights = dy @ turned(kept.v)
    y = kept.weights @ kept.v
    return kept.weights * (dweights - (dy * y).sum(axis=-1, keepdims=True))


def project(source, params, name):
    return source @ params[f"w_{name}"] + params[f"b_{name}"]


def project_backward(gradients, inputs, params):
    grads, back = {}, {}
    for name, gradient in gradients.items():
        rows = gradient.reshape(-1, gradient.shape[-1])
        grads[f"w_{name}"] = inputs[name].reshape(len(rows), -1).T @ rows
        grads[f"b_{name}"] = rows.sum(axis=0)
        back[name] = gradient @ params[f"w_{name}"].T
    return grads, back
