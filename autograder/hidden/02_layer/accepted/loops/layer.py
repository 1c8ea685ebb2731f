"""Row by row, with loops over rows and output features."""

import numpy as np


def linear(x, w, b):
    if x.shape[-1] != w.shape[0] or b.shape != w.shape[1:]:
        raise ValueError(f"x {x.shape}, w {w.shape} and b {b.shape} do not go together")
    y = np.empty((*x.shape[:-1], w.shape[1]), np.result_type(x, w, b))
    for place in np.ndindex(x.shape[:-1]):
        for j in range(w.shape[1]):
            y[(*place, j)] = np.dot(x[place], w[:, j]) + b[j]
    return y, (x, w, b)


def linear_backward(dy, cache):
    x, w, b = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for place in np.ndindex(x.shape[:-1]):
        for j in range(w.shape[1]):
            upstream = dy[(*place, j)]
            dx[place] += upstream * w[:, j]
            dw[:, j] += upstream * x[place]
            db[j] += upstream
    return dx, dw, db
