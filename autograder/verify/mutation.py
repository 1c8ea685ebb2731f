"""Mutation: every small change of the solution must fail a hidden check, or be explained."""

from __future__ import annotations

import signal
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from autograder.checker.declare import Check
from autograder.checker.implementation import LocalImplementation
from autograder.checker.key import LiveKey, differs, run_probe
from autograder.course.course import Assignment, Course
from autograder.course.reference import package_in_place
from autograder.errors import KitError
from autograder.verify.mutants import Mutant, Source, mutants_of
from autograder.verify.reach import Listening

SECONDS = 5.0  # of CPU time: a mutant that loops is killed


@dataclass(frozen=True)
class Mutation:
    """What became of an assignment's mutants."""

    killed: int
    explained: tuple[str, ...]
    survivors: tuple[str, ...]
    stale: tuple[str, ...]  # explanations of mutants that there are no more, or that are killed

    @property
    def total(self) -> int:
        """How many mutants there were."""
        return self.killed + len(self.explained) + len(self.survivors)


class _TookTooLongError(BaseException):
    pass


def reviewed(path: Path) -> dict[str, str]:
    """The reviewed survivors: key -> why no check can or should kill it."""
    if not path.is_file():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    for entry in entries:
        if not entry.get("mutant") or not entry.get("why"):
            raise KitError(f"{path}: each survivor needs `mutant` and `why`.")
    return {entry["mutant"]: entry["why"] for entry in entries}


def run_mutants(
    course: Course,
    assignment: Assignment,
    checks: Sequence[Check],
    key: LiveKey,
    reference: LocalImplementation,
    progress: Callable[[int, int], None],
) -> Mutation:
    """Grade every mutant of an assignment's functions with its hidden checks."""
    work: list[tuple[Source, Mutant]] = []
    for name in assignment.files:
        path = course.solutions / course.package / name
        functions = frozenset(
            function.name
            for function in assignment.functions
            if course.contract.functions[function.name].module == path.stem
        )
        source = Source(path)
        work += [(source, mutant) for mutant in mutants_of(source.tree, functions)]
    known = reviewed(assignment.survivors)
    alive = []
    trial = Trial(course, checks, key, reference)
    with package_in_place(course.package, course.solutions):
        for done, (source, mutant) in enumerate(work):
            if not trial.killed(source, mutant):
                alive.append(mutant.key)
            progress(done + 1, len(work))
    return Mutation(
        killed=len(work) - len(alive),
        explained=tuple(item for item in alive if item in known),
        survivors=tuple(item for item in alive if item not in known),
        stale=tuple(item for item in known if item not in alive),
    )


class Trial:
    """Meets mutants with checks until one fails."""

    def __init__(
        self,
        course: Course,
        checks: Sequence[Check],
        key: LiveKey,
        reference: LocalImplementation,
    ) -> None:
        self._course, self._key, self._reference = course, key, reference
        self._checks = [check for check in checks if check.kind != "learning"]
        self._called: dict[str, frozenset[str]] = {}
        self._killers: dict[str, str] = {}  # the check that killed the last mutant of a function

    def killed(self, source: Source, mutant: Mutant) -> bool:
        """Whether some check fails on the mutant. Its own function's checks are tried first."""
        package = self._course.package
        module = ModuleType(f"{package}.{source.path.stem}")
        module.__file__ = str(source.path)
        try:
            with _alarm(), np.errstate(all="ignore"):
                sys.modules[module.__name__] = module
                source.run_with(mutant, module.__dict__)
                own = {
                    name: getattr(module, name)
                    for name, function in self._course.contract.functions.items()
                    if function.module == source.path.stem and hasattr(module, name)
                }
                namespace = dict(self._reference.namespace) | own
                implementation = LocalImplementation(self._course.contract, namespace)
                reaching = source.reaching(mutant.function)
                return any(
                    self._fails(check, mutant, implementation)
                    for check in self._ordered(mutant)
                    if reaching is None or reaching & self._functions_of(check)
                )
        except (_TookTooLongError, MemoryError):
            return True
        except Exception:  # the mutant can't even be imported
            return True
        finally:
            sys.modules.pop(module.__name__, None)

    def _ordered(self, mutant: Mutant) -> list[Check]:
        """What killed its neighbour first, then its own function's checks; what is quick first."""
        base = mutant.function.removesuffix("_backward")
        last = self._killers.get(mutant.function)
        return sorted(
            self._checks,
            key=lambda check: (
                check.name != last,
                check.of.removesuffix("_backward") != base,
                self._key.expected(check).seconds,
            ),
        )

    def _fails(self, check: Check, mutant: Mutant, implementation: LocalImplementation) -> bool:
        outcome = run_probe(check, implementation, self._key.seed(check))
        failed = differs(check, self._key.expected(check), outcome)
        if failed:
            self._killers[mutant.function] = check.name
        return failed

    def _functions_of(self, check: Check) -> frozenset[str]:
        """The functions that a check calls, those that raise included.

        A mutant behaves as the reference does until its changed function runs: a check that never
        comes to that can't fail.
        """
        if check.name not in self._called:
            listening = Listening(self._reference.contract, self._reference.namespace)
            run_probe(check, listening, self._key.seed(check))
            self._called[check.name] = listening.called
        return self._called[check.name]


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> Any:
        raise _TookTooLongError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
