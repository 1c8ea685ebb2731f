"""Adam for one array, with both averages stacked along a new first axis."""

import math

import numpy as np


class AdamRule:
    """The numbers of one step, and what they do to an array."""

    def __init__(self, lr, beta1, beta2, eps, weight_decay):
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.eps, self.weight_decay = eps, weight_decay

    @staticmethod
    def nothing_seen(p):
        return np.zeros((2, *p.shape), p.dtype)

    def see(self, past, g):
        m = self.beta1 * past[0] + (1 - self.beta1) * g
        v = self.beta2 * past[1] + (1 - self.beta2) * g * g
        return np.stack([m, v])

    def apply(self, p, past, t):
        correction = math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        eps = self.eps * math.sqrt(1 - self.beta2**t)
        change = correction * past[0] / (np.sqrt(past[1]) + eps)
        return p - self.lr * (change + self.weight_decay * p)


def length(arrays):
    """The Euclidean norm of all numbers of some arrays."""
    return math.sqrt(math.fsum(float(np.sum(a * a)) for a in arrays))
