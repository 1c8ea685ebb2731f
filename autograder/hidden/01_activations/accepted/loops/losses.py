"""Losses position by position, in Python numbers."""

import math

import numpy as np


def mse(pred, target):
    if pred.shape != target.shape:
        raise ValueError(f"pred {pred.shape} and target {target.shape} must have one shape")
    loss, dpred = 0.0, np.zeros_like(pred)
    for place in np.ndindex(pred.shape):
        difference = float(pred[place]) - float(target[place])
        loss += difference**2 / pred.size
        dpred[place] = 2 * difference / pred.size
    return loss, dpred


def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    if logits.shape[:-1] != targets.shape:
        raise ValueError(f"targets {targets.shape} don't go with logits {logits.shape}")
    vocab_size = logits.shape[-1]
    places = [place for place in np.ndindex(targets.shape) if targets[place] != ignore_index]
    if any(not 0 <= targets[place] < vocab_size for place in places):
        raise ValueError(f"targets must be from 0 to {vocab_size - 1}")
    loss, dlogits = 0.0, np.zeros_like(logits)
    for place in places:
        row = [float(value) for value in logits[place]]
        top = max(row)
        log_sum = top + math.log(sum(math.exp(value - top) for value in row))
        for k, value in enumerate(row):
            wanted = label_smoothing / vocab_size
            if k == targets[place]:
                wanted += 1 - label_smoothing
            loss -= wanted * (value - log_sum) / len(places)
            dlogits[(*place, k)] = (math.exp(value - log_sum) - wanted) / len(places)
    return loss, dlogits
