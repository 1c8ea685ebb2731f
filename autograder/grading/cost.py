"""Tells a derived gradient from a computed one by its work: CPU time, seen from outside.

What right ways cost is measured in the jail, on this machine, when a submission first gives a
reason to: nearly all stay below `FREE` and are never compared with anything.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.gates import UNFINISHED
from autograder.checker.judge import Judge
from autograder.checker.outcome import Verdict
from autograder.course.accepted import alternatives, loops_below, write_alternatives
from autograder.course.course import Assignment, Course
from autograder.grading.watched import Watched
from autograder.sandbox.outside.remote import Sandbox

FREE = 0.06  # seconds of CPU that a cost check may always take
MULTIPLE = 3.0  # the limit over what the slowest right way takes
SLACK = 1.5  # a first run is stopped at this multiple of the limit; a second one decides
TOLD = (
    "On a large input this takes far more work than any way of deriving the gradient does. So much "
    "is needed where the forward runs again for each number, or for each feature. Until it is "
    "derived, {} earns at most a tenth of its points."
)
MEASURED = "{:.3g} s of CPU; the slowest derived way that is known takes {:.3g} s here"

Rerun = Callable[[Check], Finding]


class Costs:
    """The limits of one assignment's cost checks. Owns what it writes below `folder`."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        sandbox: Sandbox,
        allowed: dict[str, float],
        folder: Path,
    ) -> None:
        self._course, self._assignment = course, assignment
        self._sandbox, self._folder = sandbox, folder
        self._allowed = allowed
        self._slowest: dict[str, float] = {}

    @functools.cached_property
    def _ways(self) -> list[Sequence[Path]]:
        """The right ways that are measured, the last on lower functions that are slow."""
        ways = [[way] for way in alternatives(self._assignment)]
        return [[], *ways, loops_below(self._course, self._assignment)]

    def settle(
        self, judge: Judge, checks: Sequence[Check], found: Mapping[str, Finding], rerun: Rerun
    ) -> dict[str, Finding]:
        """The findings, those of cost checks with what their work says.

        Who takes too long is run once more, right after the right ways were measured again, and
        the better run counts.
        """
        settled = dict(found)
        for check in checks:
            first = found[check.name]
            if check.kind != "cost" or not self._suspicious(check, checks, found):
                continue
            limit = self._limit(judge, check)
            if _within(first, limit):
                continue
            self._measure(judge, check)
            limit = self._limit(judge, check)
            again = rerun(check)
            if _within(again, limit):
                settled[check.name] = again
                continue
            text = TOLD.format(check.of)
            details = MEASURED.format(first.cpu, self._slowest[check.name])
            settled[check.name] = replace(
                first, verdict=Verdict.TOO_COSTLY, symptom=text, told=text, details=details
            )
        return settled

    def prepare(self, judge: Judge) -> None:
        """Measure every limit now, so that even the first who is beyond one is stopped there."""
        for check in judge.checks:
            if check.kind == "cost":
                self._limit(judge, check)

    @staticmethod
    def _suspicious(check: Check, checks: Sequence[Check], found: Mapping[str, Finding]) -> bool:
        """Whether its work has to be looked at: the function works, and this took long."""
        finding = found[check.name]
        values = [one for one in checks if one.of == check.of and not one.gated]
        works = any(found[one.name].passed for one in values)
        return works and not _within(finding, FREE)

    def _limit(self, judge: Judge, check: Check) -> float:
        """CPU seconds that a check may take here."""
        if check.name not in self._slowest:
            self._measure(judge, check)
        limit = max(FREE, MULTIPLE * self._slowest[check.name])
        self._allowed[check.name] = SLACK * limit
        return limit

    def _measure(self, judge: Judge, check: Check) -> None:
        """Run every right way, now; the slowest counts."""
        self._allowed.pop(check.name, None)
        slowest = 0.0
        for number, ways in enumerate(self._ways):
            folder = self._folder / str(number)
            if not folder.is_dir():
                write_alternatives(self._course, ways, folder)
            with self._sandbox.open(folder) as worker:
                finding = judge.run_one(check, warmed(judge, check, Watched(worker)))
            if finding.passed:
                slowest = max(slowest, finding.cpu)
        self._slowest[check.name] = slowest


def warmed(judge: Judge, check: Check, worker: Watched) -> Watched:
    """A worker that has started and imported what a check needs: that is not what is measured."""
    first = next(one for one in judge.checks if one.of == check.of)
    if first is not check:
        judge.run_one(first, worker)
    return worker


def _within(finding: Finding, limit: float) -> bool:
    """Whether a cost check came to an end in time, right or wrong."""
    return finding.cpu <= limit and finding.verdict not in UNFINISHED
