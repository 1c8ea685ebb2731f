"""Marks: what the checks gave, what lateness took, what people added, each apart from the others.

Nothing of this is stored. It follows from the gradebook's attempts, the course's policy and the
two files of the ledger, so a changed deadline or a new extension changes marks at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.course.course import Assignment, Course
from autograder.course.policy import Standing, choose
from autograder.documents.results import Adjustment, Result
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.ledger import Ledger


@dataclass(frozen=True)
class Mark:
    """A student's mark in one assignment. `attempt` 0: nothing was handed in."""

    student: str
    members: tuple[str, ...]
    assignment: str
    attempt: int
    attempts: int
    status: str
    raw_score: float | None
    score: float | None
    max_score: float
    adjustments: tuple[Adjustment, ...] = ()
    days_late: int = 0
    submitted_at: datetime | None = None
    deadline: datetime | None = None

    @property
    def penalty(self) -> float:
        """Points that lateness took."""
        return round(-sum(one.points for one in self.adjustments if one.kind == "late"), 2) + 0.0

    @property
    def adjustment(self) -> float:
        """Points that people gave or took."""
        return round(sum(one.points for one in self.adjustments if one.kind == "manual"), 2) + 0.0


@dataclass
class Books:
    """The gradebook under the course's policy and the ledger."""

    course: Course
    gradebook: Gradebook
    ledger: Ledger
    _used: dict[str, dict[str, int]] = field(default_factory=dict)
    """Free late days used before an assignment, by assignment and student."""

    def marks(self) -> dict[str, dict[str, Mark]]:
        """By assignment and student, in the course's order. Late days are used up in that order."""
        used: dict[str, int] = {}
        found: dict[str, dict[str, Mark]] = {}
        graded = set(self.gradebook.assignments())
        for assignment in self.course.assignments:
            self._used[assignment.name] = dict(used)
            standings = (
                self.gradebook.standings(assignment.name) if assignment.name in graded else {}
            )
            marks = {
                student: self._mark(assignment, attempts, used.get(student, 0))
                for student, attempts in standings.items()
            }
            for student, mark in marks.items():
                used[student] = used.get(student, 0) + mark.days_late
            marks |= self._without_attempt(assignment, marks)
            if marks:
                found[assignment.name] = dict(sorted(marks.items()))
        return found

    def settle(self, result: Result) -> Result:
        """A result with lateness and adjustments in its score; those it had are worked out anew."""
        if result.assignment not in self._used:
            self.marks()
        used = self._used.get(result.assignment, {}).get(result.student, 0)
        result = replace(result, counted_attempt=self._other_attempt(result, used))
        if result.raw_score is None:
            return replace(result, adjustments=(), score=None)
        handed = result.submission.submitted_at
        names = (result.student, *result.members)
        late, _ = self._lateness(
            result.assignment, names, handed, result.raw_score, result.max_score, used
        )
        return settled(result, (*late, *self.ledger.adjusted(result.student, result.assignment)))

    def _other_attempt(self, result: Result, used: int) -> int:
        """The attempt that counts, if it is not this one; else 0."""
        attempts = self.gradebook.standings(result.assignment, result.student).get(
            result.student, []
        )
        if len(attempts) < 2:
            return 0
        counted = self._mark(self.course.assignment(result.assignment), attempts, used).attempt
        return 0 if counted == result.attempt else counted

    def strangers(self, known: Collection[str]) -> list[str]:
        """Names in the ledger that are neither known nor in the gradebook: slips, most likely."""
        found = {name.casefold() for name in known}
        for assignment in self.gradebook.assignments():
            for student, attempts in self.gradebook.standings(assignment).items():
                found |= {name.casefold() for name in (student, *attempts[-1].members)}
        return [name for name in self.ledger.names if name.casefold() not in found]

    def _deadline(self, assignment: str, names: Collection[str]) -> datetime | None:
        """The course's deadline, or the student's own."""
        extension = self.ledger.extension(names, assignment)
        return extension.deadline if extension else self.course.deadlines.get(assignment)

    def _mark(self, assignment: Assignment, attempts: Sequence[Standing], used: int) -> Mark:
        name, student = assignment.name, attempts[0].student
        names = (student, *attempts[-1].members)
        deadline = self._deadline(name, names)

        def lateness(one: Standing) -> tuple[tuple[Adjustment, ...], int]:
            return self._lateness(
                name, names, one.submitted_at, one.score or 0.0, one.max_score, used
            )

        chosen = choose(
            attempts,
            self.course.attempts.counts,
            in_time=lambda one: not self.course.late.days(one.submitted_at, deadline),
            worth=lambda one: (one.score or 0.0) + sum(a.points for a in lateness(one)[0]),
        )
        late, days = lateness(chosen) if chosen.score is not None else ((), 0)
        adjustments = (*late, *self.ledger.adjusted(student, name))
        return Mark(
            student=student,
            members=chosen.members,
            assignment=name,
            attempt=chosen.attempt,
            attempts=len(attempts),
            status=chosen.status,
            raw_score=chosen.score,
            score=None if chosen.score is None else total(chosen.score, adjustments),
            max_score=chosen.max_score,
            adjustments=adjustments,
            days_late=days,
            submitted_at=chosen.submitted_at,
            deadline=deadline,
        )

    def _without_attempt(
        self, assignment: Assignment, marks: Mapping[str, Mark]
    ) -> dict[str, Mark]:
        """Students who have points from people alone, such as those of a written task."""
        known = {student.casefold() for student in marks}
        found = {}
        for student in self.ledger.students(assignment.name):
            if student.casefold() not in known:
                adjustments = self.ledger.adjusted(student, assignment.name)
                found[student] = Mark(
                    student=student,
                    members=(student,),
                    assignment=assignment.name,
                    attempt=0,
                    attempts=0,
                    status="nothing handed in",
                    raw_score=None,
                    score=total(0.0, adjustments),
                    max_score=assignment.max_points,
                    adjustments=adjustments,
                    deadline=self._deadline(assignment.name, (student,)),
                )
        return found

    def _lateness(
        self,
        assignment: str,
        names: Collection[str],
        submitted_at: datetime | None,
        raw_score: float,
        max_score: float,
        used: int,
    ) -> tuple[tuple[Adjustment, ...], int]:
        """What lateness costs, in words too, and the days late."""
        late = self.course.late
        days = late.days(submitted_at, self._deadline(assignment, names))
        if not days:
            return self._thanks_to_an_extension(assignment, names, submitted_at), 0
        free = min(days, max(0, late.free_days - used))
        points = min(late.penalty(days - free, max_score), raw_score)
        reason = f"{_days(days)} late"
        if free:
            reason += f", {free} of them free" if free < days else ", free"
            reason += f": {used + free} of {_days(late.free_days)} used"
        if points:
            reason += f"; {late.per_day_percent:g} % of the points a day"
        return (Adjustment("late", -points if points else 0.0, reason),), days

    def _thanks_to_an_extension(
        self, assignment: str, names: Collection[str], submitted_at: datetime | None
    ) -> tuple[Adjustment, ...]:
        extension = self.ledger.extension(names, assignment)
        if extension is None or not self.course.late.days(
            submitted_at, self.course.deadlines.get(assignment)
        ):
            return ()
        moment = extension.deadline.astimezone(self.course.zone)
        return (Adjustment("late", 0.0, f"in time: extended to {moment:%Y-%m-%d %H:%M}"),)


def settled(result: Result, adjustments: tuple[Adjustment, ...]) -> Result:
    """A result with these adjustments in its score."""
    score = None if result.raw_score is None else total(result.raw_score, adjustments)
    return replace(result, adjustments=adjustments, score=score)


def total(raw_score: float, adjustments: Sequence[Adjustment]) -> float:
    """What remains; never below 0."""
    return max(0.0, round(raw_score + sum(one.points for one in adjustments), 2))


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"
