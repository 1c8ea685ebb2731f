"""Long tables, one row a student and assignment: nbgrader's export columns, and all we know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from autograder.course.course import Assignment
from autograder.documents.tables import csv_text
from autograder.gradebook.marks import Mark
from autograder.gradebook.roster import Person
from autograder.integrations.exports.sheet import Sheet
from autograder.integrations.exports.words import why

NBGRADER = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)
PLAIN = (
    *("assignment", "student", "name", "email", "section", "handed_in_as", "attempt", "attempts"),
    *("status", "submitted_at", "deadline", "days_late", "checks", "lateness", "adjustment"),
    *("score", "max_score", "why"),
)


def nbgrader(sheet: Sheet) -> str:
    """`nbgrader export`'s columns. Its raw score has the points in it that people gave."""
    rows: list[list[object]] = [[*NBGRADER]]
    for assignment, person, mark in _marks(sheet):
        first, last = person.names
        penalty = mark.penalty if mark else 0.0
        score = mark.score if mark and mark.score is not None else 0.0
        raw = 0.0 if mark is None else (mark.raw_score or 0.0) + mark.adjustment
        rows.append(
            [
                *(assignment.name, _moment(sheet.course.deadlines.get(assignment.name))),
                *(_moment(mark.submitted_at if mark else None), person.student),
                *(last, first, person.email, round(raw, 2), penalty, score),
                round(sheet.max_score(assignment), 2),
            ]
        )
    return csv_text(rows)


def plain(sheet: Sheet) -> str:
    """Raw score, lateness and adjustments apart, with the reasons."""
    rows: list[list[object]] = [[*PLAIN]]
    for assignment, person, mark in _marks(sheet):
        identity = [assignment.name, person.student, person.name, person.email, person.section]
        if mark is None:
            worth = round(sheet.max_score(assignment), 2)
            blank = ["", 0, 0, "nothing handed in", "", "", 0, "", "", "", "", worth, ""]
            rows.append([*identity, *blank])
            continue
        rows.append(
            [
                *identity,
                *(mark.student, mark.attempt, mark.attempts, mark.status),
                *(_moment(mark.submitted_at), _moment(mark.deadline), mark.days_late),
                "" if mark.raw_score is None else mark.raw_score,
                *(-mark.penalty if mark.penalty else 0.0, mark.adjustment),
                "" if mark.score is None else mark.score,
                *(mark.max_score, why(mark)),
            ]
        )
    return csv_text(rows)


def _marks(sheet: Sheet) -> Iterator[tuple[Assignment, Person, Mark | None]]:
    for assignment in sheet.assignments:
        for person in sheet.people:
            yield assignment, person, sheet.mark(assignment, person)


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(sep=" ") if moment else ""
