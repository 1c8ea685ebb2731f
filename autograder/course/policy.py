"""The course's policy, as `assignments/course.toml` says it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from autograder.documents.schema import nearest
from autograder.errors import UsageProblem

MOST_STREAMS = 64
DEADLINES, RELEASE, ZONE = "deadlines", "release", "time_zone"  # tables of times, and a key
Disclosure = Literal["full", "cause", "none"]
Counts = Literal["latest", "best", "last_on_time"]


@dataclass(frozen=True)
class Feedback:
    """What a student sees of a hidden check: values too, the cause without values, or neither."""

    disclosure: Disclosure = "cause"
    streams: int = 8
    """How many sets of hidden inputs there are; what is handed in decides which one it meets."""

    def check(self, source: object) -> None:
        """UsageProblem where a value makes no sense."""
        if not 1 <= self.streams <= MOST_STREAMS:
            raise UsageProblem(
                f'{source}: "feedback.streams" should be from 1 to {MOST_STREAMS}, '
                f"found {self.streams}."
            )


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
    free_days: int = 0
    """Days that each student may be late over the whole course without losing points."""

    def days(self, submitted_at: datetime | None, deadline: datetime | None) -> int:
        """Days begun after the deadline. Within the grace, or at a time not known: none."""
        if submitted_at is None or deadline is None:
            return 0
        late = submitted_at - deadline
        if late <= timedelta(minutes=self.grace_minutes):
            return 0
        return max(1, math.ceil(late / timedelta(days=1)))

    def penalty(self, days: int, max_score: float) -> float:
        """Points for that many days that are not free, before it is compared with the score."""
        percent = min(self.cap_percent, days * self.per_day_percent)
        return round(max_score * percent / 100, 2)

    def check(self, source: object) -> None:
        """UsageProblem where a value makes no sense."""
        for name in ("grace_minutes", "per_day_percent", "cap_percent", "free_days"):
            value = getattr(self, name)
            most = 100.0 if name.endswith("percent") else math.inf
            if not 0 <= value <= most:
                limit = "from 0 to 100" if most < math.inf else "0 or more"
                raise UsageProblem(f'{source}: "late.{name}" should be {limit}, found {value:g}.')


@dataclass(frozen=True)
class CourseTable:
    """`course.toml` as it is written; `course.Course` is what comes of it."""

    id: str
    title: str
    package: str
    ai_policy: str = ""
    given_files: tuple[str, ...] = ()
    assignments: tuple[str, ...] = ()  # those that this course has; all, where none is named
    feedback: Feedback = Feedback()
    attempts: Attempts = Attempts()
    late: Late = Late()
    deadlines: Mapping[str, object] = field(default_factory=dict)
    release: Mapping[str, object] = field(default_factory=dict)


def read_zone(table: Mapping[str, object], source: object) -> tzinfo:
    """The time zone of all times of the course, `time_zone` in the table of deadlines."""
    name = str(table.get(ZONE, "UTC"))
    if name == "UTC":
        return UTC  # needs no data, which slim systems have not got
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones  # 3 ms

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = f'{source}: "deadlines.time_zone" is {name!r}, '
        if not available_timezones():
            problem += "and this machine knows no time zone but UTC: pip install tzdata"
        else:
            problem += 'which is no known time zone; write one such as "Europe/London".'
        raise UsageProblem(problem) from error


def read_moments(
    title: str,
    table: Mapping[str, object],
    zone: tzinfo,
    names: Sequence[str],
    source: object,
) -> dict[str, datetime]:
    """A table's times by assignment; a time without an offset is in the course's time zone."""
    moments = {}
    for assignment, moment in table.items():
        if assignment == ZONE and title == DEADLINES:
            continue
        if assignment not in names:
            raise UsageProblem(
                f'{source}: "{title}.{assignment}" names no assignment{nearest(assignment, names)}.'
            )
        if not isinstance(moment, datetime):
            raise UsageProblem(
                f'{source}: "{title}.{assignment}" should be a date and time such as '
                f"2027-01-18T23:59:00, found {moment!r}."
            )
        moments[assignment] = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return moments


@dataclass(frozen=True)
class Standing:
    """An attempt in short: what grades are made of."""

    student: str
    members: tuple[str, ...]
    attempt: int
    status: str
    score: float | None
    """Of the checks alone: neither lateness nor adjustments are in it."""
    max_score: float
    submitted_at: datetime | None = None


def choose(
    attempts: Sequence[Standing],
    counts: Counts,
    in_time: Callable[[Standing], bool],
    worth: Callable[[Standing], float],
) -> Standing:
    """The attempt that counts, of one student's in order. Refused uploads yield to graded ones.

    "best" goes by what an attempt is worth after lateness, and of equals takes the latest;
    "last_on_time" takes the latest of all where none came in time.
    """
    graded = [one for one in attempts if one.status == "graded"] or list(attempts)
    if counts == "best":
        return max(reversed(graded), key=worth)
    if counts == "last_on_time":
        return ([one for one in graded if in_time(one)] or graded)[-1]
    return graded[-1]
