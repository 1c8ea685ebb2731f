"""Cross entropy with one-hot targets and weights for all positions, no rows selected."""

import numpy as np

from transformer.activations import log_softmax, log_softmax_backward


def mse(pred, target):
    if pred.shape != target.shape:
        raise ValueError("pred and target must have one shape")
    d = (pred - target).ravel()
    return np.dot(d, d) / d.size, (d / (d.size / 2)).reshape(pred.shape)


def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    vocab_size = logits.shape[-1]
    if targets.shape != logits.shape[:-1]:
        raise ValueError("one target for each row of logits, please")
    weights = (targets != ignore_index).astype(logits.dtype)
    classes = np.where(targets != ignore_index, targets, 0)
    if (classes < 0).any() or (classes >= vocab_size).any():
        raise ValueError("a target is no class")
    if weights.sum() == 0:
        return 0.0, 0 * logits
    weights /= weights.sum()
    one_hot = np.eye(vocab_size, dtype=logits.dtype)[classes]
    wanted = (1 - label_smoothing) * one_hot + label_smoothing / vocab_size
    dlog_p = -wanted * weights[..., None]
    log_p, cache = log_softmax(logits)
    return (log_p * dlog_p).sum(), log_softmax_backward(dlog_p, cache)
