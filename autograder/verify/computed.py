"""The proof that computed gradients don't pay: differentiators, graded in the jail."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checker.declare import Check
from autograder.checker.gates import COMPUTED_SHARE, counted
from autograder.checker.implementation import Call, Implementation
from autograder.checker.judge import Judge
from autograder.checker.outcome import (
    ImplementationRaised,
    ImplementationStopped,
    Opaque,
    Verdict,
)
from autograder.grading.cost import SLACK, Costs
from autograder.grading.grader import Grader
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


class KeptOpen(ExitStack):
    """In a sandbox's place, its workers, one a folder: a way's cost checks share its start."""

    def __init__(self, grader: Grader) -> None:
        super().__init__()
        self._open = grader.sandbox.open
        self._workers: dict[Path, Implementation] = {}

    def open(self, folder: Path) -> AbstractContextManager[Implementation]:
        """The worker of a folder, which outlives this context."""
        if folder not in self._workers:
            self._workers[folder] = self.enter_context(self._open(folder))
        return nullcontext(self._workers[folder])


def computed_proof(grader: Grader) -> Proof:
    """Number by number, at most a tenth of the points of every gradient that has a cost check.

    Column by column is measured too, but not demanded: a Jacobian, which is a right way, is
    nearly as much work. Review notes have those.
    """
    shares = tuple(shares_of(grader))
    problems = [
        f"{share.way}: {share.function} earns {share.earned:.0%}"
        for share in shares
        if share.earned > COMPUTED_SHARE + 1e-9 and WAYS[share.way][0] == "number"
    ]
    return Proof("computed gradients don't pay", len(shares), tuple(problems))


def shares_of(grader: Grader) -> Iterator[Share]:
    """Every way to compute the gradients of every function with a cost check."""
    course, assignment, streams = grader.course, grader.assignment, grader.streams
    with tempfile.TemporaryDirectory() as temporary, KeptOpen(grader) as kept:
        folder = Path(temporary)
        sandbox: Any = kept
        grader.costs = Costs(course, assignment, sandbox, streams.allowed, folder / "ways")
        grader.costs.prepare(streams[0])
        costly = {check.of for check in streams.checks if check.kind == "cost"}
        for number, way in enumerate(WAYS):
            names = [
                name for name in differentiable(course, assignment, way) if _graded(name) in costly
            ]
            if names:
                write_differentiator(course, way, names, folder / str(number))
                yield from _shares(grader, folder / str(number), way, names)


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
            with grader.sandbox.open(folder) as worker:
                watched = Watched(worker)
                _warm(judge, watched, function)
                for check in own:
                    if check.kind == "cost":
                        verdict = judge.run_one(check, watched).verdict
                        found.update({function} if verdict is Verdict.TIMEOUT else ())
            if watched.fault is not None:
                raise watched.fault
    finally:
        allowed.update(usual)
    return frozenset(found)


def _warm(judge: Judge, watched: Watched, function: str) -> None:
    """Call something of a function's file, so that a start and imports are not measured.

    That is a forward: a gradient takes long to compute, however small it is. Where the file has
    none, it is the smallest check.
    """
    functions = watched.contract.functions
    module = functions[function].module
    beside = [check for check in judge.checks if functions[check.of].module == module]
    calls = [
        call
        for check in beside
        if check.kind == "value"
        for call in judge.key.expected(check).calls
        if call.function.module == module and _plain(call)
    ]
    if not calls:
        own = [check for check in beside if check.of == function]
        judge.run_one(min(own, key=lambda check: _numbers(judge, check)), watched)
        return
    call = min(calls, key=lambda call: floats_in((call.args, call.kwargs)))
    watched.begin()
    with suppress(ImplementationRaised, ImplementationStopped):
        watched.invoke(call.function, call.args, call.kwargs)


def _plain(call: Call) -> bool:
    """Whether a call computes no gradient, and needs nothing that another one returned."""
    name = call.function.name
    given = [*call.args, *call.kwargs.values()]
    gradient = name in LOSSES or name.endswith("_backward")
    return not gradient and not any(isinstance(value, Opaque) for value in given)


def _numbers(judge: Judge, check: Check) -> int:
    """How many numbers a check hands over: a gradient is computed for each of them."""
    return sum(floats_in((call.args, call.kwargs)) for call in judge.key.expected(check).calls)
