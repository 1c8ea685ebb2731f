"""The files of the solution package, and which of them import which."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from autograder.course.course import Assignment, Course


def package_files(
    course: Course, assignments: Iterable[Assignment], also: Iterable[str] = ()
) -> list[Path]:
    """The files of the reference that some assignments need: their own, given ones, imports.

    `also` names modules that something outside the package imports, such as a lab.
    """
    folder = course.solutions / course.package
    wanted = ["__init__.py", *course.given_files]
    wanted += [name for assignment in assignments for name in assignment.files]
    wanted += [f"{module}.py" for module in also]
    found: dict[str, Path] = {}
    while wanted:
        path = folder / wanted.pop()
        if path.name not in found and path.is_file():
            found[path.name] = path
            wanted += [f"{module}.py" for module in siblings(path, course.package)]
    return [found[name] for name in sorted(found)]


def siblings(path: Path, package: str) -> set[str]:
    """The package's modules that a file of it imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module or ''}" if node.level else (node.module or "")
            names |= {module.rstrip("."), *(f"{module}.{a.name}" for a in node.names)}
    return {name.split(".")[1] for name in names if name.startswith(f"{package}.")}
