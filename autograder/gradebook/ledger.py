"""What people decided about deadlines and points: `extensions.csv` and `adjustments.csv`.

Both lie beside the gradebook. The kit only ever adds lines to them; the last extension of a student
for an assignment holds, and all adjustments add up.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.course.course import Course
from autograder.documents.results import Adjustment
from autograder.documents.tables import Row, append_row, read_rows
from autograder.errors import UsageProblem

EXTENSIONS = "extensions.csv"
ADJUSTMENTS = "adjustments.csv"
EXTENSION_COLUMNS = ("student", "assignment", "deadline", "who", "when", "why")
ADJUSTMENT_COLUMNS = ("student", "assignment", "points", "who", "when", "why")
MOMENT = "2027-01-18T23:59"


@dataclass(frozen=True)
class Extension:
    """A later deadline for one student."""

    student: str
    assignment: str
    deadline: datetime
    why: str


@dataclass(frozen=True)
class Ledger:
    """Both files as they are now; a missing file is an empty one."""

    extensions: tuple[Extension, ...] = ()
    adjustments: tuple[tuple[str, str, Adjustment], ...] = ()
    """Student, assignment and the points."""

    @classmethod
    def load(cls, folder: Path, course: Course) -> Ledger:
        """Read the files in a folder. UsageProblem names the line that makes no sense."""
        return cls(
            tuple(
                Extension(
                    row["student"],
                    _assignment(row, course),
                    read_moment(row["deadline"], course, row.place),
                    row["why"],
                )
                for row in _rows(folder / EXTENSIONS, EXTENSION_COLUMNS)
            ),
            tuple(
                (
                    row["student"],
                    _assignment(row, course),
                    Adjustment(
                        "manual",
                        read_points(row["points"], row.place),
                        row["why"],
                        row["who"],
                        read_moment(row["when"], course, row.place) if row["when"] else None,
                    ),
                )
                for row in _rows(folder / ADJUSTMENTS, ADJUSTMENT_COLUMNS)
            ),
        )

    def extension(self, names: Collection[str], assignment: str) -> Extension | None:
        """The extension that holds: the last line about a student, or any member of a group."""
        wanted = {name.casefold() for name in names}
        found = [
            one
            for one in self.extensions
            if one.assignment == assignment and one.student.casefold() in wanted
        ]
        return found[-1] if found else None

    def adjusted(self, student: str, assignment: str) -> tuple[Adjustment, ...]:
        """All points that people gave or took."""
        wanted = (student.casefold(), assignment)
        return tuple(
            what for who, where, what in self.adjustments if (who.casefold(), where) == wanted
        )

    @property
    def names(self) -> Iterable[str]:
        """Everybody whom the files name."""
        extended = (one.student for one in self.extensions)
        return dict.fromkeys((*extended, *(who for who, _, _ in self.adjustments)))

    def students(self, assignment: str) -> Iterable[str]:
        """Those with adjustments of an assignment, as they are written there."""
        return dict.fromkeys(who for who, where, _ in self.adjustments if where == assignment)


def add_extension(folder: Path, course: Course, extension: Extension, who: str) -> None:
    """Add a line to extensions.csv."""
    values = {
        "student": extension.student,
        "assignment": extension.assignment,
        "deadline": extension.deadline.isoformat(),
        "who": who,
        "when": now(course),
        "why": extension.why,
    }
    append_row(folder / EXTENSIONS, values)


def add_adjustment(
    folder: Path,
    course: Course,
    student: str,
    assignment: str,
    points: float,
    *,
    who: str,
    why: str,
    when: str | None = None,
) -> None:
    """Add a line to adjustments.csv. `when` is now unless a moment is given."""
    values = adjustment_row(student, assignment, points, who, when or now(course), why)
    append_row(folder / ADJUSTMENTS, values)


def adjustment_row(
    student: str, assignment: str, points: float, who: str, when: str, why: str
) -> dict[str, str]:
    """A line of adjustments.csv, by column."""
    cells = (student, assignment, f"{points:g}", who, when, why)
    return dict(zip(ADJUSTMENT_COLUMNS, cells, strict=True))


def read_moment(text: str, course: Course, place: str) -> datetime:
    """A date and time; without an offset it is in the course's time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageProblem(
            f"{place}: {text!r} is no date and time; write one such as {MOMENT}."
        ) from error
    if len(text) <= 10:
        raise UsageProblem(f"{place}: {text!r} has no time of day; write one such as {text}T23:59.")
    return moment if moment.tzinfo else moment.replace(tzinfo=course.zone)


def read_points(text: str, place: str) -> float:
    """Points, with a sign or without."""
    try:
        value = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageProblem(
            f"{place}: {text!r} is no number of points; write one such as 2.5 or -1."
        )
    return value


def now(course: Course) -> str:
    """This moment, in the course's time zone, as the files have it."""
    return datetime.now(UTC).astimezone(course.zone).isoformat(timespec="seconds")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterable[Row]:
    return read_rows(path, columns[:3], columns[3:]) if path.is_file() else ()


def _assignment(row: Row, course: Course) -> str:
    try:
        return course.assignment(row["assignment"]).name
    except UsageProblem as problem:
        raise UsageProblem(f"{row.place}: {problem}") from problem
