"""The accepted alternatives of an assignment: other right ways to write it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder.course.course import Assignment, Course


def alternatives(assignment: Assignment) -> list[Path]:
    """The folders of an assignment's accepted alternatives."""
    if not assignment.accepted.is_dir():
        return []
    return sorted(path for path in assignment.accepted.iterdir() if any(path.glob("*.py")))


def loops_below(course: Course, assignment: Assignment) -> list[Path]:
    """Alternatives of earlier assignments that are written as loops: all slow, and all right."""
    loops = []
    for earlier in course.before(assignment):
        loops += [way for way in alternatives(earlier) if "loops" in way.name][-1:]
    return loops


def write_alternative(course: Course, alternative: Path, folder: Path) -> None:
    """Make a submission of the reference with an alternative's functions appended to its files."""
    write_alternatives(course, [alternative], folder)


def write_alternatives(course: Course, chosen: Sequence[Path], folder: Path) -> None:
    """The same with several alternatives, of one assignment or more."""
    package = folder / course.package
    shutil.copytree(
        course.solutions / course.package, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    for source in [path for way in chosen for path in sorted(way.glob("*.py"))]:
        target = package / source.name
        before = target.read_text(encoding="utf-8") + "\n\n" if target.exists() else ""
        target.write_text(before + source.read_text(encoding="utf-8"), encoding="utf-8")
