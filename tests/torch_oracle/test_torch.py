"""The reference against PyTorch, forward and every gradient, to 1e-10 in float64."""

import os

import numpy as np
import pytest

from tests.torch_oracle import oracles

TOLERANCE = 1e-10


def largest_error(ours, theirs):
    """The largest difference relative to max|theirs| + 1, over all named arrays."""
    assert ours.keys() == theirs.keys()
    worst = 0.0
    for name, expected in theirs.items():
        got = np.asarray(ours[name])
        assert got.shape == expected.shape, name
        scale = np.max(np.abs(expected), initial=0.0) + 1
        worst = max(worst, float(np.max(np.abs(got - expected), initial=0.0) / scale))
    return worst


@pytest.mark.parametrize("name", oracles.NAMES)
def test_recorded(name):
    oracle = oracles.load(name)
    with np.load(oracles.RECORDED / f"{name}.npz") as recorded:
        theirs = dict(recorded)
    assert largest_error(oracle.ours(oracle.inputs()), theirs) < TOLERANCE


@pytest.mark.parametrize("name", oracles.NAMES)
def test_live(name, record_property):
    if os.environ.get("REQUIRE_TORCH") != "1":
        torch = pytest.importorskip("torch", reason="torch is not installed (see .ci/run)")
    else:
        import torch
    oracle = oracles.load(name)
    inputs = oracle.inputs()
    error = largest_error(oracle.ours(inputs), oracle.theirs(torch, inputs))
    record_property("largest_error", error)
    print(f"{name}: largest error against PyTorch {error:.1e}")
    assert error < TOLERANCE
