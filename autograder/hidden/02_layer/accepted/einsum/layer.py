"""Every sum written out as an einsum, over rows that are flattened in the backward only."""

import numpy as np


def linear(x, w, b):
    if x.shape[-1] != w.shape[0] or b.shape != w.shape[1:]:
        raise ValueError(f"x {x.shape}, w {w.shape} and b {b.shape} do not go together")
    return np.einsum("...i,ij->...j", x, w) + b, (x, w)


def linear_backward(dy, cache):
    x, w = cache
    rows, drows = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    dx = np.einsum("...j,ij->...i", dy, w)
    return dx, np.einsum("ni,nj->ij", rows, drows), np.einsum("nj->j", drows)
