"""What is laid over the reference to measure a trick gives the reference's numbers."""

import numpy as np
import pytest

from tests.bench import block as bench
from tests.bench.block import as_changes, masked
from tests.bench.ledger import laid_over
from tests.bench.tricks import TRICKS
from transformer import adam, transformer_block
from transformer.tree import tree_leaves

SIZES = (2, 5, 8, 2)


def leaves(step, with_params):
    y, dx, grads, params = step
    return tree_leaves([y, dx, grads, *([params] if with_params else [])])


@pytest.mark.parametrize("title", TRICKS)
def test_the_step_is_the_same_without_the_trick(title):
    right, plain = masked(SIZES, "float64"), masked(SIZES, "float64")
    met = set()

    def counted(place, function):
        def called(*arguments, **named):
            met.add(place)
            return function(*arguments, **named)

        return called

    without = {place: counted(place, function) for place, function in TRICKS[title].items()}
    is_adam = title.startswith("Adam")  # which makes steps of rounding errors, where they are all
    for _ in range(3 if is_adam else 1):
        expected, found = right(), None
        with laid_over(as_changes(without)):
            found = plain()
        for one, other in zip(*map(leaves, (expected, found), (is_adam, is_adam)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert met == set(without)


def test_a_gain_is_what_the_step_takes_longer_without_the_trick(monkeypatch):
    clock = 0.0

    def taking(seconds, function):
        def called(*arguments, **named):
            nonlocal clock
            clock += seconds
            return function(*arguments, **named)

        return called

    block = transformer_block.transformer_block
    monkeypatch.setattr(transformer_block, "transformer_block", taking(1.0, block))
    monkeypatch.setattr(bench.time, "process_time", lambda: clock)
    for seconds, ratio in ((0.0, 1.0), (0.5, 1.5)):
        without = {"transformer.adam:adam_step": taking(seconds, adam.adam_step)}
        assert bench.gain(without, SIZES, "float64", 20.0) == ratio
