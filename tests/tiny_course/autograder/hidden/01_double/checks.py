"""Hidden checks of doubling."""

import numpy as np

from autograder.checker import check


@check(of="double")
def test_a_table(impl, draw):
    """Every number of a table"""
    y, _ = impl.double(draw.normal(3, 4))
    return {"y": y}


@check(of="double", kind="dtype")
def test_single_precision(impl, draw):
    """float32 stays float32"""
    y, _ = impl.double(draw.normal(5, dtype=np.float32))
    return {"y": y}


@check(of="double_backward", weight=2)
def test_gradient_of_a_table(impl, draw):
    """The gradient of a table"""
    x, dy = draw.normal(3, 4), draw.normal(3, 4)
    _, cache = impl.double(x)
    return {"dx": impl.double_backward(dy, cache)}


@check(of="double_backward", kind="edge")
def test_no_upstream_gradient(impl, draw):
    """No gradient where none comes in"""
    _, cache = impl.double(draw.normal(2))
    return {"dx": impl.double_backward(np.zeros(2), cache)}
