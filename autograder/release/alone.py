"""One assignment for a class that does no other: what it builds on comes whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from autograder.course.course import Assignment, Course
from autograder.course.package import package_files
from autograder.release.handouts import AI_POLICY
from autograder.release.template import TemplateFile, assignment_files
from autograder.release.tools import tool_files

README_SOURCE = "student_readme_alone.md"
GIVEN = "# Given whole: nothing to write here.\n"


def alone_files(course: Course, assignment: Assignment) -> Iterator[TemplateFile]:
    """The student's folder: tools, a README of this assignment, its stubs, and the rest whole."""
    for tool, content in tool_files():
        yield TemplateFile(tool, content)
    readme = course.root / "assignments" / README_SOURCE
    if readme.is_file():
        yield TemplateFile(PurePosixPath("README.md"), _readme(course, assignment).encode())
    files = list(assignment_files(course, assignment))
    for path in package_files(course, [assignment], _imported(files, course.package)):
        if path.name in assignment.files:
            continue
        own = path.name == "__init__.py" or path.name in course.given_files
        content = path.read_bytes() if own else GIVEN.encode() + path.read_bytes()
        yield TemplateFile(PurePosixPath(course.package, path.name), content)
    yield from files


def _imported(files: Iterable[TemplateFile], package: str) -> set[str]:
    """The package's modules that labs, checks and programs for students import."""
    pattern = re.compile(rf"(?:from|import)\s+{re.escape(package)}\.(\w+)")
    return {
        module
        for file in files
        if file.path.suffix in (".py", ".ipynb")
        for module in pattern.findall(file.content.decode())
    }


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
