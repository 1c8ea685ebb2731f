"""The proof that the jail gives what this process does: right ways earn all, stubs nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.course.accepted import alternatives, write_alternative
from autograder.course.course import Assignment, Course
from autograder.grading.grader import Settings, expected_of
from autograder.grading.judges import Streams
from autograder.uploads.submission import Source, read_submission
from autograder.verify.computed import knowing
from autograder.verify.proofs import Proof
from autograder.verify.submissions import write_template


def jail_proof(course: Course, assignment: Assignment, streams: Streams) -> Proof:
    """The proof, with how many submissions were graded."""
    problems = tuple(graded_in_the_jail(course, assignment, streams))
    return Proof("the same in the jail", 2 + len(alternatives(assignment)), problems)


def graded_in_the_jail(course: Course, assignment: Assignment, streams: Streams) -> Iterator[str]:
    """The solution, the template and every alternative as submissions, graded as students' are."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        template = folder / "template"
        write_template(course, assignment, template)
        whole = {"solution": course.solutions}
        for path in alternatives(assignment):
            write_alternative(course, path, folder / path.name)
            whole[path.name] = folder / path.name
        expected = expected_of(course, assignment)
        with knowing(streams, Settings()) as grader:
            for name, path in (*whole.items(), ("template", template)):
                result = grader.grade(read_submission(Source(name, (path,)), expected))
                wanted = 0.0 if name == "template" else assignment.max_points
                if result.raw_score != wanted:
                    yield f"{name} scores {result.raw_score}, not {wanted:g} ({result.reason})"
