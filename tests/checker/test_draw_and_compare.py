"""Inputs are the same for ever; tolerances are what the design says."""

import numpy as np
import pytest

from autograder.checker import at_least, at_most, within
from autograder.checker.compare import Expected, Rules
from autograder.checker.draw import Draw, _tape

RECORDED = {
    "normal": [-0.2880859375, 0.828125, 0.4384765625],
    "uniform": [-0.2822265625, 0.169921875],
    "integers": [18, 57, 67, 34],
    "permutation": [2, 0, 3, 4, 1],
    "generator": 654313297,
}


def test_a_seed_means_the_same_for_ever():
    draw = Draw(2026)
    assert draw.normal(3).tolist() == RECORDED["normal"]
    assert draw.uniform(-1, 1, 2).tolist() == RECORDED["uniform"]
    assert draw.integers(0, 100, 4).tolist() == RECORDED["integers"]
    assert draw.permutation(5).tolist() == RECORDED["permutation"]
    assert draw.generator().seed == RECORDED["generator"]


def test_reals_are_on_a_grid_and_never_zero():
    values = Draw(1).normal(200, 50, scale=0.01)
    assert (values * 1024 == np.rint(values * 1024)).all()
    assert (values != 0).all()


def test_every_bit_of_the_seed_counts():
    assert Draw(1).normal(4).tolist() != Draw(1 + (1 << 250)).normal(4).tolist()


@pytest.mark.parametrize(
    ("got", "same"),
    [(1.0 + 1e-9, True), (1.0 + 3e-9, False), (np.float64(1), True), (1, True), (True, False)],
)
def test_numbers(got, same):
    assert Expected({"loss": 1.0}, Rules()).matches({"loss": got}) is same


def test_the_allowed_difference_grows_with_the_largest_value():
    expected = np.array([1e6, 0.0])
    assert Expected({"y": expected}, Rules()).matches({"y": expected + 5e-4})
    assert not Expected({"y": expected}, Rules()).matches({"y": expected + 5e-3})


def test_what_vanishes_is_judged_against_the_scale():
    expected = np.array([1e-17, 0.0])
    assert Expected({"db": expected}, Rules()).matches({"db": expected + 1e-12})
    assert not Expected({"db": expected}, Rules(scale=0.0)).matches({"db": expected + 1e-12})


def test_bounds_and_wider_tolerances():
    assert Expected({"std": within(1.0, 0.1)}, Rules()).matches({"std": within(1.05, 0.1)})
    assert not Expected({"std": within(1.0, 0.1)}, Rules()).matches({"std": within(1.2, 0.1)})
    assert Expected({"acc": at_least(1.0, 0.9)}, Rules()).matches({"acc": at_least(0.91, 0.9)})
    assert not Expected({"acc": at_least(1.0, 0.9)}, Rules()).matches({"acc": at_least(0.8, 0.9)})
    assert not Expected({"loss": at_most(0.1, 0.5)}, Rules()).matches({"loss": at_most(0.6, 0.5)})
    assert not Expected({"a": at_least(1.0, 0.9)}, Rules()).matches({"a": at_least(np.nan, 0.9)})


def test_nested_results_are_compared_by_key():
    grads = {"w": np.ones(2), "layers": [{"b": np.zeros(3)}]}
    expected = Expected({"grads": grads}, Rules())
    assert expected.matches({"grads": {"w": np.ones(2), "layers": [{"b": np.zeros(3)}]}})
    missing = {"grads": {"layers": [{"b": np.zeros(3)}]}}
    assert "has no 'w'" in next(expected.differences(missing)).text
    wrong = {"grads": {"w": np.ones(2), "layers": [{"b": np.ones(3)}]}}
    assert next(expected.differences(wrong)).name == "grads[layers][0][b]"


def test_nan_and_masks_never_match():
    expected = Expected({"y": np.zeros(3)}, Rules())
    assert not expected.matches({"y": np.full(3, np.nan)})
    assert not expected.matches({"y": np.ma.masked_all(3)})


def test_what_was_drawn_before_does_not_depend_on_who_drew():
    def draw_all(wide):
        draw = Draw(20261123)
        values = [draw.normal(2, 3), draw.integers(0, 9, 4), draw.generator().seed]
        values += [draw.normal(7)] if wide else [draw.uniform(0, 1, 2), draw.permutation(5)]
        return [*values, draw.normal(3), draw.integer(0, 1000), draw.normal(2)]

    first, other, again = draw_all(wide=False), draw_all(wide=True), draw_all(wide=False)
    assert all(map(np.array_equal, first, again))
    assert all(map(np.array_equal, first[:3], other))
    first[0][:] = 0
    assert not np.array_equal(draw_all(wide=False)[0], first[0])
    _tape.cache_clear()
    assert all(map(np.array_equal, draw_all(wide=True), other))
    assert all(map(np.array_equal, draw_all(wide=False), again))
