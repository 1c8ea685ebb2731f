"""The proof that computed gradients don't pay: differentiators, graded in the jail."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.checker.declare import Check
from autograder.checker.gates import COMPUTED_SHARE, counted
from autograder.checker.judge import Judge
from autograder.checker.outcome import Verdict
from autograder.course.course import Assignment, Course
from autograder.grading.cost import SLACK
from autograder.grading.grader import Grader, Settings
from autograder.grading.judges import Streams
from autograder.grading.watched import Watched
from autograder.verify.differentiators import (
    LOSSES,
    WAYS,
    differentiable,
    write_differentiator,
)
from autograder.verify.inputs import floats_in
from autograder.verify.proofs import Proof

CLEARLY = 2.0  # times a cost check's limit: no second measurement would let that pass


@dataclass(frozen=True)
class Share:
    """What one way of computing gradients earns at most of the points of one function."""

    way: str
    function: str
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
    functions = sorted(map(_graded, names))
    stopped = clearly_stopped(grader, judge, folder, functions)
    yield from (Share(way, function, COMPUTED_SHARE) for function in sorted(stopped))
    left = [function for function in functions if function not in stopped]
    checks = [check for check in judge.checks if check.of in left]
    found = grader.findings(judge, folder, Counter(), checks)[0] if checks else {}
    for function in left:
        own = [check for check in checks if check.of == function]
        weight = sum(check.weight for check in own)
        shares = counted(own, found)
        earned = sum(check.weight * shares[check.name] for check in own)
        yield Share(way, function, earned / weight)


def clearly_stopped(
    grader: Grader, judge: Judge, folder: Path, functions: list[str]
) -> frozenset[str]:
    """The functions whose cost check goes far beyond what a right way may take.

    What did not end in `CLEARLY` times the limit earns a tenth at most, whatever its other checks
    say: they need not be run, and as each of them computes gradients too, they take minutes.
    """
    allowed = grader.streams.allowed
    usual = dict(allowed)
    allowed.update((name, CLEARLY / SLACK * most) for name, most in usual.items())
    found: set[str] = set()
    try:
        for function in functions:
            own = [check for check in judge.checks if check.of == function]
            first = min(own, key=lambda check: _numbers(judge, check))
            with grader.sandbox.open(folder) as worker:
                watched = Watched(worker)
                judge.run_one(first, watched)  # so that a start and imports are not measured
                for check in own:
                    if check.kind == "cost":
                        verdict = judge.run_one(check, watched).verdict
                        found.update({function} if verdict is Verdict.TIMEOUT else ())
            if watched.fault is not None:
                raise watched.fault
    finally:
        allowed.update(usual)
    return frozenset(found)


def _numbers(judge: Judge, check: Check) -> int:
    """How many numbers a check hands over: a gradient is computed for each of them."""
    return sum(floats_in((call.args, call.kwargs)) for call in judge.key.expected(check).calls)
