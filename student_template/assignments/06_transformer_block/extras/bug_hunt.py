"""Five bugs to find by their symptoms: see road_from_the_original.md beside this file.

    python assignments/06_transformer_block/extras/bug_hunt.py

runs your gradient checker on five forward and backward pairs. Every forward is right, and every
backward has one bug. Experiment first, read the backward last. x: (T, D), one sequence.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from transformer.gradient_check import check_gradients


def mix(scores, v):
    """Means of the values v (S, D), by the softmax of scores (T, S)."""
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights = weights / weights.sum(-1, keepdims=True)
    return weights @ v, (weights, v)


def mix_backward(dy, cache):
    weights, v = cache
    dweights = dy @ v.T
    dscores = weights * (dweights - (weights * dweights).sum(-1, keepdims=True))
    return dscores, weights @ dy


def shifted(x, table):
    """Add to every position its row of a table (T, D)."""
    return x + table, (x.shape, table.shape)


def shifted_backward(dy, cache):
    return dy, dy / cache[1][0]


def gated_residual(x, w):
    """x plus tanh(x w): a sublayer around which x goes on unchanged."""
    hidden = np.tanh(x @ w)
    return x + hidden, (x, w, hidden)


def gated_residual_backward(dy, cache):
    x, w, hidden = cache
    dhidden = dy * (1 - hidden * hidden)
    return dhidden @ w.T, x.T @ dhidden


def two_layers(x, w1, w2):
    """tanh after both layers, the last one too."""
    hidden = np.tanh(x @ w1)
    y = np.tanh(hidden @ w2)
    return y, (x, w1, w2, hidden, y)


def two_layers_backward(dy, cache):
    x, w1, w2, hidden, _ = cache
    dhidden = (dy @ w2.T) * (1 - hidden * hidden)
    return dhidden @ w1.T, x.T @ dhidden, hidden.T @ dy


def scaled(x, gamma):
    """Every feature times its own gamma (D,)."""
    return gamma * x, (x, gamma)


def scaled_backward(dy, cache):
    x, gamma = cache
    return dy * gamma, (dy * x).sum(0) + 0.1 * gamma


def cases(t=5):
    """Name -> forward, backward, arguments; mix has as many keys as queries."""
    rng = np.random.default_rng(6)
    d, hidden = 3, 4

    def draw(*shape):
        return rng.normal(0, 0.7, shape)

    return {
        "mix": (mix, mix_backward, [draw(t, t), draw(t, d)]),
        "shifted": (shifted, shifted_backward, [draw(t, d), draw(t, d)]),
        "gated_residual": (gated_residual, gated_residual_backward, [draw(t, d), draw(d, d)]),
        "two_layers": (
            two_layers,
            two_layers_backward,
            [draw(t, d), draw(d, hidden), draw(hidden, d)],
        ),
        "scaled": (scaled, scaled_backward, [draw(t, d), draw(d)]),
    }


if __name__ == "__main__":
    for name, (forward, backward, arguments) in cases().items():
        print(name)
        print(check_gradients(forward, backward, arguments), end="\n\n")
