"""otter-grader: a notebook by `otter assign`, and an autograder.zip that grades in the jail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.course.course import Assignment, Course


def release(
    course: Course, assignment: Assignment | None, target: Path, isolation: str | None = None
) -> str:
    """Write master/, student/ and autograder.zip into a folder."""
    from autograder.integrations.bundle import chosen
    from autograder.integrations.otter.build import build

    one = chosen(assignment, "--otter DIR")
    build(course, one, target, isolation)
    return "\n".join(
        [
            f"{target / 'student'}: for students, made by otter assign from {target / 'master'}.",
            f"{target / 'autograder.zip'}: for otter run, otter grade or Gradescope. It holds the "
            "solution and the hidden checks.",
        ]
    )
