"""`autograder report`: a class as pages to look at, and a page for each student."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.commands.decisions import results_options
from autograder.commands.export import chosen
from autograder.course.course import Course
from autograder.errors import UsageProblem


@click.command()
@click.argument("assignments", metavar="[ASSIGNMENT]...", nargs=-1)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the pages go [default: pages in RESULTS; with --anonymous, anonymous there].",
)
@results_options
@click.option(
    "--anonymous",
    is_flag=True,
    help="To show in class: no names, no students' pages, no group of fewer than five.",
)
@click.option("--course", "root", type=click.Path(path_type=Path), help="The course's folder.")
def report(
    assignments: tuple[str, ...],
    target: Path | None,
    results: Path,
    gradebook: Path | None,
    roster: Path | None,
    anonymous: bool,
    root: Path | None,
) -> None:
    """Write pages about a class: the course, each ASSIGNMENT, each student.

    They load nothing from elsewhere. Only pages that changed are written again; a student's page
    may be handed back. Without ASSIGNMENT: all that have results.
    """
    from autograder.report.pages.templating import environment

    environment()  # says what is missing before anything is read
    from autograder.commands.grade import progress_shown
    from autograder.gradebook.attempts import Gradebook
    from autograder.gradebook.ledger import Ledger
    from autograder.gradebook.marks import Books
    from autograder.gradebook.roster import Roster
    from autograder.report.pages.making import Pages

    course = Course.find(root)
    path = gradebook or results / "gradebook.sqlite"
    if not path.is_file():
        raise UsageProblem(
            f"There is no gradebook {path}: grade something first, or name it with --gradebook "
            "FILE or --results DIR."
        )
    folder = target or results / ("anonymous" if anonymous else "pages")
    people = Roster.beside(path, roster)
    ledger = Ledger.load(path.parent, course)
    with Gradebook(path) as book:
        books = Books(course, book, ledger)
        pages = Pages(books, chosen(books, assignments), people, folder, anonymous=anonymous)
        with progress_shown("report") as progress:
            written = pages.write(progress)
    count = len(pages.folder.now)
    fresh = f"{len(written)} of {count} pages" if len(written) < count else f"{count} pages"
    click.echo(f"Wrote {fresh}: {folder / 'index.html'}")
