"""Gradescope without otter: an autograder.zip that needs pip only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.course.course import Assignment, Course

SETTINGS = "settings.json"
PROGRAMS = ("setup.sh", "run_autograder")


def release(
    course: Course, assignment: Assignment | None, target: Path, isolation: str | None = None
) -> str:
    """Write the autograder into a folder, or a .zip file to upload."""
    from autograder.integrations import bundle

    one = bundle.chosen(assignment, "--gradescope 03.zip")
    files = _files(course, one, isolation)
    write = bundle.write_zip if target.suffix == ".zip" else bundle.write_folder
    count = write(files, target, programs=PROGRAMS)
    lines = [
        f"Wrote {target} ({count} files): an autograder for {one.name}, {one.max_points:g} points.",
        "It holds the solution and the hidden checks: upload it to Gradescope, and nowhere else.",
    ]
    if isolation:
        lines.append(f"It grades at {isolation!r} or stronger, as you said with --isolation.")
    return "\n".join(lines)


def _files(
    course: Course, assignment: Assignment, isolation: str | None
) -> Iterator[tuple[str, bytes]]:
    from autograder.integrations import bundle

    home = Path(__file__).parent
    for name in PROGRAMS:
        yield name, (home / name).read_bytes()
    settings = {"assignment": assignment.name, "isolation": isolation}
    yield SETTINGS, (json.dumps(settings, indent=1) + "\n").encode()
    yield "requirements.txt", bundle.NUMPY.encode()
    yield bundle.SECRET, bundle.secret_for(course, assignment)
    yield from bundle.engine_files("gradescope")
    yield from bundle.course_files(course, assignment)
