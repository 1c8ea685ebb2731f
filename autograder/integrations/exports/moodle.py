"""The CSV file that Moodle's gradebook imports: identity, then grade and feedback."""

from __future__ import annotations

import html

from autograder.documents.tables import csv_text
from autograder.integrations.exports.sheet import Sheet
from autograder.integrations.exports.words import comment

IDENTITY = ("First name", "Last name", "ID number", "Username", "Email address")


def moodle(sheet: Sheet) -> str:
    """People without any mark in these assignments have no line."""
    header: list[object] = [*IDENTITY]
    for assignment in sheet.assignments:
        header += [sheet.title(assignment), f"{sheet.title(assignment)} (feedback)"]
    rows = [header]
    disclosure = sheet.course.feedback.disclosure
    for person in sheet.people:
        cells: list[object] = []
        for assignment in sheet.assignments:
            mark = sheet.mark(assignment, person)
            if mark is None or mark.score is None:
                cells += ["", ""]
                continue
            result = sheet.results.get((assignment.name, mark.student))
            text = html.escape(comment(mark, result, disclosure), quote=False)
            cells += [mark.score, text]
        if any(cells):
            identity = (person.sis_user_id, person.sis_login_id, person.email)
            rows.append([*person.names, *identity, *cells])
    return csv_text(rows)
