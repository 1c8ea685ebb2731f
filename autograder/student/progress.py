"""Where a student stands: which functions are right, and which comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from autograder.checker.finding import Finding
from autograder.checker.judge import Judge
from autograder.checker.outcome import Verdict
from autograder.student.record import Exercise
from autograder.student.suggestions import Recorded
from autograder.student.workspace import Assignment, Workspace

GREY = (Verdict.NOT_IMPLEMENTED, Verdict.SKIPPED, Verdict.MISSING)


@dataclass(frozen=True)
class Progress:
    """The findings of one assignment's public checks."""

    assignment: Assignment
    findings: Mapping[str, Finding]
    borrowed: tuple[str, ...] = ()  # past assignments whose released solution was used

    @property
    def passed(self) -> int:
        """How many checks pass."""
        return sum(finding.passed for finding in self.findings.values())

    @property
    def done(self) -> bool:
        """Whether every check passes."""
        return self.passed == len(self.findings)

    @property
    def started(self) -> bool:
        """Whether any function that the student writes is there."""
        return any(f.verdict not in GREY for f in self._own())

    def _own(self) -> list[Finding]:
        names = {exercise.name for exercise in self.assignment.record.exercises}
        return [finding for finding in self.findings.values() if finding.function in names]

    def of(self, function: str) -> list[Finding]:
        """The findings of one function."""
        return [finding for finding in self.findings.values() if finding.function == function]

    def next_exercise(self) -> Exercise | None:
        """The first function, in the manifest's order, that is not right yet."""
        for exercise in self.assignment.record.exercises:
            if not all(finding.passed for finding in self.of(exercise.name)):
                return exercise
        return None

    def first_failure(self) -> Finding | None:
        """The finding to show in full: of the next function, what was tried before what waits."""
        exercise = self.next_exercise()
        if exercise is None:
            return None
        failed = [finding for finding in self.of(exercise.name) if not finding.passed]
        return min(failed, key=lambda finding: finding.verdict in GREY, default=None)


def run_assignment(workspace: Workspace, assignment: Assignment) -> Progress:
    """Run an assignment's public checks on the student's package.

    Below it stands the student's own work; where that is not right yet and its solution has been
    handed out, the solution stands there instead.
    """
    released = workspace.released_modules(assignment)
    borrowed = tuple(
        earlier.name
        for earlier in workspace.assignments
        if released.get(earlier.name) and not _run(workspace, earlier, frozenset()).done
    )
    modules = frozenset(module for name in borrowed for module in released[name])
    return replace(_run(workspace, assignment, modules), borrowed=borrowed)


def _run(workspace: Workspace, assignment: Assignment, released: frozenset[str]) -> Progress:
    record = assignment.record
    judge = Judge.from_key(assignment.checks, record, Recorded(record))
    findings = judge.run(workspace.implementation(assignment, released))
    return Progress(assignment, _wait(assignment, findings))


def _wait(assignment: Assignment, findings: dict[str, Finding]) -> dict[str, Finding]:
    """What builds on a function that is not right yet waits for it, unless it passes anyway."""
    failing = {finding.function for finding in findings.values() if not finding.passed}
    waiting = {}
    for name, finding in findings.items():
        exercise = assignment.exercise(finding.function)
        below = [f for f in (exercise.below if exercise else ()) if f in failing]
        if below and not finding.passed:
            text = f"waits for {below[0]}"
            finding = replace(
                finding, verdict=Verdict.SKIPPED, symptom=text, details="", diagnosis=None
            )
        waiting[name] = finding
    return waiting


def current(workspace: Workspace) -> Progress | None:
    """The assignment to go on with: the first that is not done, later ones if it is not begun."""
    last = None
    for assignment in workspace.assignments:
        progress = run_assignment(workspace, assignment)
        if not progress.done:
            return progress
        last = progress
    return last
