"""Plain statistics of scores: quartiles, bins, how two lists go together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 10  # below so many, a correlation says nothing


@dataclass(frozen=True)
class Spread:
    """How some numbers lie: their quartiles and ends."""

    count: int
    lowest: float
    lower: float
    median: float
    upper: float
    highest: float
    mean: float


def spread(values: Sequence[float]) -> Spread | None:
    """The spread of values, None of none. Quartiles lie between values where they must."""
    if not values:
        return None
    ordered = sorted(values)
    return Spread(
        len(ordered),
        ordered[0],
        _quantile(ordered, 0.25),
        _quantile(ordered, 0.5),
        _quantile(ordered, 0.75),
        ordered[-1],
        math.fsum(ordered) / len(ordered),
    )


def _quantile(ordered: Sequence[float], part: float) -> float:
    place = part * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def bins(values: Sequence[float], most: float, count: int = 10) -> list[tuple[float, float, int]]:
    """How many values lie in each of `count` equal parts of 0 to `most`: low end, high end, number.

    A value on a border counts in the upper part, and full marks in the last; what people added
    beyond full marks too.
    """
    found = [0] * count
    for value in values:
        found[max(0, min(count - 1, math.floor(value / most * count + 1e-9)))] += 1
    width = most / count
    return [(k * width, (k + 1) * width, number) for k, number in enumerate(found)]


def joined(parts: Sequence[tuple[float, float, int]], least: int) -> list[tuple[float, float, int]]:
    """Neighbouring bins joined until each holds at least `least`; [] where all do not."""
    found: list[tuple[float, float, int]] = []
    for low, high, number in parts:
        if found and found[-1][2] < least:
            before = found.pop()
            low, number = before[0], before[2] + number
        found.append((low, high, number))
    if len(found) > 1 and found[-1][2] < least:
        low, _, fewer = found[-2]
        found[-2:] = [(low, found[-1][1], fewer + found[-1][2])]
    return found if found and found[-1][2] >= least else []


def together(one: Sequence[float], other: Sequence[float]) -> float | None:
    """The correlation of two lists; None where one of them is constant, or there are few."""
    if len(one) < ENOUGH:
        return None
    try:
        return statistics.correlation(one, other)
    except statistics.StatisticsError:
        return None
