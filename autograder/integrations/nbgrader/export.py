"""`nbgrader export`: a row for each submission; what people and policy changed stands apart."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

from autograder.report.grades import cell

COLUMNS = (
    "assignment",
    "student",
    "last_name",
    "first_name",
    "email",
    "submitted_at",
    "checks",
    "derivation_and_extra",
    "late_penalty",
    "score",
    "max_score",
    "needs_marking",
)


class GradesExport(ExportPlugin):
    """Writes grades.csv, or the file named with --to. A student without a submission has no row."""

    def export(self, gradebook: Any) -> None:
        """Go through all assignments and students, or those asked for."""
        target = Path(self.to or "grades.csv")
        assignments, students = set(map(str, self.assignment)), set(map(str, self.student))
        rows = [
            row(gradebook, assignment, student)
            for assignment in sorted(gradebook.assignments, key=lambda one: str(one.name))
            if not assignments or assignment.name in assignments
            for student in sorted(gradebook.students, key=lambda one: str(one.id))
            if not students or student.id in students
        ]
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(one for one in rows if one)
        self.log.info("Wrote %s", target)


def row(gradebook: Any, assignment: Any, student: Any) -> list[object]:
    """One submission's cells, or none."""
    try:
        found = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return []
    grades = [grade for notebook in found.notebooks for grade in notebook.grades]
    checks = sum(grade.auto_score or 0.0 for grade in grades)
    penalty = found.late_submission_penalty or 0.0
    identity = (student.last_name, student.first_name, student.email)
    return [
        cell(assignment.name),
        cell(student.id),
        *(cell(text or "") for text in identity),
        found.timestamp.isoformat() if found.timestamp else "",
        round(checks, 2),
        round(found.score - checks, 2),
        round(penalty, 2),
        round(max(0.0, found.score - penalty), 2),
        round(assignment.max_score, 2),
        "yes" if found.needs_manual_grade else "",
    ]
