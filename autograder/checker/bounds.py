"""Values that are compared in another way than by the check's tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Within:
    """A value with a relative tolerance of its own."""

    value: Any
    rtol: float


@dataclass(frozen=True)
class Bound:
    """A number that must reach a bound (from above if `least`, else from below)."""

    value: Any
    bound: float
    least: bool


def within(value: Any, rtol: float) -> Within:
    """A value that is compared with relative tolerance `rtol` (statistics of random draws)."""
    return Within(value, rtol)


def at_least(value: Any, bound: float) -> Bound:
    """A number that must be `bound` or more."""
    return Bound(value, bound, least=True)


def at_most(value: Any, bound: float) -> Bound:
    """A number that must be `bound` or less."""
    return Bound(value, bound, least=False)
