"""Grades what nbgrader hands over, in this process, with one jail for all students of a run."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.course.course import AssignedFunction, Course
from autograder.documents.results import CheckResult, Result
from autograder.errors import GraderFault
from autograder.grading.grader import Settings, expected_of
from autograder.grading.judges import assignment_digest
from autograder.grading.workers import OneProcess
from autograder.report.words import explain_once, points, visible
from autograder.uploads.archives import Refused
from autograder.uploads.sources import safe_id
from autograder.uploads.submission import Source, read_submission, unread

REFUSED = "Your files could not be graded: {reason}."


@dataclass(frozen=True)
class CellGrade:
    """What goes on one graded cell."""

    points: float
    most: float
    text: str


class Desk:
    """Keeps the jail of the last assignment open; a changed assignment gets a new one."""

    def __init__(self) -> None:
        self._key: tuple[str, ...] = ()
        self._process: OneProcess | None = None

    def grade(self, root: Path, name: str, student: str, folder: Path, isolation: str) -> Result:
        """The result of the files in a folder. GraderFault where the grader itself failed."""
        course = Course.find(root)
        assignment = course.assignment(name)
        key = (str(root), name, isolation, assignment_digest(course, assignment))
        if self._process is None or key != self._key:
            self.close()
            process = OneProcess(course, assignment, Settings(isolation=isolation or None))
            self._process, self._key = process.__enter__(), key
        source = Source(safe_id(student), (folder,))
        try:
            submission = read_submission(source, expected_of(course, assignment))
        except Refused as refusal:
            empty = unread(source, str(refusal))
            return self._process.conditions.refused(empty, str(refusal))
        ((_, result),) = self._process.run(iter([submission]))
        if result.status == "grader_error":
            raise GraderFault(
                f"{name}, {student}: the grader itself failed ({result.reason.strip()}). No score "
                "was written; the same command tries it again."
            )
        return result

    def close(self) -> None:
        """End the jail's processes."""
        process, self._process = self._process, None
        if process is not None:
            process.__exit__(None, None, None)


DESK = Desk()
atexit.register(DESK.close)


def cell_grades(root: Path, result: Result) -> Mapping[str, CellGrade]:
    """Points and words for the cell of each function."""
    course = Course.find(root)
    assignment = course.assignment(result.assignment)
    return {
        function.name: _cell_grade(function, result, course.feedback.disclosure)
        for function in assignment.functions
    }


def _cell_grade(function: AssignedFunction, result: Result, disclosure: str) -> CellGrade:
    if result.status == "refused":
        return CellGrade(0.0, function.points, REFUSED.format(reason=visible(result.reason)))
    checks = result.of(function.name)
    got = points_of(function, checks)
    lines = [f"{function.name}: {points(got)} of {function.points:g} points"]
    texts = explain_once(checks, lambda _: disclosure)
    for check in checks:
        lines += [f"{'✓' if check.passed else '✗'} {visible(check.title)}"]
        if not check.passed:
            lines += visible(texts[check.name]).splitlines()
    return CellGrade(got, function.points, "\n".join(lines))


def points_of(function: AssignedFunction, checks: tuple[CheckResult, ...]) -> float:
    """A function's points: never a rounding error above what it is worth."""
    if checks and all(check.passed for check in checks):
        return function.points
    return min(round(sum(check.points for check in checks), 6), function.points)
