"""`autograder adjust` and `autograder extend`: decisions of people, added to files of their own."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from autograder.course.course import Assignment, Course
from autograder.documents.schema import nearest
from autograder.errors import UsageProblem
from autograder.gradebook.ledger import (
    ADJUSTMENTS,
    EXTENSIONS,
    Extension,
    Ledger,
    add_adjustment,
    add_extension,
    read_moment,
    read_points,
)

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


@dataclass(frozen=True)
class Place:
    """A course, its results, and a student of it who is surely meant."""

    course: Course
    assignment: Assignment
    student: str
    results: Path
    gradebook: Path

    @property
    def folder(self) -> Path:
        return self.gradebook.parent


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
    value = read_points(points, "POINTS")
    if not value:
        raise UsageProblem("POINTS is 0, which changes nothing.")
    place = _place(root, assignment, student, results, gradebook, roster)
    reason = _reason(why)
    before = _mark(place)
    add_adjustment(
        place.folder,
        place.course,
        place.student,
        place.assignment.name,
        value,
        who=who or _login(),
        why=reason,
    )
    _tell(place, ADJUSTMENTS, before)


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
    reason = _reason(why)
    moment = read_moment(deadline, place.course, "DEADLINE")
    due = place.course.deadlines.get(place.assignment.name)
    toml = place.course.root / "assignments" / "course.toml"
    if due is None:
        raise UsageProblem(
            f"{place.assignment.name} has no deadline that could be extended: write it into "
            f"{toml}, below [deadlines]."
        )
    if moment <= due:
        raise UsageProblem(
            f"{moment.isoformat(sep=' ')} is not after the deadline of everybody, "
            f"{due.isoformat(sep=' ')}."
        )
    before = _mark(place)
    extension = Extension(place.student, place.assignment.name, moment, reason)
    add_extension(place.folder, place.course, extension, who or _login())
    _tell(place, EXTENSIONS, before)


def _place(
    root: Path | None,
    assignment_name: str,
    student: str,
    results: Path,
    gradebook: Path | None,
    roster: Path | None,
) -> Place:
    """Who and what is meant. A student whom neither roster nor gradebook knows is a slip."""
    from autograder.gradebook.attempts import Gradebook
    from autograder.gradebook.roster import Roster

    course = Course.find(root)
    assignment = course.assignment(assignment_name)
    path = gradebook or results / "gradebook.sqlite"
    people = Roster.beside(path, roster).people
    members: dict[str, str] = {}
    known = set(people)
    if path.is_file():
        with Gradebook(path) as book:
            for name in book.assignments():
                for one, attempts in book.standings(name).items():
                    known.add(one)
                    if name == assignment.name and len(attempts[-1].members) > 1:
                        members |= dict.fromkeys(attempts[-1].members, one)
    if group := members.get(student):
        raise UsageProblem(
            f'{student} handed in {assignment.name} with others, as "{group}": name that.'
        )
    found = [one for one in known if one.casefold() == student.casefold()]
    if not found:
        where = f"neither {path} nor a roster" if not people else f"neither {path} nor the roster"
        raise UsageProblem(
            f'Nobody is called "{student}"{nearest(student, known)}: {where} has it.'
        )
    return Place(course, assignment, found[0], results, path)


def _mark(place: Place) -> float | None:
    """The student's mark as it is now. Reading it also tells slips in the files, before any line
    is added to them."""
    from autograder.gradebook.attempts import Gradebook
    from autograder.gradebook.marks import Books

    ledger = Ledger.load(place.folder, place.course)
    with Gradebook(place.gradebook) as book:
        marks = Books(place.course, book, ledger).marks()
    mark = marks.get(place.assignment.name, {}).get(place.student)
    return mark.score if mark else None


def _tell(place: Place, file: str, before: float | None) -> None:
    """Bring the student's files and grades.csv up to date, and say what has changed."""
    from autograder.grading.batch import refresh
    from autograder.report.words import points

    marks = refresh(place.course, place.results, place.gradebook, place.student)
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
