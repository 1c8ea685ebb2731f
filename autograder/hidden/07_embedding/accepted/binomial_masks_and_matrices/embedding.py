"""The mask comes from rng.binomial, and backward draws it again from the state that it kept: one
small state instead of an array as large as x. Evaluation is a mask of the number 1."""

import copy


def _mask(shape, p, rng, dtype):
    return (rng.binomial(1, 1 - p, shape) / (1 - p)).astype(dtype)


def dropout(x, p, rng):
    if p < 0 or p >= 1:
        raise ValueError(f"p must be in [0, 1), not {p}")
    if rng is None:
        return x * 1, None
    before = copy.deepcopy(rng)
    return x * _mask(x.shape, p, rng, x.dtype), (before, p)


def dropout_backward(dy, cache):
    if cache is None:
        return 1 * dy
    before, p = cache
    return dy * _mask(dy.shape, p, copy.deepcopy(before), dy.dtype)
