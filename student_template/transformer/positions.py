"""Where a token stands: sinusoids that are added, and rotations of queries and keys.

Vaswani et al. 2017, section 3.5; Su et al. 2021 (RoFormer), section 3.2; UDL 12.3.1. Both
turn features in pairs: the pair i at position m by the angle m / base^(2i / D). (Learned positions
are a table like the embedding's, with a row for each position.)
"""

import numpy as np


def sinusoidal_positions(t, d_model, offset=0, dtype=np.float64):
    """Sines in the even columns, cosines in the odd ones (Vaswani et al. 2017, section 3.5).

    The rows are the positions offset ... offset + t - 1; the first position of all is 0. For an
    odd d_model the last sine goes without its cosine.   ->   (t, d_model)
    """
    raise NotImplementedError("sinusoidal_positions is not written yet: see handout section 7.8")


def rotary(x, offset=0, base=10000.0):
    """Turn the features 2i and 2i + 1 of each position by its angle i (Su et al. 2021, 3.2.2).

    x: (B, H, T, d), queries or keys; the T positions start at offset   ->   y: like x, cache
    The product of a turned query and a turned key depends on the distance of the two alone.

    Raises ValueError for other than four axes, and for an odd d.
    """
    if x.ndim != 4 or x.shape[-1] % 2:
        raise ValueError(f"x has shape {x.shape}, expected (B, H, T, d) with an even d")
    raise NotImplementedError("rotary is not written yet: see handout section 7.9")


def rotary_backward(dy, cache):
    """dy: (B, H, T, d)   ->   dx: (B, H, T, d), turned back by the same angles"""
    raise NotImplementedError("rotary_backward is not written yet: see handout section 7.10")
