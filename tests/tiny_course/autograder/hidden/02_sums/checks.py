"""Hidden checks of sums."""

from autograder.checker import check


@check(of="total")
def test_total_of_rows(impl, draw):
    """The sum of each row"""
    return {"y": impl.total(draw.normal(3, 4))}


@check(of="average")
def test_average_of_rows(impl, draw):
    """The mean of each row"""
    return {"y": impl.average(draw.normal(3, 4))}


@check(of="double_total")
def test_double_total_of_rows(impl, draw):
    """The sum of each doubled row"""
    return {"y": impl.double_total(draw.normal(3, 4))}
