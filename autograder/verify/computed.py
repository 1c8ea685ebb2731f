"""The proof that computed gradients don't pay: differentiators, graded in the jail."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.checker.gates import COMPUTED_SHARE, counted
from autograder.course.course import Assignment, Course
from autograder.grading.grader import Grader, Settings
from autograder.grading.judges import Streams
from autograder.verify.differentiators import (
    LOSSES,
    WAYS,
    differentiable,
    write_differentiator,
)
from autograder.verify.proofs import Proof


@dataclass(frozen=True)
class Share:
    """What one way of computing gradients earns of the points of one function."""

    way: str
    function: str
    open: float  # were there no cost checks
    earned: float


def knowing(streams: Streams, settings: Settings) -> Grader:
    """A grader that need not compute anew what is known: the answers, and what slips give."""
    grader = Grader(streams.course, streams.assignment, settings)
    grader.streams = streams
    return grader


def computed_proof(course: Course, assignment: Assignment, streams: Streams) -> Proof:
    """Number by number, at most a tenth of the points of every gradient that has a cost check.

    Column by column is measured too, but not demanded: a Jacobian, which is a right way, is
    nearly as much work. Review notes have those.
    """
    shares = tuple(shares_of(course, assignment, streams))
    problems = [
        f"{share.way}: {share.function} earns {share.earned:.0%}"
        for share in shares
        if share.earned > COMPUTED_SHARE + 1e-9 and WAYS[share.way][0] == "number"
    ]
    return Proof("computed gradients don't pay", len(shares), tuple(problems))


def shares_of(course: Course, assignment: Assignment, streams: Streams) -> Iterator[Share]:
    """Every way to compute the gradients of every function with a cost check."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        knowing(streams, Settings(upstream="own")) as grader,
    ):
        grader.costs.prepare(grader.streams[0])
        costly = {check.of for check in grader.streams.checks if check.kind == "cost"}
        for number, way in enumerate(WAYS):
            names = [
                name for name in differentiable(course, assignment, way) if _graded(name) in costly
            ]
            if names:
                folder = Path(temporary) / str(number)
                write_differentiator(course, way, names, folder)
                yield from _shares(grader, folder, way, names)


def _graded(name: str) -> str:
    """The function whose points a computed gradient is after."""
    return name if name in LOSSES else f"{name}_backward"


def _shares(grader: Grader, folder: Path, way: str, names: list[str]) -> Iterator[Share]:
    judge = grader.streams[0]
    functions = {_graded(name) for name in names}
    checks = [check for check in judge.checks if check.of in functions]
    found = grader.findings(judge, folder, Counter(), checks)[0]
    for function in sorted(functions):
        own = [check for check in checks if check.of == function]
        weight = sum(check.weight for check in own)
        free = [check for check in own if check.kind != "cost"]
        passed = sum(check.weight for check in free if found[check.name].passed)
        whole = sum(check.weight for check in free)
        counts = counted(own, found)
        earned = sum(check.weight * counts[check.name] for check in own)
        yield Share(way, function, passed / whole, earned / weight)
