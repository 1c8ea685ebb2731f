"""grades.csv: one row a student, one column an assignment."""

import csv
import io
from collections.abc import Mapping

from autograder.policy import Standing
from autograder.report.words import points


def grades_csv(counted: Mapping[str, Mapping[str, Standing]]) -> str:
    """The scores that count, by assignment and student. A missing score is an empty cell."""
    students = sorted({student for results in counted.values() for student in results})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header = ["student", "members"]
    for assignment, results in counted.items():
        most = max((result.max_score for result in results.values()), default=0.0)
        header.append(f"{assignment} ({most:g})")
    writer.writerow([*header, "total"])
    for student in students:
        found = [results.get(student) for results in counted.values()]
        scores = [None if one is None else one.score for one in found]
        members = next((one.members for one in found if one is not None), (student,))
        row = [cell(student), cell("; ".join(members))]
        row += ["" if score is None else points(score) for score in scores]
        total = sum(score for score in scores if score is not None)
        writer.writerow([*row, points(total)])
    return out.getvalue()


def cell(text: str) -> str:
    """A text cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
