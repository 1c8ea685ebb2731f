"""A mark in one line of plain text, for the comment beside a grade."""

from __future__ import annotations

from autograder.documents.results import Result
from autograder.gradebook.marks import Mark
from autograder.report.feedback import KINDS
from autograder.report.words import points, signed, visible

SLIPS = 3


def comment(mark: Mark, result: Result | None, disclosure: str) -> str:
    """How the mark came about, and the first known slips. Nothing that the student wrote."""
    parts = [f"{points(mark.score or 0.0)} / {mark.max_score:g}"]
    if mark.raw_score is not None:
        parts.append(f"checks {points(mark.raw_score)}")
    for one in mark.adjustments:
        parts.append(f"{KINDS[one.kind]} {signed(one.points)} ({visible(one.reason)})")
    if result is not None and result.status == "refused":
        parts.append("the upload could not be graded")
    if result is not None and disclosure != "none":
        slips = {
            f"{check.function}: {check.diagnosis.text}"
            for check in result.checks
            if check.diagnosis and check.diagnosis.id and not check.passed
        }
        parts += sorted(slips)[:SLIPS]
    return "; ".join(parts)


def why(mark: Mark) -> str:
    """The reasons for all that is not the checks'."""
    return "; ".join(f"{visible(one.reason)} ({signed(one.points)})" for one in mark.adjustments)
