"""grades.csv: one row a student, one column an assignment."""

from collections.abc import Mapping

from autograder.documents.tables import cell, csv_text
from autograder.gradebook.marks import Mark
from autograder.report.words import points

__all__ = ["cell", "grades_csv"]


def grades_csv(marks: Mapping[str, Mapping[str, Mark]]) -> str:
    """The marks that count, by assignment and student. A missing mark is an empty cell."""
    students = sorted({student for found in marks.values() for student in found})
    header = ["student", "members"]
    for assignment, found in marks.items():
        most = max((mark.max_score for mark in found.values()), default=0.0)
        header.append(f"{assignment} ({most:g})")
    rows = [[*header, "total"]]
    for student in students:
        theirs = [found.get(student) for found in marks.values()]
        scores = [None if mark is None else mark.score for mark in theirs]
        members = next((mark.members for mark in theirs if mark is not None), (student,))
        total = sum(score for score in scores if score is not None)
        cells = ["" if score is None else points(score) for score in scores]
        rows.append([student, "; ".join(members), *cells, points(total)])
    return csv_text(rows)
