"""What grades one assignment elsewhere: the engine, that assignment's content, a secret."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

import autograder
from autograder.course.accepted import alternatives, loops_below
from autograder.course.course import Assignment, Course
from autograder.course.package import package_files
from autograder.course.secret import Secret
from autograder.errors import KitError, UsageProblem

Files = Iterable[tuple[str, bytes]]

COURSE, SECRET = "course", "secret"
ENGINE = (
    "",
    "checker",
    "course",
    "documents",
    "explain",
    "grading",
    "report",
    "sandbox",
    "sandbox/inside",
    "sandbox/jail",
    "sandbox/outside",
    "sandbox/wire",
    "uploads",
    "integrations",
)
NUMPY = f"numpy=={np.__version__}\n"  # the inputs and the reference's answers come out the same


def engine_files(*doors: str) -> Iterator[tuple[str, bytes]]:
    """The part of this package that grades, and the doors named."""
    home = Path(autograder.__file__).parent
    for part in (*ENGINE, *(f"integrations/{door}" for door in doors)):
        for path in sorted((home / part).glob("*.py")):
            yield f"autograder/{path.relative_to(home).as_posix()}", path.read_bytes()


def course_files(course: Course, assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    """A course that holds one assignment to grade, and what is below it. Nothing of later ones."""
    below = course.before(assignment)
    yield f"{COURSE}/assignments/course.toml", _course_toml(course).encode()
    for one in (*below, assignment):
        yield f"{COURSE}/assignments/{one.name}/assignment.toml", one.manifest.read_bytes()
    ways = [*alternatives(assignment), *loops_below(course, assignment)]
    content = [
        assignment.handout,
        assignment.public_checks,
        assignment.hidden_checks,
        assignment.slips,
        assignment.steps,
        *(path for way in ways for path in sorted(way.glob("*.py"))),
    ]
    for path in content:
        if path.is_file():
            yield f"{COURSE}/{path.relative_to(course.root).as_posix()}", path.read_bytes()
    for path in package_files(course, (*below, assignment)):
        yield f"{COURSE}/solutions/{course.package}/{path.name}", path.read_bytes()


def _course_toml(course: Course) -> str:
    """course.toml with what grading reads. JSON's strings are TOML's too."""
    table = {
        "id": course.id,
        "title": course.title,
        "package": course.package,
        "given_files": list(course.given_files),
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    lines += ["", "[feedback]", f'disclosure = "{course.feedback.disclosure}"']
    lines += [f"streams = {course.feedback.streams}"]
    return "\n".join(lines) + "\n"


def secret_for(course: Course, assignment: Assignment) -> bytes:
    """The bundle's secret file: the same inputs as at home, for this assignment only."""
    return Secret.load(course.id).lend(assignment.name)


def chosen(assignment: Assignment | None, option: str) -> Assignment:
    """The assignment that is released, which this door needs."""
    if assignment is None:
        raise UsageProblem(f"Which assignment? autograder release 03 {option}")
    return assignment


def write_zip(files: Files, target: Path, *, programs: Iterable[str] = ()) -> int:
    """A zip whose bytes depend on the files alone; `programs` may be run. How many files."""
    runnable = frozenset(programs)
    count = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files:
                write_entry(archive, name, content, 0o755 if name in runnable else 0o644)
                count += 1
    except OSError as error:
        raise KitError(f"{target} can't be written: {error.strerror}.") from error
    return count


def write_entry(archive: zipfile.ZipFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """One file of a zip, without the time of day."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = mode << 16
    archive.writestr(info, content)


def write_folder(files: Files, target: Path, *, programs: Iterable[str] = ()) -> int:
    """The same files in a folder."""
    runnable = frozenset(programs)
    count = 0
    try:
        for name, content in files:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if name in runnable:
                path.chmod(0o755)
            count += 1
    except OSError as error:
        raise KitError(f"{target} can't be written: {error.strerror}.") from error
    return count
