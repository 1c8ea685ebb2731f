"""`autograder release`: what students get."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import click

from autograder.course.course import Course
from autograder.errors import UsageProblem

TEMPLATE = "student_template"

# Each door has a module with `release(course, assignment or None, target, isolation) -> str`,
# imported when it is asked for; what it returns is shown.
DOORS = {
    "nbgrader": (
        "autograder.integrations.nbgrader",
        "Folder for an nbgrader course: source/ with notebooks and stubs, nbgrader_config.py.",
    ),
    "otter": (
        "autograder.integrations.otter",
        "Folder for an otter-grader assignment: students' notebook and autograder.zip.",
    ),
    "github": (
        "autograder.integrations.github",
        "Folder for a GitHub template repository whose workflow runs the public checks.",
    ),
    "gradescope": (
        "autograder.integrations.gradescope",
        "Folder or .zip file for a Gradescope autograder that needs pip only.",
    ),
}


def door_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """An option for each door: `--otter DIR`."""
    for name, (_, text) in reversed(DOORS.items()):
        option = click.option(f"--{name}", type=click.Path(path_type=Path), help=text)
        command = option(command)
    return command


@click.command()
@click.argument("assignment", required=False)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="Folder to write into, or a .zip file to make (default: student_template/).",
)
@click.option("--solution", is_flag=True, help="The solution of a past assignment, for students.")
@click.option(
    "--alone",
    is_flag=True,
    help="For a class that does this assignment only: what it builds on comes whole.",
)
@door_options
@click.option(
    "--isolation",
    type=click.Choice(["process", "seccomp", "landlock", "namespaces"]),
    help="With --nbgrader, --otter or --gradescope: the least level to grade at there.",
)
@click.option("--course", "root", type=click.Path(path_type=Path), help="The course's folder.")
def release(
    assignment: str | None,
    target: Path | None,
    solution: bool,
    alone: bool,
    isolation: str | None,
    root: Path | None,
    **doors: Path | None,
) -> None:
    """Write what students get.

    Without ASSIGNMENT: the whole student template. With it: only what is new in that assignment,
    so that unpacking it over the work of earlier weeks loses nothing. With --alone: all that it
    needs, for a class that does no other.
    """
    from autograder.release import template
    from autograder.release.alone import alone_files
    from autograder.release.archive import zipped

    course = Course.find(root)
    if asked := {name: path for name, path in doors.items() if path is not None}:
        if target is not None or solution or alone or len(asked) > 1:
            raise UsageProblem("One target at a time: --to, or one other tool's option.")
        ((name, path),) = asked.items()
        _release_to(name, course, assignment, path, isolation)
        return
    if isolation:
        raise UsageProblem("--isolation goes with --otter or --gradescope: nothing is graded here.")
    if assignment is None:
        if solution:
            raise UsageProblem("--solution needs an assignment: autograder release 01 --solution")
        if alone:
            raise UsageProblem("--alone needs an assignment: release 04 --alone --to DIR")
        files = template.template_files(course)
    else:
        chosen = course.assignment(assignment)
        first = chosen == course.assignments[0]
        if solution and alone:
            raise UsageProblem("--solution or --alone: one at a time.")
        if solution:
            files = template.solution_files(course, chosen)
        elif alone:
            files = alone_files(course, chosen)
        else:
            base = template.base_files(course) if first else iter(())
            files = chain(base, template.assignment_files(course, chosen))
    if target is not None and target.suffix == ".zip":
        made = tuple(files)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(zipped(made))
        click.echo(
            f"Wrote {target} ({len(made)} files). Students unpack it in their course folder."
        )
        return
    if target is None and assignment is not None:
        raise UsageProblem(
            f"Where to? autograder release {assignment} --to DIR   (or --to {assignment}.zip)"
        )
    whole = assignment is None and target is None
    folder = target or course.root / TEMPLATE
    made = tuple(files)
    written = template.write_files(iter(made), folder, overwrite=whole)
    click.echo(f"{folder}: {len(written.new)} new, {len(written.changed)} changed.")
    for path in written.kept:
        click.echo(f"kept as it was, since students write into it: {path}")
    if whole:
        for path in _leftovers({folder / file.path for file in made}, folder):
            path.unlink()
            click.echo(f"removed, no part of the template any more: {path}")


def _release_to(
    door: str, course: Course, assignment: str | None, target: Path, isolation: str | None
) -> None:
    chosen = None if assignment is None else course.assignment(assignment)
    module = importlib.import_module(DOORS[door][0])
    click.echo(module.release(course, chosen, target, isolation))


def _leftovers(wanted: set[Path], folder: Path) -> list[Path]:
    """Generated files of an earlier template that this one has not got."""
    there = [
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    return sorted(path for path in there if path not in wanted)
