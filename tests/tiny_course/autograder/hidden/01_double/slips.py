"""Known slips in doubling."""

from autograder.checker import misconception


@misconception(of="double", see="handout.md#what-doubling-is")
def squares(x):
    """Doubling adds x to itself; this multiplies x by itself."""
    return x * x


@misconception(of="double_backward", see="handout.md#what-its-gradient-is")
def passes_one_copy(dy, x):
    """The gradient came through one of the two copies of x only."""
    return dy
