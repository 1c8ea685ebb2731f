"""`autograder export`: grades for the gradebook that a school already has."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from autograder.commands.decisions import results_options
from autograder.commands.grade import UNKNOWN
from autograder.course.course import Assignment, Course
from autograder.errors import UsageProblem
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.marks import Books
from autograder.gradebook.roster import Roster
from autograder.integrations.exports.sheet import Sheet

FORMATS = {
    "canvas": ("canvas", "canvas"),
    "moodle": ("moodle", "moodle"),
    "gradescope": ("gradescope", "gradescope"),
    "nbgrader": ("tables", "nbgrader"),
    "junit": ("junit", "junit"),
    "csv": ("tables", "plain"),
}
SIMILARITY = "similarity"


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice([*FORMATS, SIMILARITY]))
@click.argument("assignments", metavar="[ASSIGNMENT]...", nargs=-1)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="File to write [default: standard output]; for similarity, the folder.",
)
@results_options
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="ASSIGNMENT=NUMBER",
    help="Canvas' number of an assignment, as in its address: the grades go into its column.",
)
@click.option(
    "--title",
    "titles",
    multiple=True,
    metavar="ASSIGNMENT=TITLE",
    help="What an assignment is called on the platform [default: number and title].",
)
@click.option("--course", "root", type=click.Path(path_type=Path), help="The course's folder.")
def export(
    form: str,
    assignments: tuple[str, ...],
    target: Path | None,
    results: Path,
    gradebook: Path | None,
    roster: Path | None,
    ids: tuple[str, ...],
    titles: tuple[str, ...],
    root: Path | None,
) -> None:
    """Write the grades that count, with lateness and adjustments in them.

    FORMAT is canvas, moodle, gradescope, nbgrader, junit or csv. Without ASSIGNMENT: all that have
    results.

    FORMAT may be similarity, too: with ASSIGNMENT and the uploads as `grade` takes them, it lays
    the submissions that count out for Dolos and JPlag, which find similar code.
    """
    course = Course.find(root)
    path = gradebook or results / "gradebook.sqlite"
    if form == SIMILARITY:
        from autograder.commands.similarity import lay_out

        lay_out(course, assignments, target, path, Roster.beside(path, roster))
        return
    if not path.is_file():
        raise UsageProblem(
            f"There is no gradebook {path}: grade something first, or name it with --gradebook "
            "FILE or --results DIR."
        )
    people = Roster.beside(path, roster)
    ledger = Ledger.load(path.parent, course)
    with Gradebook(path) as book:
        books = Books(course, book, ledger)
        sheet = Sheet(
            books,
            chosen(books, assignments),
            people,
            _named(course, ids, "--id"),
            _named(course, titles, "--title"),
        )
        module, name = FORMATS[form]
        make: Callable[[Sheet], str] = getattr(
            importlib.import_module(f"autograder.integrations.exports.{module}"), name
        )
        text = make(sheet)
        words = _doubts(sheet)
    if target is None:
        click.echo(text, nl=False)
    else:
        _write(target, text)
        count = f"{len(sheet.people)} student{'s' if len(sheet.people) != 1 else ''}"
        click.echo(f"Wrote {target}: {count}, {', '.join(one.name for one in sheet.assignments)}.")
    for line in words:
        click.echo(line, err=True)


def chosen(books: Books, names: Sequence[str]) -> tuple[Assignment, ...]:
    """The assignments that were named; all with results, where none was."""
    course, path = books.course, books.gradebook.path
    graded = books.marks()
    if not names:
        found = [one for one in course.assignments if one.name in graded]
        if not found:
            raise UsageProblem(f"{path} has no results of {course.title!r}: grade first.")
        return tuple(found)
    asked = list(dict.fromkeys(course.assignment(name).name for name in names))
    for name in asked:
        if name not in graded:
            raise UsageProblem(
                f"{path} has no results of {name}: autograder grade {name[:2]} PATH first."
            )
    return tuple(course.assignment(name) for name in asked)


def _named(course: Course, values: Sequence[str], option: str) -> dict[str, str]:
    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not text.strip():
            raise UsageProblem(f"{option} {value}: write ASSIGNMENT=…, such as {option} 03=4711.")
        if option == "--id" and not text.strip().isdecimal():
            raise UsageProblem(
                f"{option} {value}: Canvas' number of an assignment has digits only."
            )
        found[course.assignment(name).name] = text.strip()
    return found


def _doubts(sheet: Sheet) -> list[str]:
    """What should be looked at before anything is imported."""
    lines = []
    if sheet.roster.people and sheet.strangers:
        names = ", ".join(person.student for person in sheet.strangers[:10])
        more = " …" if len(sheet.strangers) > 10 else ""
        lines.append(f"With grades, but not in {sheet.roster.path}: {names}{more}.")
    if unknown := sheet.books.strangers(sheet.roster.people):
        lines.append(UNKNOWN.format(names=", ".join(unknown)))
    for assignment in sheet.assignments:
        marks = [sheet.mark(assignment, person) for person in sheet.people]
        failed = [mark.student for mark in marks if mark and mark.status == "grader_error"]
        if failed:
            lines.append(
                f"The grader failed on {', '.join(failed)} in {assignment.name}: no grade is "
                "written for them. Grade again first."
            )
    return lines


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageProblem(f"{target} can't be written: {error.strerror}.") from error
