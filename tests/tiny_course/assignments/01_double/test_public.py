"""Public checks of doubling."""

from autograder.checker import check


@check(of="double")
def test_a_row(impl, draw):
    """Every number of a row"""
    y, _ = impl.double(draw.normal(3))
    return {"y": y}
