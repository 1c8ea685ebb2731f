"""The CSV file that Canvas' gradebook imports."""

from __future__ import annotations

from autograder.documents.tables import csv_text
from autograder.integrations.exports.sheet import Sheet

IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def canvas(sheet: Sheet) -> str:
    """`Title (id)` is Canvas' own name of a column; without the id it offers to make a new one."""
    columns = [
        f"{sheet.title(one)} ({sheet.ids[one.name]})" if one.name in sheet.ids else sheet.title(one)
        for one in sheet.assignments
    ]
    possible = [round(sheet.max_score(one), 2) for one in sheet.assignments]
    rows: list[list[object]] = [
        [*IDENTITY, *columns],
        ["    Points Possible", "", "", "", "", *possible],
    ]
    for person in sheet.people:
        marks = [sheet.mark(one, person) for one in sheet.assignments]
        scores = ["" if mark is None or mark.score is None else mark.score for mark in marks]
        identity = (person.canvas_id, person.sis_user_id, person.sis_login_id, person.section)
        rows.append([person.sortable_name, *identity, *scores])
    return csv_text(rows)
