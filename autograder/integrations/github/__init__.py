"""GitHub: a template repository whose workflow runs the public checks on every push."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.errors import UsageProblem

if TYPE_CHECKING:
    from autograder.course.course import Assignment, Course

HOME = Path(__file__).parent
IGNORE = """.venv/
__pycache__/
.pytest_cache/
.autograder/
*.zip
result.json
"""
ATTRIBUTES = "* text=auto eol=lf\n*.svg -diff\nassignments/** linguist-documentation\n"


def release(
    course: Course, assignment: Assignment | None, target: Path, isolation: str | None = None
) -> str:
    """Write the repository's files: of one assignment alone, or of the whole course."""
    from autograder.integrations import bundle

    if isolation is not None:
        raise UsageProblem("--isolation does not go with --github: nothing is graded there.")
    if target.suffix == ".zip":
        raise UsageProblem("--github writes a folder: make a repository of it.")
    if (target / ".git").exists():
        kept = {path.name for path in target.iterdir()} - {".git"}
    else:
        kept = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if kept:
        raise UsageProblem(f"{target} is not empty ({min(kept)}): name a new folder for it.")
    count = bundle.write_folder(_files(course, assignment), target)
    what = assignment.name if assignment else "the whole course"
    return "\n".join(
        [
            f"Wrote {target} ({count} files): a repository for {what}, to be a template on GitHub.",
            "Nothing hidden is in it. Grade the clones at home: "
            f"autograder grade {assignment.number if assignment else 'NN'} clones/",
            "docs/github.md says how, step by step.",
        ]
    )


def _files(course: Course, assignment: Assignment | None) -> Iterator[tuple[str, bytes]]:
    from autograder.release.alone import alone_files
    from autograder.release.template import template_files

    chosen = alone_files(course, assignment) if assignment else template_files(course)
    for file in chosen:
        yield file.path.as_posix(), file.content
    number = assignment.number if assignment else ""
    yield ".gitignore", IGNORE.encode()
    yield ".gitattributes", ATTRIBUTES.encode()
    for name, place in (
        ("check.yml", ".github/workflows/check.yml"),
        ("classroom50.py", ".github/classroom50/autograder.py"),
    ):
        text = (HOME / name).read_text(encoding="utf-8").replace("@NUMBER@", number)
        yield place, text.replace("check.py  --ci", "check.py --ci").encode()
