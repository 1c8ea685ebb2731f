"""Sums of rows."""

from arithmetic.double import double


def total(x):
    """The sum of each row."""
    return x.sum(-1)


def average(x):
    """The mean of each row."""
    return total(x) / x.shape[-1]


def double_total(x):
    """The sum of each row of 2x."""
    return total(double(x)[0])
