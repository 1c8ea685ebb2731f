"""Twice as much."""


def halve(x):
    """Half of x (given, as a worked example)."""
    return x / 2


def double(x):
    """Twice x. Returns (y, cache)."""
    return x + x, None


def double_backward(dy, cache):
    """The gradient by x."""
    return dy + dy
