"""Loads what judges one assignment into this trusted process, and says when it has changed."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.checker.bank import Misconception, load_misconceptions
from autograder.checker.declare import Check, load_checks
from autograder.checker.implementation import LocalImplementation
from autograder.checker.judge import Judge
from autograder.checker.key import Outcomes
from autograder.checker.outcome import Outcome
from autograder.checker.runs import Look
from autograder.course.accepted import alternatives, loops_below
from autograder.course.course import Assignment, Course
from autograder.course.manifest import AssignedFunction
from autograder.course.reference import load_reference
from autograder.course.secret import Secret
from autograder.documents.schema import nearest
from autograder.errors import UsageProblem
from autograder.uploads.submission import digest_of

if TYPE_CHECKING:
    from autograder.explain.search import Explainer

ONE_STREAM = ("learning", "cost")  # kinds whose answers are bounds, and dear to compute


class Streams:
    """The judges of an assignment's hidden checks, one for each stream of inputs.

    Each is made when it is first needed, and serves a whole batch from then on.
    """

    def __init__(self, course: Course, assignment: Assignment, secret: Secret) -> None:
        self.course, self.assignment, self.secret = course, assignment, secret
        self.count = course.feedback.streams
        self.checks = hidden_checks(course, assignment)
        self.slips = misconceptions(course, assignment)
        self.reference = load_reference(course)
        self._steady = {check.name for check in self.checks if check.kind in ONE_STREAM}
        self.allowed: dict[str, float] = {}  # CPU seconds that a cost check may take
        self._judges: dict[int, Judge] = {}
        self._known: Outcomes = {}
        self._seeds: dict[tuple[str, int], int] = {}

    @functools.cached_property
    def explainer(self) -> Explainer | None:
        """What finds causes in the steps of functions; made when it is first needed."""
        return explainer(self.assignment, self.reference)

    def look(self, check: Check, seed: int, right: Outcome, got: Outcome) -> Look | None:
        """The explainer's look at an outcome. Where all is right, there is never one."""
        if self.explainer is None:
            return None
        return self.explainer.look(check, seed, right, got)

    def preparing(self, files: Mapping[str, bytes] | None) -> Iterator[None]:
        """Compute, step by step, the answers that a submission will need; None: any submission."""
        if files is not None:
            yield from self.of(files).preparing()
        elif self.count == 1:
            yield from self[0].preparing()

    def __getitem__(self, stream: int) -> Judge:
        """The judge of one stream."""
        if stream not in self._judges:
            self._judges[stream] = Judge(
                self.checks,
                self.reference,
                self.slips,
                seed=lambda check: self.seed(check, stream),
                allowed=self.allowed,
                suggests=self,
                known=self._known,
            )
        return self._judges[stream]

    def seed(self, check: str, stream: int) -> int:
        """The seed of a check's inputs in a stream."""
        chosen = 0 if check in self._steady else stream
        if (check, chosen) not in self._seeds:
            seed = self.secret.seed(self.assignment.name, check, chosen)
            self._seeds[check, chosen] = seed
        return self._seeds[check, chosen]

    def of(self, files: Mapping[str, bytes]) -> Judge:
        """The judge of what was handed in, given files filled in: always the same for the same."""
        digest = digest_of(files)
        return self[self.secret.stream(self.assignment.name, digest, self.count)]


def hidden_checks(course: Course, assignment: Assignment) -> tuple[Check, ...]:
    """The hidden checks of functions with points; those of given functions are not graded."""
    checks: tuple[Check, ...] = _content(assignment.hidden_checks, load_checks)
    names = [function.name for function in assignment.functions]
    known = course.contract.functions
    for function in assignment.functions:
        if function.name not in known:
            raise UsageProblem(
                f'{assignment.manifest}: function "{function.name}" is not in the reference '
                f"package {course.package}{nearest(function.name, known)}."
            )
        if not any(check.of == function.name for check in checks):
            raise UsageProblem(
                f"{assignment.hidden_checks}: {function.name} has {function.points:g} points but "
                "no hidden check. Write one, or take the function out of the manifest."
            )
    for check in checks:
        if check.of not in names and check.of not in assignment.given:
            raise UsageProblem(
                f"{assignment.hidden_checks}: {check.name} is a check of {check.of}, which is no "
                f"function of {assignment.name}{nearest(check.of, names)}."
            )
    return tuple(check for check in checks if check.of in names)


def misconceptions(course: Course, assignment: Assignment) -> tuple[Misconception, ...]:
    """The known slips; a course may have none."""
    if not assignment.slips.is_file():
        return ()
    slips: tuple[Misconception, ...] = _content(assignment.slips, load_misconceptions)
    for slip in slips:
        if slip.of not in course.contract.functions:
            raise UsageProblem(
                f"{assignment.slips}: {slip.name} is a slip in {slip.of}, which is not "
                f"in the package {course.package}{nearest(slip.of, course.contract.functions)}."
            )
    return slips


def explainer(assignment: Assignment, reference: LocalImplementation) -> Explainer | None:
    """What finds causes in the steps of the assignment's functions; a course may have none."""
    if not assignment.steps.is_file():
        return None
    from autograder.explain.search import Explainer  # here: most submissions don't need it
    from autograder.explain.steps import load_steps

    try:
        return Explainer(load_steps(assignment.steps, reference))
    except Exception as error:
        raise UsageProblem(
            f"{assignment.steps} can't be loaded: {type(error).__name__}: {error}."
        ) from error


def _content(path: Path, load: Callable[[Path], tuple[Any, ...]]) -> tuple[Any, ...]:
    """Run a trusted content file; what goes wrong in it is told with its name."""
    if not path.is_file():
        raise UsageProblem(f"{path} is missing.")
    try:
        return load(path)
    except Exception as error:
        raise UsageProblem(f"{path} can't be loaded: {type(error).__name__}: {error}.") from error


def served_functions(
    course: Course, assignment: Assignment, function: AssignedFunction
) -> frozenset[str]:
    """What a function's second chance may take from the reference: never what is asked."""
    names = set(function.below)
    for earlier in course.before(assignment):
        names.update(one.name for one in earlier.functions)
        names.update(earlier.given)
    pair = course.contract.pair(function.name)
    return frozenset(names & course.contract.functions.keys()) - pair


def assignment_digest(course: Course, assignment: Assignment) -> str:
    """Changes whenever anything changes that a score could depend on."""
    whole = hashlib.sha256()
    package = course.solutions / course.package
    engine = Path(__file__).parent.parent / "checker"
    ways = [*alternatives(assignment), *loops_below(course, assignment)]
    files = [
        assignment.manifest,
        assignment.hidden_checks,
        assignment.slips,
        assignment.steps,
        *sorted((Path(__file__).parent.parent / "explain").glob("*.py")),
        *(path for way in ways for path in sorted(way.glob("*.py"))),
        *sorted(package.rglob("*.py")),
        *sorted(engine.glob("*.py")),
        Path(__file__).parent / "cost.py",
    ]
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        whole.update(f"{path.name}\0{len(content)}\0".encode())
        whole.update(content)
    served: Mapping[str, list[str]] = {
        function.name: sorted(served_functions(course, assignment, function))
        for function in assignment.functions
        if function.name in course.contract.functions
    }
    whole.update(json.dumps(served, sort_keys=True).encode())
    return whole.hexdigest()
