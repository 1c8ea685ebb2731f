"""Charts as shapes on a plane, with what they show in words and their numbers as a table.

A template draws them; colours are names that the style sheet knows in light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograder.report.pages.measures import Spread

WIDTH = 640.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 12.0, 14.0, 40.0
ROW, STRIP = 46.0, 48.0  # high, with the name above: a phone has no room beside it
Tick = tuple[float, str]


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    kind: str = "bar"
    tip: str = ""


class Line(NamedTuple):
    x1: float
    y1: float
    x2: float
    y2: float
    kind: str = "axis"


class Text(NamedTuple):
    x: float
    y: float
    words: str
    anchor: str = "middle"


@dataclass
class Chart:
    """A picture: what it is, what it says, its shapes, its numbers."""

    title: str
    words: str
    height: float
    header: tuple[str, ...]
    numbers: list[tuple[str, ...]]
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    width: float = WIDTH
    kind: str = "rows"
    caption: str = ""
    """What stands above it, where that is not all of its words."""


@dataclass(frozen=True)
class Bar:
    """One column: where it begins and ends on the axis, how high it is."""

    low: float
    high: float
    count: int
    name: str
    kind: str = "bar"


@dataclass(frozen=True)
class Mark:
    """A line across the plane at a place on the axis, with its name."""

    at: float
    name: str
    kind: str = "mark"


def columns(
    title: str,
    words: str,
    bars: Sequence[Bar],
    ticks: Sequence[Tick],
    marks: Sequence[Mark] = (),
    header: tuple[str, str] = ("points", "students"),
    axis: str = "",
) -> Chart:
    """Columns over an axis, the highest fills the plane. As high as what they count, so they
    should be equally wide: see `side_by_side` for parts that are not.
    """
    height = 220.0
    chart = Chart(title, words, height, header, [], kind="columns")
    chart.numbers += [(bar.name, str(bar.count)) for bar in bars]
    low, high = bars[0].low, bars[-1].high
    most = max(1, *(bar.count for bar in bars))
    across = (WIDTH - LEFT - RIGHT) / ((high - low) or 1.0)
    floor = height - BOTTOM
    up = (floor - TOP - 12) / most

    def x(value: float) -> float:
        return LEFT + (value - low) * across

    for level in _levels(most):
        y = floor - level * up
        chart.lines.append(Line(LEFT, y, WIDTH - RIGHT, y, "grid"))
        chart.texts.append(Text(LEFT - 6, y + 4, str(level), "end"))
    for bar in bars:
        if bar.count:
            width = max(1.0, (bar.high - bar.low) * across - 2)
            tall = bar.count * up
            tip = f"{bar.name}: {bar.count}"
            chart.boxes.append(Box(x(bar.low) + 1, floor - tall, width, tall, bar.kind, tip))
    chart.lines.append(Line(LEFT, floor, WIDTH - RIGHT, floor))
    for mark in marks:
        if low <= mark.at <= high:
            at = x(mark.at)
            side = "end" if at > WIDTH * 0.8 else "start"
            chart.lines.append(Line(at, TOP, at, floor, mark.kind))
            chart.texts.append(Text(at + (4 if side == "start" else -4), TOP + 4, mark.name, side))
    chart.texts += [Text(x(at), floor + 16, name) for at, name in ticks if low <= at <= high]
    if axis:
        chart.texts.append(Text((LEFT + WIDTH - RIGHT) / 2, height - 6, axis))
    return chart


def side_by_side(parts: Sequence[tuple[str, str, int, str]]) -> tuple[list[Bar], list[Tick]]:
    """Parts of unequal width as equal columns, each with its range below: a short label, its name,
    its count, its kind."""
    bars = [
        Bar(float(k), k + 1.0, count, name, kind) for k, (_, name, count, kind) in enumerate(parts)
    ]
    return bars, [(k + 0.5, label) for k, (label, *_) in enumerate(parts)]


def box_rows(
    title: str, words: str, rows: Sequence[tuple[str, Spread]], *, ends: bool = True
) -> Chart:
    """A row each: a box from quartile to quartile, the median in it; in per cent of the points.

    ends: the whiskers to the lowest and the highest, who are single students.
    """
    start = 24.0
    height = TOP + ROW * len(rows) + BOTTOM - 8
    header = ("", "students", *(("lowest",) if ends else ()), "lower quartile", "median")
    header += ("upper quartile", *(("highest",) if ends else ()))
    chart = Chart(title, words, height, header, [])
    across = WIDTH - start - 2 * RIGHT - 12

    def x(part: float) -> float:
        return start + min(1.05, part) * across

    floor = TOP + ROW * len(rows)
    for tick in (0, 25, 50, 75, 100):
        chart.lines.append(Line(x(tick / 100), TOP, x(tick / 100), floor, "grid"))
        chart.texts.append(Text(x(tick / 100), floor + 16, f"{tick} %"))
    for number, (name, found) in enumerate(rows):
        middle = TOP + ROW * number + 30
        values: tuple[float, ...] = (found.lower, found.median, found.upper)
        if ends:
            chart.lines.append(Line(x(found.lowest), middle, x(found.highest), middle, "whisker"))
            values = (found.lowest, *values, found.highest)
        tip = f"{name}: median {percent(found.median)}"
        wide = max(3.0, x(found.upper) - x(found.lower))
        chart.boxes.append(Box(x(found.lower), middle - 8, wide, 16, "box", tip))
        at = x(found.median)
        chart.lines.append(Line(at, middle - 10, at, middle + 10, "median"))
        chart.texts.append(Text(start + 4, middle - 15, shortened(name, 60), "start"))
        chart.numbers.append((name, str(found.count), *map(percent, values)))
    return chart


def strips(
    title: str,
    words: str,
    rows: Sequence[tuple[str, Sequence[tuple[str, float, float]]]],
) -> Chart:
    """A row an assignment, a box a function, as wide as it is worth and filled by what it got."""
    from autograder.report.words import points

    height = TOP + STRIP * len(rows) + 4
    chart = Chart(title, words, height, ("assignment", "function", "points", "of"), [])
    for number, (name, functions) in enumerate(rows):
        y = TOP + STRIP * number + 18
        whole = sum(worth for _, _, worth in functions) or 1.0
        at, across = 2.0, (WIDTH - 2 - RIGHT) / whole
        chart.texts.append(Text(2.0, y - 5, shortened(name, 60), "start"))
        for function, got, worth in functions:
            wide = worth * across
            tip = f"{function}: {points(got)} of {worth:g}"
            chart.boxes.append(Box(at, y, max(1.0, wide - 2), 20, "room", tip))
            filled = max(0.0, min(1.0, got / worth if worth else 0.0))
            if filled:
                chart.boxes.append(Box(at, y, max(1.0, (wide - 2) * filled), 20, "bar", tip))
            at += wide
            chart.numbers.append((name, function, points(got), f"{worth:g}"))
    return chart


def percent(part: float) -> str:
    """`62 %`."""
    return f"{100 * part:.0f} %"


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _levels(most: int) -> list[int]:
    """Round numbers from 0 to `most`, five at the most."""
    step = next(
        step
        for power in range(12)
        for step in (10**power, 2 * 10**power, 5 * 10**power)
        if most / step <= 4
    )
    return list(range(0, most + 1, step))
