"""`source/` and nbgrader_config.py: what nbgrader needs of a course, without any solution."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.course.course import Assignment, Course
from autograder.errors import KitError
from autograder.release.notebooks import FILE_NAME, Cell, lab_cells, to_json
from autograder.release.template import (
    TemplateFile,
    assignment_files,
    base_files,
    extra_files,
    stub_files,
)

SCHEMA_VERSION = 3  # of nbgrader's metadata
QUESTION, ANSWER = "derivation-question", "derivation"
ANSWER_TEXT = "Write your derivation here, or hand it in on paper."

CONFIG = '''\
"""Written by `autograder release --nbgrader`. Your own settings go below its last line."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = "autograder.integrations.nbgrader"

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = {course_id!r}
c.CourseDirectory.root = str(HERE)

# No code of a student runs in nbgrader's process or in a kernel: the submitted files are graded
# in autograder's jail, and every graded cell gets its points and the reasons from there.
c.Autograde.exporter_class = f"{{OURS}}.grading.LenientExporter"
c.Autograde.sanitize_preprocessors = [
    f"{{OURS}}.grading.TrustedCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    f"{{OURS}}.grading.GradeInJail",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GradeInJail.course = str(HERE / {course_path!r})
c.GradeInJail.isolation = {isolation!r}  # the least level; "" is the kit's own minimum

# Students' files, which nbgrader would else replace by those of source/.
c.Autograde.exclude_overwriting = {{
{exclude}}}

c.ExchangeFactory.collect = f"{{OURS}}.collect.CollectWithoutLinks"
c.ExportApp.plugin_class = f"{{OURS}}.export.GradesExport"

{mark}
'''
MARK = "# What stands below this line is yours: it is kept when the course is released again."


def write_course(
    course: Course, assignments: Sequence[Assignment], target: Path, isolation: str | None
) -> int:
    """Write the course; how many files. Source files there are replaced, nothing else is."""
    count = 1
    exclude = {}
    for assignment in course.assignments:
        exclude[assignment.name] = _students_files(course, assignment)
    for assignment in assignments:
        folder = target / "source" / assignment.name
        for file in source_files(course, assignment):
            _write(folder / file.path, file.content)
            count += 1
    lines = "".join(f"    {name!r}: [\n{_listed(files)}    ],\n" for name, files in exclude.items())
    text = CONFIG.format(
        course_id=course.id,
        course_path=os.path.relpath(course.root, target.resolve()),
        isolation=isolation or "",
        exclude=lines,
        mark=MARK,
    )
    config = target / "nbgrader_config.py"
    _write(config, (text + _own_settings(config)).encode())
    return count


def _own_settings(config: Path) -> str:
    """What an instructor has added to an earlier release's file."""
    if not config.is_file():
        return ""
    _, mark, own = config.read_text(encoding="utf-8").partition(f"{MARK}\n")
    if not mark:
        raise KitError(f"{config} was not written by autograder release: move it away first.")
    return own


def source_files(course: Course, assignment: Assignment) -> Iterator[TemplateFile]:
    """A student's folder for one assignment: its notebook, stubs, and what check.py needs."""
    folder = PurePosixPath("assignments", assignment.name)
    figures = f"{folder}/figures/"
    cells = nbgrader_cells(assignment, lab_cells(course, assignment, figures))
    yield TemplateFile(PurePosixPath(FILE_NAME), to_json(cells).encode())
    for file in base_files(course):
        if file.path.name != "README.md":
            yield file
    for earlier in course.before(assignment):
        if earlier not in course.assignments:
            continue  # its code is given whole
        yield from stub_files(course, earlier)
        yield from (file for file in extra_files(earlier) if file.theirs)
    for file in assignment_files(course, assignment):
        if file.path.suffix != ".ipynb":  # nbgrader takes every notebook for one to grade
            yield file


def nbgrader_cells(assignment: Assignment, cells: Sequence[Cell]) -> list[Cell]:
    """The lab's cells with nbgrader's metadata: a graded cell a function, and one for a person."""
    marked = []
    for cell in cells:
        if function := cell.checks:
            source = f'check("{function.name}", points={function.points:g})'
            metadata = _metadata(function.name, "code", points=function.points)
            marked.append(replace(cell, source=source, metadata=metadata))
        elif cell.id == "setup":
            marked.append(replace(cell, metadata=_metadata("setup", "code")))
        else:
            marked.append(cell)
    for number, task in enumerate(assignment.tasks):
        suffix = f"-{task.id}" if number else ""
        text = f"## A written derivation\n\n{task.points:g} points, marked by a person.\n\n"
        question = _metadata(QUESTION + suffix, "markdown")
        answer = _metadata(ANSWER + suffix, "markdown", points=task.points, solution=True)
        asked = text + task.question.strip()
        marked.append(Cell(QUESTION + suffix, "markdown", asked, metadata=question))
        marked.append(Cell(ANSWER + suffix, "markdown", ANSWER_TEXT, metadata=answer))
    return marked


def _metadata(
    name: str, cell_type: str, *, points: float | None = None, solution: bool = False
) -> Mapping[str, Any]:
    """Of a locked cell, a graded one (with points), or one that a person marks (a solution)."""
    ours: dict[str, Any] = {
        "cell_type": cell_type,
        "grade": points is not None,
        "grade_id": name,
        "locked": not solution,
        "schema_version": SCHEMA_VERSION,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        ours["points"] = points
    return {"nbgrader": ours}


def _students_files(course: Course, assignment: Assignment) -> list[str]:
    """The package's files in an assignment's source, as exclude_overwriting wants them."""
    names = ["__init__.py", *course.given_files]
    for one in (*course.before(assignment), assignment):
        names += one.files
    return [f"{course.package}/{name}" for name in dict.fromkeys(names)]


def _listed(files: Sequence[str]) -> str:
    return "".join(f"        {name!r},\n" for name in files)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise KitError(f"{path} can't be written: {error.strerror}.") from error
