"""When a class handed in, against the deadline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from autograder.report.pages.charts import Bar, Chart, Mark, Tick, columns, side_by_side
from autograder.report.pages.measures import joined
from autograder.report.pages.rows import Row

WIDTHS = (1, 3, 6, 12, 24, 48, 168, 336, 672, 8064)  # of a bar, in hours
MOST_BARS = 40


def hand_ins(
    rows: Sequence[Row], deadline: datetime | None, zone: tzinfo, least: int = 1
) -> Chart | None:
    """Columns of hand-ins over time; None where no times are known, or too few to show."""
    moments = [row.mark.submitted_at for row in rows if row.mark.submitted_at]
    if not moments:
        return None
    origin = deadline or max(moments)
    hours = [(moment - origin) / timedelta(hours=1) for moment in moments]
    first, last = min(hours), max(hours)
    width = next((w for w in WIDTHS if (last - first) / w < MOST_BARS), WIDTHS[-1])
    parts = _parts(hours, width)
    late = sum(hour > 0 for hour in hours) if deadline else 0
    words = f"{len(moments)} hand-ins"
    if deadline and (late >= least or not late):
        words += f"; {late} after the deadline" if late else "; none after the deadline"
    if least > 1:
        bars, ticks, border = _few_joined(parts, least, origin, deadline, zone)
    else:
        bars = [
            Bar(low, high, count, _when(origin, low, high, zone), _kind(low, deadline))
            for low, high, count in parts
        ]
        low, high = parts[0][0], parts[-1][1]
        ticks = [(at, _tick(at, origin, deadline, zone)) for at in _ticks(low, high)]
        border = 0.0 if deadline else None
    if not bars:
        return None
    return columns(
        "Hand-ins before and after the deadline" if deadline else "Hand-ins over time",
        words + ".",
        bars,
        ticks,
        [Mark(border, "deadline", "deadline")] if border is not None else [],
        ("when", "hand-ins"),
        "days before and after the deadline" if deadline else "",
    )


def _few_joined(
    parts: Sequence[tuple[float, float, int]],
    least: int,
    origin: datetime,
    deadline: datetime | None,
    zone: tzinfo,
) -> tuple[list[Bar], list[Tick], float | None]:
    """Bars that each hold enough, and where the deadline lies between them.

    Those before and after it are joined apart, if there are enough of both.
    """
    before = joined([part for part in parts if _kind(part[0], deadline) == "bar"], least)
    after = joined([part for part in parts if _kind(part[0], deadline) == "late"], least)
    found = [*before, *after]
    border = float(len(before)) if before and after else None
    if sum(count for *_, count in found) < sum(count for *_, count in parts):
        found, border = joined(parts, least), None
    bars, ticks = side_by_side(
        [
            (
                f"{_tick(low, origin, deadline, zone)} to {_tick(high, origin, deadline, zone)}",
                _when(origin, low, high, zone),
                count,
                _kind(low, deadline),
            )
            for low, high, count in found
        ]
    )
    return bars, ticks, border


def _kind(low: float, deadline: datetime | None) -> str:
    return "late" if deadline is not None and low >= 0 else "bar"


def _tick(at: float, origin: datetime, deadline: datetime | None, zone: tzinfo) -> str:
    if deadline is None:
        return f"{(origin + timedelta(hours=at)).astimezone(zone):%d %b}"
    return f"{at / 24:+.3g}".replace("-", "−") if at else "0"


def _parts(hours: Sequence[float], width: int) -> list[tuple[float, float, int]]:
    """Bars of one width with a border at the deadline; to be on time to the second is on time."""
    places = [math.ceil(hour / width) - 1 for hour in hours]
    first, last = min(places), max(places)
    counts = [0] * (last - first + 1)
    for place in places:
        counts[place - first] += 1
    return [
        (float((first + k) * width), float((first + k + 1) * width), count)
        for k, count in enumerate(counts)
    ]


def _when(origin: datetime, low: float, high: float, zone: tzinfo) -> str:
    start = (origin + timedelta(hours=low)).astimezone(zone)
    end = (origin + timedelta(hours=high)).astimezone(zone)
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"


def _ticks(low: float, high: float) -> list[float]:
    """Full days (or a multiple) between the ends, about eight of them."""
    step = next(d for d in (6, 12, 24, 48, 168, 336, 672, 8064, 80640) if (high - low) / d <= 9)
    first = math.ceil(low / step)
    return [float(k * step) for k in range(first, math.floor(high / step) + 1)]
