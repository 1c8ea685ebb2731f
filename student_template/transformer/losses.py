"""Losses. Each returns (loss, dpred): a Python float, and its gradient by the first argument.

A loss is where the backward pass begins (its own upstream gradient is 1), so it needs no cache.
"""

import numpy as np

from transformer.activations import log_softmax


def mse(pred, target):
    """Mean of (pred - target)² over all elements (UDL 5.3).

    pred, target: one shape   ->   loss: float, dpred: like pred
    """
    _check_same_shape(pred, target)
    raise NotImplementedError("mse is not written yet: see handout section 1.10")


def mae(pred, target):
    """Mean of |pred - target| over all elements. The derivative of |0| is taken as 0.

    pred, target: one shape   ->   loss: float, dpred: like pred
    """
    _check_same_shape(pred, target)
    difference = pred - target
    return float(np.abs(difference).mean()), np.sign(difference) / difference.size


def cross_entropy(logits, targets, ignore_index=-1, label_smoothing=0.0):
    """Mean of -log softmax(logits)[target] over the counted positions (UDL 5.5).

    logits: (…, V)   targets: (…) integers   ->   loss: float, dlogits: (…, V)
    A position whose target is ignore_index is not counted: it adds nothing to the loss, to the
    number that the mean divides by, or to the gradient. If none is counted: 0.0 and zeros.
    label_smoothing = ε moves ε of the target's probability to all V classes, evenly: the target
    class should get 1 - ε + ε/V, every other ε/V (Szegedy et al. 2016, sec. 7).
    """
    _check_cross_entropy(logits, targets, ignore_index, label_smoothing)
    raise NotImplementedError("cross_entropy is not written yet: see handout section 1.11")


def _check_same_shape(pred, target):
    if pred.shape != target.shape:
        raise ValueError(
            f"pred has shape {pred.shape} and target {target.shape}: they must be the same"
        )


def _check_cross_entropy(logits, targets, ignore_index, label_smoothing):
    if logits.ndim == 0 or targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"targets has shape {targets.shape}; for logits of shape {logits.shape} "
            f"it must be {logits.shape[:-1]}, one class number for each row"
        )
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"targets must be integers (class numbers), not {targets.dtype}")
    vocab_size = logits.shape[-1]
    outside = (targets != ignore_index) & ((targets < 0) | (targets >= vocab_size))
    if outside.any():
        raise ValueError(
            f"targets of shape {targets.shape} holds {targets[outside][0]}; a class number must be "
            f"from 0 to {vocab_size - 1}, or {ignore_index} for a position that is not counted"
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is {label_smoothing}; it must be from 0 to 1")
