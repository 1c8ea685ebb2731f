"""What grading again has changed: whose mark, by how much, and in which checks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from autograder.documents.results import CheckResult, Result
from autograder.gradebook.marks import Books


@dataclass(frozen=True)
class CheckChange:
    """One check that ended otherwise. A verdict of None: the check was not there."""

    name: str
    function: str
    title: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Change:
    """One attempt that was graded again."""

    student: str
    attempt: int
    before: float
    after: float
    max_before: float
    max_after: float
    checks: tuple[CheckChange, ...]

    @property
    def of_the_mark(self) -> bool:
        return (self.before, self.max_before) != (self.after, self.max_after)


@dataclass(frozen=True)
class Regraded:
    """The last regrading of an assignment."""

    assignment: str
    changes: tuple[Change, ...]
    assignment_changed: bool
    left_behind: tuple[tuple[str, int], ...] = ()
    """Students and attempts that count, but were graded by an earlier state of the assignment."""

    @property
    def marks(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.of_the_mark)


def regraded(books: Books, assignment: str, handed_in: Collection[tuple[str, str]]) -> Regraded:
    """What became of these uploads (student and digest) when they were last graded again."""
    pairs = [
        (before, after)
        for before, after in books.gradebook.regradings(assignment)
        if (after.student, after.submission.digest) in handed_in
    ]
    digests = {after.assignment_digest for _, after in pairs}
    return Regraded(
        assignment,
        tuple(_change(books.settle(before), books.settle(after)) for before, after in pairs),
        any(before.assignment_digest != after.assignment_digest for before, after in pairs),
        _left_behind(books, assignment, digests) if digests else (),
    )


def _left_behind(
    books: Books, assignment: str, digests: Collection[str]
) -> tuple[tuple[str, int], ...]:
    counted = {mark.student: mark.attempt for mark in books.marks().get(assignment, {}).values()}
    return tuple(
        (result.student, result.attempt)
        for result in books.gradebook.attempts(assignment)
        if counted.get(result.student) == result.attempt
        and result.status == "graded"
        and result.assignment_digest not in digests
    )


def _change(before: Result, after: Result) -> Change:
    old = {check.name: check for check in before.checks}
    new = {check.name: check for check in after.checks}
    names = dict.fromkeys([*new, *old])
    found = (_check_change(old.get(name), new.get(name)) for name in names)
    return Change(
        after.student,
        after.attempt,
        before.score or 0.0,
        after.score or 0.0,
        before.max_score,
        after.max_score,
        tuple(change for change in found if change is not None),
    )


def _check_change(before: CheckResult | None, after: CheckResult | None) -> CheckChange | None:
    there = after or before
    if there is None or (before and after and before.verdict == after.verdict):
        return None
    return CheckChange(
        there.name,
        there.function,
        there.title,
        before.verdict if before else None,
        after.verdict if after else None,
    )
