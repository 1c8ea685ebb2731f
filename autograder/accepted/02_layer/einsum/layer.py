"""Every sum written out as an einsum; the leading axes are flattened for dw alone."""

import numpy as np


def linear(x, w, b):
    if x.shape[-1] != w.shape[0] or b.shape != w.shape[1:]:
        raise ValueError(f"x {x.shape}, w {w.shape} and b {b.shape} do not go together")
    return np.einsum("...i,ij->...j", x, w) + b, (x, w)


def linear_backward(dy, cache):
    x, w = cache
    dx = np.einsum("...j,ij->...i", dy, w)
    dw = np.einsum("ni,nj->ij", x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1]))
    db = np.einsum("...j->j", dy)
    return dx, dw, db
