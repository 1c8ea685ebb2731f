"""`autograder adjust` and `autograder extend`: decisions of people, added to files of their own."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from autograder.course.course import Course
from autograder.errors import UsageProblem
from autograder.gradebook.decisions import Place
from autograder.gradebook.ledger import ADJUSTMENTS, EXTENSIONS

DEFAULT_RESULTS = Path("results")


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of both commands."""
    options = (
        click.option("--why", required=True, help="The reason; the student reads it."),
        click.option("--who", help="Who decided it [default: the login's name]."),
        results_options,
        click.option(
            "--course", "root", type=click.Path(path_type=Path), help="The course's folder."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def results_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where results, gradebook and roster are, as `grade` has it."""
    options = (
        click.option(
            "--results",
            type=click.Path(path_type=Path),
            default=DEFAULT_RESULTS,
            show_default=True,
            help="Where result and feedback files and grades.csv are.",
        ),
        click.option(
            "--gradebook",
            type=click.Path(path_type=Path),
            help="The gradebook [default: gradebook.sqlite in RESULTS].",
        ),
        click.option(
            "--roster",
            type=click.Path(path_type=Path),
            help="Who is in the course [default: roster.csv beside the gradebook].",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("assignment")
@click.argument("student")
@click.argument("points")
@shared_options
def adjust(
    assignment: str,
    student: str,
    points: str,
    why: str,
    who: str | None,
    results: Path,
    gradebook: Path | None,
    roster: Path | None,
    root: Path | None,
) -> None:
    """Give STUDENT points in ASSIGNMENT (2.5), or take some (-1), for a reason.

    A line is added to adjustments.csv beside the gradebook. Nothing in that file is ever changed:
    to take an adjustment back, make another one.
    """
    place = _place(root, assignment, student, results, gradebook, roster)
    before = place.adjust(points, who=who or _login(), why=_reason(why))
    _tell(place, results, ADJUSTMENTS, before)


@click.command()
@click.argument("assignment")
@click.argument("student")
@click.argument("deadline")
@shared_options
def extend(
    assignment: str,
    student: str,
    deadline: str,
    why: str,
    who: str | None,
    results: Path,
    gradebook: Path | None,
    roster: Path | None,
    root: Path | None,
) -> None:
    """Give STUDENT a later DEADLINE in ASSIGNMENT, such as 2027-01-20T23:59, for a reason.

    A line is added to extensions.csv beside the gradebook; of several for the same student and
    assignment the last one holds.
    """
    place = _place(root, assignment, student, results, gradebook, roster)
    before = place.extend(deadline, who=who or _login(), why=_reason(why))
    _tell(place, results, EXTENSIONS, before)


def _place(
    root: Path | None,
    assignment_name: str,
    student: str,
    results: Path,
    gradebook: Path | None,
    roster: Path | None,
) -> Place:
    """Who and what is meant."""
    from autograder.gradebook.roster import Roster

    course = Course.find(root)
    path = gradebook or results / "gradebook.sqlite"
    people = Roster.beside(path, roster).people
    return Place.find(course, course.assignment(assignment_name), student, path, people)


def _tell(place: Place, results: Path, file: str, before: float | None) -> None:
    """Bring the student's files and grades.csv up to date, and say what has changed."""
    from autograder.grading.batch import refresh
    from autograder.report.words import points

    marks = refresh(place.course, results, place.gradebook, place.student)
    mark = marks.get(place.assignment.name, {}).get(place.student)
    click.echo(f"Added to {place.folder / file}.")
    name = f"{place.student}, {place.assignment.name}"
    if mark is None or mark.score is None:
        click.echo(f"{name}: nothing graded yet.")
        return
    old = "" if before is None else f"{points(before)} → "
    click.echo(f"{name}: {old}{points(mark.score)} / {mark.max_score:g}")


def _reason(why: str) -> str:
    text = " ".join(why.split())
    if not text:
        raise UsageProblem("--why is empty: the student should read a reason.")
    return text


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
