"""The course's policy, as `assignments/course.toml` says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder.errors import UsageProblem

Disclosure = Literal["full", "cause", "none"]
Counts = Literal["latest", "best", "last_on_time"]


@dataclass(frozen=True)
class Feedback:
    """What a student sees of a hidden check: values too, the cause without values, or neither."""

    disclosure: Disclosure = "cause"


@dataclass(frozen=True)
class Attempts:
    """Which of a student's attempts counts."""

    counts: Counts = "latest"


@dataclass(frozen=True)
class Late:
    """What a late submission loses."""

    grace_minutes: float = 0.0
    per_day_percent: float = 0.0
    cap_percent: float = 100.0


@dataclass(frozen=True)
class CourseTable:
    """`course.toml` as it is written; `course.Course` is what comes of it."""

    id: str
    title: str
    package: str
    ai_policy: str = ""
    given_files: tuple[str, ...] = ()
    feedback: Feedback = Feedback()
    attempts: Attempts = Attempts()
    late: Late = Late()
    deadlines: Mapping[str, object] = field(default_factory=dict)


def read_deadlines(table: Mapping[str, object], source: object) -> dict[str, datetime]:
    """Deadlines by assignment; a time without an offset is in the table's `time_zone`."""
    name = str(table.get("time_zone", "UTC"))
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageProblem(
            f'{source}: "deadlines.time_zone" is {name!r}, which is no known time zone; '
            'write one such as "Europe/London".'
        ) from error
    deadlines = {}
    for assignment, moment in table.items():
        if assignment == "time_zone":
            continue
        if not isinstance(moment, datetime):
            raise UsageProblem(
                f'{source}: "deadlines.{assignment}" should be a date and time such as '
                f"2027-01-18T23:59:00, found {moment!r}."
            )
        deadlines[assignment] = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return deadlines


@dataclass(frozen=True)
class Standing:
    """An attempt in short: what grades are made of."""

    student: str
    members: tuple[str, ...]
    attempt: int
    status: str
    score: float | None
    max_score: float
    submitted_at: datetime | None = None


def choose(attempts: list[Standing], counts: Counts, deadline: datetime | None) -> Standing:
    """The attempt that counts, of one student's in order. Refused uploads yield to graded ones.

    "last_on_time": where nothing came in time, the latest. An upload whose time is not known is
    taken to be in time.
    """
    graded = [one for one in attempts if one.status == "graded"] or attempts
    if counts == "best":
        return max(reversed(graded), key=lambda one: one.score or 0.0)
    if counts == "last_on_time" and deadline is not None:
        in_time = [
            one for one in graded if one.submitted_at is None or one.submitted_at <= deadline
        ]
        return (in_time or graded)[-1]
    return graded[-1]
