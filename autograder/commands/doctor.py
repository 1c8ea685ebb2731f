"""What this machine can do for the grader, and why not more."""

import sys
from pathlib import Path

from autograder.checker.contract import Contract
from autograder.course.course import Course
from autograder.course.secret import Secret
from autograder.errors import KitError
from autograder.grading.conditions import versions
from autograder.sandbox.outside.levels import LEVELS
from autograder.sandbox.outside.remote import Sandbox


def examine(course_folder: Path | None) -> str:
    """The report, ready to print."""
    about = versions()
    lines = [
        f"autograder {about.kit}   Python {about.python} ({sys.executable})   NumPy {about.numpy}",
        f"machine: {about.platform}",
        *_isolation(),
        *_course(course_folder),
    ]
    return "\n".join(lines)


def _isolation() -> list[str]:
    try:
        with Sandbox(Contract("nothing", {})) as sandbox:
            reached = sandbox.isolation
    except KitError as error:
        return [f"isolation: none that may be used. {error}"]
    lines = [f"isolation: {reached.level} ({reached})"]
    lines += [f"  without {layer}: {why}" for layer, why in reached.missing.items()]
    lines += [f"  note: {note}" for note in reached.notes]
    lines.append(f"levels, weakest first: {', '.join(LEVELS)} (--isolation LEVEL asks for one)")
    return lines


def _course(folder: Path | None) -> list[str]:
    try:
        course = Course.find(folder)
        lines = [
            f"course: {course.title} in {course.root}, {len(course.assignments)} assignments, "
            f"{len(course.contract.functions)} functions"
        ]
        lines.append(f"secret of the hidden inputs: {Secret.load(course.id).path}")
    except KitError as error:
        lines = [f"course: {error}"]
    return lines
