"""What no catalogue holds gets no name: random faults, thousands of them on request.

EXPLAIN_FAULTS=5000 python -m pytest tests/explain/test_false_names.py
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from autograder.checker.implementation import LocalImplementation
from tests.explained.measure import streams

FAULTS = int(os.environ.get("EXPLAIN_FAULTS", "27"))
NUMBERS = [f"0{k}" for k in range(1, 10)]
QUIET = ("cost", "learning")


def bent(value: Any, chosen: int, how: np.random.RandomState, seen: list[int]) -> Any:
    """A result with one of its floating-point arrays bent as nobody would by a slip."""
    if isinstance(value, dict):
        return {key: bent(item, chosen, how, seen) for key, item in value.items()}
    if isinstance(value, list):
        return [bent(item, chosen, how, seen) for item in value]
    if isinstance(value, tuple):
        return tuple(bent(item, chosen, how, seen) for item in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 3:
        seen.append(1)
        if len(seen) - 1 == chosen:
            wave = 0.07 * np.sin(how.uniform(1, 3) * np.arange(value.size) + how.uniform(0, 6))
            return (value * (1 + wave.reshape(value.shape)) + 0.01 * np.cos(value)).astype(
                value.dtype
            )
    return value


@pytest.mark.parametrize("fault", range(FAULTS))
def test_a_random_fault_is_not_named(fault: int) -> None:
    number = NUMBERS[fault % len(NUMBERS)]
    known = streams(number)
    how = np.random.RandomState(fault)
    names = sorted({check.of for check in known.checks if check.kind not in QUIET})
    name = names[how.randint(len(names))]
    chosen = how.randint(4)
    right = known.reference.namespace[name]

    def wrong(*args: Any, **kwargs: Any) -> Any:
        result = right(*args, **kwargs)
        shape = np.random.RandomState(fault + 1)
        function = known.reference.contract.functions[name]
        if type(result) is tuple and "opaque" in function.returns:
            parts = zip(result, function.returns, strict=True)
            return tuple(
                part if role == "opaque" else bent(part, chosen, shape, []) for part, role in parts
            )
        return bent(result, chosen, shape, [])

    namespace = {**known.reference.namespace, name: wrong}
    checks = [c for c in known.checks if c.of == name and c.kind not in QUIET]
    found = known[fault % 2].run(LocalImplementation(known.reference.contract, namespace), checks)
    said = [f.diagnosis for f in found.values() if not f.passed and f.diagnosis]
    assert not [one.text for one in said if one.id is not None]
