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
from autograder.verify.mutants import Mutant, mutants_of

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
    work = []
    for name in assignment.files:
        path = course.solutions / course.package / name
        functions = frozenset(
            function.name
            for function in assignment.functions
            if course.contract.functions[function.name].module == path.stem
        )
        source = path.read_text(encoding="utf-8")
        work += [(path, mutant) for mutant in mutants_of(source, functions)]
    known = reviewed(assignment.survivors)
    alive = []
    with package_in_place(course.package, course.solutions):
        for done, (path, mutant) in enumerate(work):
            if not _killed(course, path, mutant, checks, key, reference):
                alive.append(mutant.key)
            progress(done + 1, len(work))
    return Mutation(
        killed=len(work) - len(alive),
        explained=tuple(item for item in alive if item in known),
        survivors=tuple(item for item in alive if item not in known),
        stale=tuple(item for item in known if item not in alive),
    )


def _killed(
    course: Course,
    path: Path,
    mutant: Mutant,
    checks: Sequence[Check],
    key: LiveKey,
    reference: LocalImplementation,
) -> bool:
    """Whether some check fails on the mutant. Its own function's checks are tried first."""
    module = ModuleType(f"{course.package}.{path.stem}")
    module.__file__ = str(path)
    try:
        with _alarm(), np.errstate(all="ignore"):
            code = compile(mutant.source, str(path), "exec")
            sys.modules[module.__name__] = module
            exec(code, module.__dict__)  # noqa: S102  (the course's own solution, one node changed)
            own = {
                name: getattr(module, name)
                for name, function in course.contract.functions.items()
                if function.module == path.stem and hasattr(module, name)
            }
            implementation = LocalImplementation(course.contract, dict(reference.namespace) | own)
            base = mutant.function.removesuffix("_backward")
            quick = (check for check in checks if check.kind != "learning")
            ordered = sorted(quick, key=lambda c: c.of.removesuffix("_backward") != base)
            return any(_fails(check, implementation, key) for check in ordered)
    except (_TookTooLongError, MemoryError):
        return True
    except Exception:  # the mutant can't even be imported
        return True
    finally:
        sys.modules.pop(module.__name__, None)


def _fails(check: Check, implementation: LocalImplementation, key: LiveKey) -> bool:
    outcome = run_probe(check, implementation, key.seed(check))
    return differs(check, key.expected(check), outcome)


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
