"""Softmax and log-softmax gradients by Jacobians of all lines at once, contracted by einsum."""

import numpy as np


def softmax_backward(dy, cache):
    y, axis = cache
    p, d = np.moveaxis(y, axis, -1), np.moveaxis(dy, axis, -1)
    jacobians = np.einsum("...i,ij->...ij", p, np.eye(p.shape[-1], dtype=p.dtype))
    jacobians = jacobians - np.einsum("...i,...j->...ij", p, p)
    return np.moveaxis(np.einsum("...i,...ij->...j", d, jacobians), -1, axis)


def log_softmax_backward(dy, cache):
    y, axis = cache
    p, d = np.exp(np.moveaxis(y, axis, -1)), np.moveaxis(dy, axis, -1)
    jacobians = np.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :]
    return np.moveaxis(np.einsum("...i,...ij->...j", d, jacobians), -1, axis)
