"""nbgrader 0.9.6: a course made from ours, and our judge in place of its in-kernel grading.

Submodules that need nbgrader itself (grading, collect, export) are named in the course's
nbgrader_config.py and imported by nbgrader alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.course.course import Assignment, Course


def release(
    course: Course, assignment: Assignment | None, target: Path, isolation: str | None = None
) -> str:
    """Write an nbgrader course into a folder; with an assignment, only that one's source."""
    from autograder.integrations.nbgrader.source import write_course

    chosen = course.assignments if assignment is None else (assignment,)
    count = write_course(course, chosen, target, isolation)
    names = ", ".join(one.name for one in chosen)
    lines = [
        f"Wrote {count} files of an nbgrader course into {target}: {names}.",
        "It holds no solution and no hidden check. Next, in that folder:",
        f"  nbgrader generate_assignment {chosen[0].name}",
    ]
    return "\n".join(lines)
