"""A CSV file with the columns that Gradescope's own download of grades has."""

from __future__ import annotations

from datetime import timedelta

from autograder.documents.tables import csv_text
from autograder.gradebook.marks import Mark
from autograder.integrations.exports.sheet import Sheet

IDENTITY = ("First Name", "Last Name", "SID", "Email", "Sections")


def gradescope(sheet: Sheet) -> str:
    """Score, most points, time and lateness of each assignment, then all lateness together."""
    header: list[object] = [*IDENTITY]
    for assignment in sheet.assignments:
        title = sheet.title(assignment)
        header += [title, f"{title} - Max Points", f"{title} - Submission Time"]
        header += [f"{title} - Lateness (H:M:S)"]
    rows = [[*header, "Total Lateness (H:M:S)"]]
    for person in sheet.people:
        identity = (person.sis_user_id or person.student, person.email, person.section)
        row: list[object] = [*person.names, *identity]
        together = timedelta()
        for assignment in sheet.assignments:
            mark = sheet.mark(assignment, person)
            late = _lateness(mark)
            together += late
            moment = mark.submitted_at if mark else None
            row += [
                "" if mark is None or mark.score is None else mark.score,
                round(sheet.max_score(assignment), 2),
                moment.strftime("%Y-%m-%d %H:%M:%S %z") if moment else "",
                _clock(late) if mark else "",
            ]
        rows.append([*row, _clock(together)])
    return csv_text(rows)


def _lateness(mark: Mark | None) -> timedelta:
    if mark is None or not mark.days_late or mark.submitted_at is None or mark.deadline is None:
        return timedelta()
    return mark.submitted_at - mark.deadline


def _clock(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
