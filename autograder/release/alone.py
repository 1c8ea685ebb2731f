"""One assignment for a class that does no other: what it builds on comes whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from autograder.course.course import Assignment, Course
from autograder.release.handouts import AI_POLICY
from autograder.release.template import TemplateFile, assignment_files, given_below
from autograder.release.tools import tool_files

README_SOURCE = "student_readme_alone.md"


def alone_files(course: Course, assignment: Assignment) -> Iterator[TemplateFile]:
    """The student's folder: tools, a README of this assignment, its stubs, and the rest whole."""
    for tool, content in tool_files():
        yield TemplateFile(tool, content)
    readme = course.root / "assignments" / README_SOURCE
    if readme.is_file():
        yield TemplateFile(PurePosixPath("README.md"), _readme(course, assignment).encode())
    for name in dict.fromkeys(("__init__.py", *course.given_files)):
        content = (course.solutions / course.package / name).read_bytes()
        yield TemplateFile(PurePosixPath(course.package, name), content)
    yield from given_below(course, [assignment])
    yield from assignment_files(course, assignment)


def _readme(course: Course, assignment: Assignment) -> str:
    text = (course.root / "assignments" / README_SOURCE).read_text(encoding="utf-8")
    lines = [f"- `{course.package}/{name}`" for name in assignment.files]
    for mark, value in {
        AI_POLICY: course.ai_policy.strip(),
        "@TITLE@": assignment.title,
        "@NAME@": assignment.name,
        "@NUMBER@": assignment.number,
        "@PACKAGE@": course.package,
        "@FILES@": "\n".join(lines),
    }.items():
        text = text.replace(mark, value)
    return text
