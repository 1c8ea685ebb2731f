"""`autograder site`: the course's own pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import click

from autograder.course.course import Assignment, Course
from autograder.errors import KitError, UsageProblem

FOLDER = "site"
NEEDED = ("jinja2", "latex2mathml", "libcst", "markdown_it", "mdit_py_plugins")
LIST = ".pages"  # in the site's folder: what was written, so that it can be taken away again


@click.command()
@click.option("--to", "target", type=click.Path(path_type=Path), help="Folder [default: site/].")
@click.option(
    "--only",
    metavar="01,02",
    help="Show these assignments [default: all whose date in course.toml's [release] is past, or "
    "that have none].",
)
@click.option("--course", "root", type=click.Path(path_type=Path), help="The course's folder.")
def site(target: Path | None, only: str | None, root: Path | None) -> None:
    """Write the course's own pages: what has been handed out so far, to read and to download.

    They load nothing from elsewhere, and hold nothing of assignments that are not out yet. Run it
    again when the next one is.
    """
    course = Course.find(root)
    if any(find_spec(name) is None for name in NEEDED):
        raise KitError("The pages need some libraries: pip install 'transformer-course-kit[site]'")
    from autograder.release.site import site_files

    chosen = _chosen(course, only)
    folder = target or course.root / FOLDER
    before = _written_before(folder)
    files = dict(site_files(course, chosen))
    for name in sorted(before - files.keys()):
        (folder / name).unlink(missing_ok=True)
        click.echo(f"removed, not on the pages any more: {folder / name}")
    _write(folder, files)
    shown = ", ".join(one.number for one in chosen) or "none yet"
    click.echo(f"Wrote {folder / 'index.html'}: {len(files)} files; assignments: {shown}.")


def _chosen(course: Course, only: str | None) -> tuple[Assignment, ...]:
    if only is None:
        return course.released(datetime.now(UTC))
    asked = {course.assignment(name.strip()).name for name in only.split(",") if name.strip()}
    return tuple(one for one in course.assignments if one.name in asked)


def _written_before(folder: Path) -> set[str]:
    """What an earlier run wrote. Nothing that anybody else put there is ever touched."""
    if not folder.exists():
        return set()
    if not folder.is_dir():
        raise UsageProblem(f"{folder} is a file: name a folder with --to DIR.")
    if (folder / LIST).is_file():
        names = (folder / LIST).read_text(encoding="utf-8").split()
        return {name for name in names if Path(name).name == name}
    if any(folder.iterdir()):
        raise UsageProblem(
            f"{folder} holds other files and no pages of an earlier run: name another folder "
            "with --to DIR."
        )
    return set()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LIST).write_text("\n".join(files) + "\n", encoding="utf-8")
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageProblem(f"{folder} can't be written: {error.strerror}.") from error
