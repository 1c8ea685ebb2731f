"""What the course's page says: its assignments side by side, its students, who needs help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course.course import Course
from autograder.gradebook.marks import Mark
from autograder.gradebook.roster import Person
from autograder.report.pages.assignment import Summary
from autograder.report.pages.charts import Chart, box_rows, percent
from autograder.report.pages.rows import FEW, share_of
from autograder.report.words import points

RECENT = 2
LOW = 0.5


@dataclass(frozen=True)
class Standing:
    """A student's line: a mark or None for each assignment."""

    person: Person
    link: str
    marks: Sequence[Mark | None]
    help: str
    """Why this student may need help; "" where nothing says so."""

    @property
    def total(self) -> float:
        return sum(mark.score or 0.0 for mark in self.marks if mark)


@dataclass(frozen=True)
class Overview:
    """All that the course's page shows."""

    title: str
    summaries: Sequence[Summary]
    chart: Chart | None
    students: Sequence[Standing]
    needing: Sequence[Standing]
    section_names: Sequence[str]
    anonymous: bool


def overlook(
    course: Course,
    summaries: Sequence[Summary],
    people: Sequence[Person],
    marks: Mapping[str, Sequence[Mark | None]],
    links: Mapping[str, str],
    *,
    anonymous: bool = False,
) -> Overview:
    """The course at a glance; `marks` and `links` are by student, marks in the summaries' order."""
    numbers = [one.number for one in summaries]
    students = [
        Standing(
            one,
            links.get(one.student, ""),
            marks[one.student],
            in_need(numbers, marks[one.student]),
        )
        for one in people
    ]
    sections = sorted({one.section or "no section" for one in people})
    return Overview(
        course.title,
        summaries,
        _side_by_side(summaries, anonymous),
        () if anonymous else students,
        () if anonymous else [one for one in students if one.help],
        sections if len(sections) > 1 else (),
        anonymous,
    )


def in_need(numbers: Sequence[str], marks: Sequence[Mark | None]) -> str:
    """What the last assignments say: not handed in, or less than half in each of them."""
    recent = list(zip(numbers, marks, strict=True))[-RECENT:]
    missing = [number for number, mark in recent if mark is None or mark.attempt == 0]
    if missing:
        return f"nothing handed in for {' and '.join(missing)}"
    shares = [
        share_of(mark.score, mark.max_score)
        for _, mark in recent
        if mark and mark.score is not None
    ]
    if len(shares) == RECENT and max(shares) < LOW:
        return " and ".join(
            f"{points(mark.score or 0.0)} of {mark.max_score:g} in {number}"
            for number, mark in recent
            if mark
        )
    return ""


def _side_by_side(summaries: Sequence[Summary], anonymous: bool) -> Chart | None:
    least = FEW if anonymous else 1
    rows = [
        (f"{one.number} {one.title}", one.spread)
        for one in summaries
        if one.spread and one.spread.count >= least
    ]
    if not rows:
        return None
    told = ", ".join(f"{name[:2]} {percent(one.median)}" for name, one in rows)
    chart = box_rows("Scores by assignment", f"Medians: {told}.", rows, ends=not anonymous)
    chart.caption = "A box holds the middle half of the students, with the median in it."
    if not anonymous:
        chart.caption += " The thin line goes from the lowest to the highest."
    return chart
