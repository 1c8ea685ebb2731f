"""`autograder desk`: the page on which people mark written work."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from autograder.commands.decisions import results_options
from autograder.course.course import Course
from autograder.errors import KitError

MISSING = (
    "The desk needs packages that are not installed ({name}): "
    "pip install 'transformer-course-kit[desk]'"
)


@click.command()
@results_options
@click.option(
    "--submissions",
    multiple=True,
    metavar="PATH",
    help="Uploads: a folder with a folder for each assignment, or 03=FOLDER. May be repeated.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port to listen on [default: any that is free].",
)
@click.option("--course", "root", type=click.Path(path_type=Path), help="The course's folder.")
def desk(
    results: Path,
    gradebook: Path | None,
    roster: Path | None,
    submissions: tuple[str, ...],
    host: str,
    port: int,
    root: Path | None,
) -> int:
    """Open a local web page on which people mark written tasks, read code and decide.

    Open the printed address in a browser. Marks go to marking.jsonl and adjustments.csv beside
    the gradebook; feedback and grades.csv follow at once.
    """
    try:
        from autograder.desk.serve import serve
    except ModuleNotFoundError as error:
        raise KitError(MISSING.format(name=error.name)) from error
    course = Course.find(root)
    with suppress(KeyboardInterrupt):
        serve(
            course,
            results=results,
            gradebook=gradebook or results / "gradebook.sqlite",
            roster=roster,
            submissions=submissions,
            host=host,
            port=port,
            say=click.echo,
        )
    click.echo("The desk is closed.")
    return 0
