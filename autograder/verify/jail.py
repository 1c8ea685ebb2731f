"""What is proven in the jail: it gives what this process does, and computed gradients don't pay."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.judge import Judge
from autograder.checker.outcome import Outcome
from autograder.course.accepted import alternatives, write_alternative
from autograder.course.course import Assignment, Course
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.grading.judges import Streams
from autograder.grading.watched import Watched
from autograder.uploads.submission import Source, read_submission
from autograder.verify.computed import computed_proof
from autograder.verify.proofs import Proof
from autograder.verify.reach import touched
from autograder.verify.submissions import write_template


def jail_proofs(course: Course, assignment: Assignment, streams: Streams) -> Iterator[Proof]:
    """Both proofs, by one grader."""
    with Sparing(course, assignment, streams, Settings()) as grader:
        problems = tuple(graded_in_the_jail(grader))
        yield Proof("the same in the jail", 2 + len(alternatives(assignment)), problems)
        grader.settings = replace(grader.settings, upstream="own")
        yield computed_proof(grader)


def graded_in_the_jail(grader: Sparing) -> Iterator[str]:
    """The solution, the template and every alternative as submissions, graded as students' are."""
    course, assignment = grader.course, grader.assignment
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        template = folder / "template"
        write_template(course, assignment, template)
        ways: dict[str, tuple[Path, frozenset[str] | None]] = {"solution": (course.solutions, None)}
        for path in alternatives(assignment):
            write_alternative(course, path, folder / path.name)
            ways[path.name] = folder / path.name, touched(course, path)
        expected = expected_of(course, assignment)
        for name, (path, names) in (*ways.items(), ("template", (template, None))):
            grader.solution, grader.touched = name == "solution", names
            result = grader.grade(read_submission(Source(name, (path,)), expected))
            wanted = 0.0 if name == "template" else assignment.max_points
            if result.raw_score != wanted:
                yield f"{name} scores {result.raw_score}, not {wanted:g} ({result.reason})"


class Sparing(Grader):
    """A grader that lets a way train only where something of its own would run.

    The solution comes first: what its training came to in the jail, it comes to in a way that
    touches nothing of it.
    """

    def __init__(
        self, course: Course, assignment: Assignment, streams: Streams, settings: Settings
    ) -> None:
        """`streams` knows the answers already, and what slips give."""
        super().__init__(course, assignment, settings)
        self.streams = streams
        self.solution = False
        """Whether it is the solution that is graded."""
        self.touched: frozenset[str] | None = None
        """The names that lead to what a way changes; None: all."""
        self._trained: dict[tuple[str, int], Outcome] = {}

    def __enter__(self) -> Sparing:
        super().__enter__()
        return self

    def _run(
        self, judge: Judge, watched: Watched, checks: Sequence[Check] | None = None
    ) -> dict[str, Finding]:
        training = [
            (check, (check.name, judge.key.seed(check)))
            for check in judge.checks
            if check.kind == "learning"
        ]
        if self.touched is not None:
            watched.kept_outcomes = {
                key: self._trained[key]
                for check, key in training
                if key in self._trained and not self.touched & called(judge.key.expected(check))
            }
        elif self.solution:
            kept: dict[tuple[str, int], Outcome] = {}
            watched.kept_outcomes = kept
            found = super()._run(judge, watched, checks)
            self._trained |= {key: kept[key] for _, key in training if key in kept}
            return found
        return super()._run(judge, watched, checks)


def called(outcome: Outcome) -> frozenset[str]:
    """The functions that a probe called which came to its end."""
    return frozenset(call.function.name for call in outcome.calls)
