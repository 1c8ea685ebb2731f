"""What tells much and what tells little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.checker.bounds import at_least, within
from autograder.checker.evidence import bits
from autograder.checker.runs import PAIR_BITS

LITTLE: tuple[Any, ...] = (
    True,
    3,
    0.0,
    "float64",
    within(0.3, 0.1),
    at_least(0.97, 0.9),
    np.zeros((40, 50)),
    np.full(60, np.nan),
    np.array([0, 1, 2, 3]),
    np.eye(3),
    [0.25, 0.5],  # its numbers are outputs of their own
    None,
)
MUCH: tuple[Any, ...] = (0.25, np.array([1.5]), np.arange(20), np.tri(9, dtype=bool))


@pytest.mark.parametrize("value", LITTLE, ids=str)
def test_little(value: Any) -> None:
    assert bits(value) < PAIR_BITS / 2


@pytest.mark.parametrize("value", MUCH, ids=str)
def test_much(value: Any) -> None:
    assert bits(value) >= PAIR_BITS
