"""`autograder export similarity`: submissions laid out for Dolos and JPlag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from autograder.course.course import Assignment, Course
from autograder.errors import UsageProblem
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.marks import Books
from autograder.gradebook.roster import Roster
from autograder.grading.grader import expected_of
from autograder.integrations.exports.similarity import README, similarity_files
from autograder.uploads.sources import as_committed, find_sources
from autograder.uploads.submission import Submission, read_submission
from autograder.uploads.upload import Refused, shown


def lay_out(
    course: Course,
    arguments: Sequence[str],
    target: Path | None,
    gradebook: Path,
    people: Roster,
) -> None:
    """Write the folder. `arguments`: the assignment, then the uploads as `grade` takes them."""
    if len(arguments) < 2 or target is None:
        raise UsageProblem(
            "The gradebook keeps no files, so name the uploads again: "
            "autograder export similarity ASSIGNMENT PATH... --to DIR"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageProblem(f"{target} is there already: name a new folder with --to DIR.")
    assignment = course.assignment(arguments[0])
    read, doubts = _read(course, assignment, [Path(path) for path in arguments[1:]], people)
    counting = _counting(course, assignment, gradebook)
    chosen, more = _chosen(read, counting)
    if len(chosen) < 2:
        raise UsageProblem(
            f"There is nothing to compare: {len(chosen)} submission(s) can be read in "
            f"{', '.join(arguments[1:])}." + "".join(f" {line}" for line in (*doubts, *more))
        )
    names = {one.id: people.person(one.id).name for one in chosen}
    try:
        for path, content in similarity_files(course, assignment, chosen, names):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(content)
    except OSError as error:
        raise UsageProblem(f"{target} can't be written: {error.strerror}.") from error
    click.echo(
        f"Wrote {target}: {len(chosen)} submissions of {assignment.name}. "
        f"{target / README} says how to compare them, and how not to read what comes of it."
    )
    for line in (*doubts, *more):
        click.echo(line, err=True)


def _read(
    course: Course, assignment: Assignment, paths: Sequence[Path], people: Roster
) -> tuple[list[Submission], list[str]]:
    """Every upload that can be read, in the order of the paths, and who is left out."""
    expected = expected_of(course, assignment)
    read, doubts = [], []
    for path in paths:
        sources, _ = people.apply(as_committed(find_sources([path], expected), None))
        for source in sources:
            try:
                read.append(read_submission(source, expected))
            except Refused as refusal:
                doubts.append(f"Left out: {shown(source.id)}, {refusal}.")
    return read, doubts


def _counting(course: Course, assignment: Assignment, gradebook: Path) -> dict[str, str]:
    """The digest of the attempt that counts, by student; nothing where nothing was graded."""
    if not gradebook.is_file():
        return {}
    with Gradebook(gradebook) as book:
        books = Books(course, book, Ledger.load(gradebook.parent, course))
        marks = books.marks().get(assignment.name, {})
        attempts = book.attempts(assignment.name)
    return {
        one.student: one.submission.digest
        for one in attempts
        if one.student in marks and marks[one.student].attempt == one.attempt
    }


def _chosen(
    read: Sequence[Submission], counting: Mapping[str, str]
) -> tuple[list[Submission], list[str]]:
    """One submission a student: the one that counts, else the last that was named."""
    by_student: dict[str, list[Submission]] = {}
    for one in read:
        by_student.setdefault(one.id, []).append(one)
    chosen, doubts = [], []
    for student, found in by_student.items():
        right = [one for one in found if one.digest == counting.get(student)]
        chosen.append((right or found)[-1])
        if student in counting and not right:
            doubts.append(
                f"{shown(student)}: what counts is another upload than those named here; "
                f"{chosen[-1].name} was taken."
            )
        elif len(found) > 1 and not right:
            doubts.append(
                f"{shown(student)} has {len(found)} uploads, none graded; "
                f"the last one, {chosen[-1].name}, was taken."
            )
    return sorted(chosen, key=lambda one: one.id), doubts
