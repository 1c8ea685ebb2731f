"""What a page says about one assignment: a pure function of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course.course import Assignment, Course
from autograder.report.pages.charts import (
    Bar,
    Chart,
    Mark,
    box_rows,
    columns,
    percent,
    side_by_side,
)
from autograder.report.pages.checks import Item, checks_of, functions_of
from autograder.report.pages.measures import Spread, bins, joined, spread
from autograder.report.pages.rows import FEW, Row, by_section, large_enough, scored, share_of
from autograder.report.pages.slips import Slip, slips_of, worth_ten_minutes
from autograder.report.pages.times import hand_ins
from autograder.report.words import points


@dataclass(frozen=True)
class Attempts:
    """What further attempts gained, of those who made several."""

    count: int
    first: float
    counted: float
    chart: Chart | None


@dataclass(frozen=True)
class Summary:
    """What the course's page says of an assignment."""

    name: str
    number: str
    title: str
    most: float
    rows: int
    graded: int
    refused: int
    faults: int
    late: int
    several: int
    """Those with more than one attempt."""
    spread: Spread | None
    """Of the marks, as parts of the whole."""


@dataclass(frozen=True)
class Look:
    """All that the page of an assignment shows."""

    summary: Summary
    deadline: str
    rows: Sequence[Row]
    faults: Sequence[Row]
    refused: Sequence[Row]
    scores: Chart | None
    times: Chart | None
    attempts: Attempts | None
    functions: Sequence[Item]
    checks: Sequence[Item]
    slips: Sequence[Slip]
    rare: int
    """Slips that too few made to be shown."""
    in_class: Sequence[Slip]
    sections: Chart | None
    notes: Sequence[Row]
    note_kinds: Mapping[str, int]
    section_names: Sequence[str]
    anonymous: bool


def look_at(
    course: Course, assignment: Assignment, rows: Sequence[Row], *, anonymous: bool = False
) -> Look:
    """Everything about an assignment. Anonymous: nobody by name, no group smaller than five."""
    least = FEW if anonymous else 1
    counted = scored(rows)
    summary = summarise(assignment, rows)
    results = [row.result for row in counted if row.result]
    slips = slips_of(counted)
    frequent = [slip for slip in slips if slip.count >= least]
    kinds = Counter(
        kind for row in rows if row.result for kind in {note.kind for note in row.result.review}
    )
    deadline = course.deadlines.get(assignment.name)
    return Look(
        summary=summary,
        deadline=f"{deadline.astimezone(course.zone):%Y-%m-%d %H:%M}" if deadline else "",
        rows=rows,
        faults=[row for row in rows if row.mark.status == "grader_error"],
        refused=[row for row in rows if row.mark.status == "refused"],
        scores=_scores(counted, summary, least),
        times=hand_ins(rows, deadline, course.zone, least),
        attempts=_attempts(counted, least),
        functions=functions_of(results) if len(results) >= least else (),
        checks=checks_of(results) if len(results) >= least else (),
        slips=frequent,
        rare=len(slips) - len(frequent),
        in_class=worth_ten_minutes(frequent, least),
        sections=_sections(counted, least, anonymous),
        notes=[row for row in rows if row.result and row.result.review],
        note_kinds={kind: count for kind, count in kinds.most_common() if count >= least},
        section_names=list(by_section(rows)),
        anonymous=anonymous,
    )


def summarise(assignment: Assignment, rows: Sequence[Row]) -> Summary:
    """An assignment in a line."""
    counted = scored(rows)
    return Summary(
        assignment.name,
        assignment.number,
        assignment.title,
        max((row.mark.max_score for row in rows), default=assignment.max_points),
        sum(row.mark.attempt > 0 for row in rows),
        len(counted),
        sum(row.mark.status == "refused" for row in rows),
        sum(row.mark.status == "grader_error" for row in rows),
        sum(row.mark.days_late > 0 for row in rows),
        sum(row.mark.attempts > 1 for row in rows),
        spread([row.share for row in counted]),
    )


def _scores(rows: Sequence[Row], summary: Summary, least: int) -> Chart | None:
    found = summary.spread
    if found is None or found.count < least:
        return None
    most = summary.most
    parts = bins([row.share * most for row in rows], most)
    bars = [
        Bar(low, high, count, f"{points(low)} to {points(high)} points")
        for low, high, count in parts
    ]
    ticks = [(low, f"{low:.4g}") for low, _, _ in parts] + [(most, f"{most:.4g}")]
    if least > 1:
        parts = joined(parts, least)
        bars, ticks = side_by_side(
            [
                (f"{low:.4g}–{high:.4g}", f"{points(low)} to {points(high)} points", count, "bar")
                for low, high, count in parts
            ]
        )
    quarters = (found.lower * most, found.median * most, found.upper * most)
    words = (
        f"Of {found.count} students, half have {points(quarters[1])} of {most:g} points or more. "
        f"A quarter has {points(quarters[0])} or less, a quarter {points(quarters[2])} or more"
    )
    if least == 1:
        words += f". The lowest has {points(found.lowest * most)}, "
        words += f"the highest {points(found.highest * most)}"
    marks = [
        Mark(quarters[0], "", "quartile"),
        Mark(quarters[1], "median", "median"),
        Mark(quarters[2], "", "quartile"),
    ]
    return columns(
        "Students by score", f"{words}.", bars, ticks, marks if least == 1 else (), axis="points"
    )


def _attempts(rows: Sequence[Row], least: int) -> Attempts | None:
    several = [row for row in rows if row.mark.attempts > 1 and row.first]
    if len(several) < max(1, least):
        return None
    first = [share_of(row.first.score, row.first.max_score) for row in several if row.first]
    counted = [share_of(row.mark.raw_score, row.mark.max_score) for row in several]
    one, other = spread(first), spread(counted)
    if one is None or other is None:
        return None
    words = (
        f"{len(several)} students handed in several times. Their first attempt had "
        f"{percent(one.mean)} on average, the one that counts {percent(other.mean)} "
        "(lateness and adjustments left out)."
    )
    rows_of = [("first attempt", one), ("counted attempt", other)]
    chart = box_rows("What further attempts gained", words, rows_of, ends=least == 1)
    return Attempts(len(several), one.mean, other.mean, chart)


def _sections(rows: Sequence[Row], least: int, anonymous: bool) -> Chart | None:
    groups = by_section(rows)
    if anonymous:
        groups = large_enough(groups, least)
    found = [
        (name, one)
        for name, members in groups.items()
        if (one := spread([row.share for row in members])) is not None
    ]
    if not found:
        return None
    told = ", ".join(f"{name} {percent(one.median)}" for name, one in found[:12])
    words = f"Medians by section: {told}."
    return box_rows("Sections side by side", words, found, ends=least == 1)
