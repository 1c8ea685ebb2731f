"""When a class handed in, against the deadline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from autograder.report.pages.charts import Bar, Chart, Mark, columns
from autograder.report.pages.measures import joined
from autograder.report.pages.rows import Row

WIDTHS = (1, 3, 6, 12, 24, 48, 168, 336, 672, 8064)  # of a bar, in hours
MOST_BARS = 40


def hand_ins(
    rows: Sequence[Row], deadline: datetime | None, zone: ZoneInfo, least: int = 1
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
    if least > 1:
        parts = joined(parts, least)
        if not parts:
            return None
    late = sum(hour > 0 for hour in hours) if deadline else 0
    bars = [
        Bar(
            low,
            high,
            count,
            _when(origin, low, high, zone),
            "late" if _late(low, deadline) else "bar",
        )
        for low, high, count in parts
    ]
    marks = [Mark(0.0, "deadline", "deadline")] if deadline else []
    words = f"{len(moments)} hand-ins"
    if deadline and (late >= least or not late):
        words += f"; {late} after the deadline" if late else "; none after the deadline"
    low, high = parts[0][0], parts[-1][1]
    ticks = [
        (at, f"{origin + timedelta(hours=at):%d %b}" if not deadline else _days(at))
        for at in _ticks(low, high)
    ]
    return columns(
        "Hand-ins before and after the deadline" if deadline else "Hand-ins over time",
        words + ".",
        bars,
        ticks,
        marks,
        ("when", "hand-ins"),
        "days before and after the deadline" if deadline else "",
    )


def _late(low: float, deadline: datetime | None) -> bool:
    return deadline is not None and low >= 0


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


def _when(origin: datetime, low: float, high: float, zone: ZoneInfo) -> str:
    start = (origin + timedelta(hours=low)).astimezone(zone)
    end = (origin + timedelta(hours=high)).astimezone(zone)
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"


def _ticks(low: float, high: float) -> list[float]:
    """Full days (or a multiple) between the ends, about eight of them."""
    step = next(d for d in (6, 12, 24, 48, 168, 336, 672, 8064, 80640) if (high - low) / d <= 9)
    first = math.ceil(low / step)
    return [float(k * step) for k in range(first, math.floor(high / step) + 1)]


def _days(hours: float) -> str:
    days = hours / 24
    return f"{days:+.3g}".replace("-", "−") if days else "0"
