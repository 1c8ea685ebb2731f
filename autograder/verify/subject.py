"""The subject of all proofs: an assignment, its judges, and what is found of each slip."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autograder.checker.bank import Misconception
from autograder.checker.declare import Check, load_checks
from autograder.checker.draw import public_seed
from autograder.checker.finding import Finding
from autograder.checker.gates import counted
from autograder.checker.implementation import LocalImplementation
from autograder.checker.judge import Judge
from autograder.checker.key import LiveKey, run_probe
from autograder.checker.runs import neutral
from autograder.course.accepted import alternatives, write_alternative
from autograder.course.course import Assignment, Course
from autograder.course.reference import load_package
from autograder.verify.reach import Listening, touched


@dataclass(frozen=True)
class Subject:
    """One assignment with all that its proofs need."""

    course: Course
    assignment: Assignment
    reference: LocalImplementation
    slips: tuple[Misconception, ...]
    judge: Judge
    public: Judge
    again: Listening
    """The reference for a second run of each probe, which is kept for all proofs."""
    _found: dict[str, dict[str, Finding]] = field(default_factory=dict, repr=False, compare=False)
    _called: dict[tuple[str, int], frozenset[str]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def ways(self) -> Mapping[str, tuple[LocalImplementation, frozenset[str] | None]]:
        """The accepted alternatives by name, each with the names that lead to what it changes."""
        found = {}
        with tempfile.TemporaryDirectory() as temporary:
            for path in alternatives(self.assignment):
                write_alternative(self.course, path, Path(temporary) / path.name)
                way = load_package(self.course.contract, Path(temporary) / path.name)
                found[path.name] = way, touched(self.course, path)
        return found

    def called(self, check: Check, seed: int) -> frozenset[str]:
        """The functions that a probe calls on the reference, in its second run."""
        key = check.name, seed
        if key not in self._called:
            run_probe(check, self.again, seed)
            self._called[key] = self.again.called
        return self._called[key]

    def findings(self, slip: Misconception) -> dict[str, Finding]:
        """What the judge finds of a slip on its own checks: judged once for all proofs.

        Checks that train are left out where they could change nothing: see `_settled`.
        """
        if slip.name not in self._found:
            slipped, checks = live_key(self.judge).judged(slip.name), self.own_checks(slip)
            quick = [check for check in checks if check.kind != "learning"]
            found = self.judge.run(slipped, quick)
            if len(quick) < len(checks) and not self._settled(slip, quick, found):
                found = self.judge.run(slipped, checks)
            self._found[slip.name] = found
        return self._found[slip.name]

    @staticmethod
    def _settled(slip: Misconception, checks: list[Check], found: dict[str, Finding]) -> bool:
        """Whether a slip is caught and named, whatever checks that train say of it.

        No cause is believed or dropped for the sake of those where an ordinary value is wrong.
        """
        return all(check.of == slip.of for check in checks) and any(
            not found[check.name].passed and not neutral(check) and found[check.name].diagnosis
            for check in checks
        )

    def learning(self, slip: Misconception, check: Check) -> Finding:
        """What is found of a slip on a check that trains."""
        found = self.findings(slip)
        if check.name not in found:
            slipped = live_key(self.judge).judged(slip.name)
            found[check.name] = self.judge.run_one(check, slipped)
        return found[check.name]

    def score(self, findings: dict[str, Finding]) -> float:
        """Points that findings earn."""
        total = 0.0
        for function in self.assignment.functions:
            checks = [check for check in self.judge.checks if check.of == function.name]
            weight = sum(check.weight for check in checks)
            shares = counted(checks, findings)
            earned = sum(check.weight * shares[check.name] for check in checks)
            total += function.points * earned / weight
        return total

    def quick_checks(self, slip: Misconception) -> list[Check]:
        """All checks but other functions' learning, which takes seconds."""
        return [c for c in self.judge.checks if c.kind != "learning" or c.of == slip.of]

    def own_checks(self, slip: Misconception) -> list[Check]:
        """The checks of the functions that a slip changes, and of their partners."""
        changed = {slip.of, *slip.replaces}
        touched = {name for one in changed for name in self.course.contract.pair(one)}
        return [c for c in self.quick_checks(slip) if c.of in touched]


def make_subject(
    course: Course,
    assignment: Assignment,
    judge: Judge,
    reference: LocalImplementation,
    slips: tuple[Misconception, ...],
) -> Subject:
    """A subject from what the course's loader gives."""
    checks = load_checks(assignment.public_checks)
    public = Judge(checks, reference, slips, seed=lambda name: public_seed(assignment.name, name))
    again = Listening(reference.contract, reference.namespace)
    again.kept_outcomes = {}
    for slip in slips:
        live_key(judge).judged(slip.name)
    return Subject(course, assignment, reference, slips, judge, public, again)


def live_key(judge: Judge) -> LiveKey:
    """The judge's answers as the reference gives them."""
    assert isinstance(judge.key, LiveKey)
    return judge.key
