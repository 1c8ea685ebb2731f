"""Grades one submission: on its own functions first, then on the reference's lower ones."""

import functools
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.gates import counted
from autograder.checker.judge import Judge
from autograder.checker.outcome import Verdict
from autograder.course.course import Assignment, Course
from autograder.course.secret import Secret
from autograder.documents.results import (
    CheckResult,
    Diagnosis,
    IsolationReached,
    Result,
)
from autograder.grading.conditions import Settings, conditions_of, limits_of
from autograder.grading.cost import Costs, warmed
from autograder.grading.judges import Streams, served_functions
from autograder.grading.printed import may_print, public_checks, run_public
from autograder.grading.review import review
from autograder.grading.told import told
from autograder.grading.watched import Watched
from autograder.sandbox.outside.host import SandboxFault
from autograder.sandbox.outside.remote import Sandbox
from autograder.sandbox.outside.staging import Staged
from autograder.sandbox.outside.start import start_ahead
from autograder.uploads.submission import Expected, Submission

__all__ = ["Grader", "Settings", "expected_of"]

Soon = Callable[[], Mapping[str, bytes] | None]
STARTS = 3  # attempts to start the jail


class Grader:
    """Grades submissions of one assignment. A context manager: it owns the jail's processes.

    The jail's first process is started before any hidden check is read; while it warms up, the
    checks and the reference's answers are made ready.
    """

    def __init__(
        self, course: Course, assignment: Assignment, settings: Settings, soon: Soon | None = None
    ) -> None:
        """soon: reads the files of the first submission, where that is known."""
        self.course, self.assignment, self.settings = course, assignment, settings
        self.soon = soon
        self._closing = ExitStack()

    def __enter__(self) -> "Grader":
        for _ in range(STARTS - 1):
            with suppress(SandboxFault):
                return self._start()
        return self._start()

    def _start(self) -> "Grader":
        with ExitStack() as starting:
            folder = tempfile.mkdtemp(prefix="autograder-")
            starting.callback(shutil.rmtree, folder, ignore_errors=True)
            self._folder = Path(folder)
            start_ahead()
            self.sandbox = starting.enter_context(
                Sandbox(
                    self.course.contract,
                    limits=limits_of(self.assignment),
                    at_least=self.settings.isolation,
                    reference=self.course.solutions,
                    closed=self.course.closed,
                    meanwhile=self._preparing(),
                )
            )
            reached = self.sandbox.isolation
            isolation = IsolationReached(
                reached.level, tuple(reached.layers), dict(reached.missing)
            )
            self.conditions = conditions_of(self.course, self.assignment, self.settings, isolation)
            ways = self._folder / "ways"
            self.costs = Costs(
                self.course, self.assignment, self.sandbox, self.streams.allowed, ways
            )
            self._closing = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def _preparing(self) -> Iterator[None]:
        """What is of use while the jail's first process warms up, step by step."""
        streams = self.streams
        yield
        files = self.soon() if self.soon else None
        yield from streams.preparing(None if files is None else completed(files, self.course))

    def restart(self) -> None:
        """Fresh jail processes, after a fault."""
        self._closing.close()
        self.__enter__()

    @functools.cached_property
    def streams(self) -> Streams:
        """The hidden checks, read once the jail's first process runs."""
        return Streams(self.course, self.assignment, Secret.load(self.course.id))

    def grade(self, submission: Submission) -> Result:
        """Run all hidden checks and score them."""
        started = time.perf_counter()
        whole = completed(submission.files, self.course)
        judge = self.streams.of(whole)
        timeouts: Counter[str] = Counter()
        with self.sandbox.hold(whole) as held:
            shown = self._printed(submission, held, timeouts)
            found, again, log = self.findings(judge, held, timeouts)
        checks = self._check_results(found, again, submission.files)
        faulty = [check for check in checks if check.verdict == Verdict.GRADER_ERROR]
        result = replace(
            self.conditions.blank(submission),
            log=log,
            printed=shown,
            review=review(submission.files, self.course, self.assignment),
        )
        if faulty:
            return replace(
                result,
                status="grader_error",
                checks=checks,
                reason=f"{faulty[0].name}: {faulty[0].details or faulty[0].message}",
            )
        score = round(sum(check.points for check in checks), 2)
        return replace(
            result,
            status="graded",
            raw_score=score,
            score=score,
            checks=checks,
            seconds=round(time.perf_counter() - started, 4),
        )

    @functools.cached_property
    def _public(self) -> tuple[Check, ...]:
        return public_checks(self.assignment)

    def _printed(self, submission: Submission, held: Staged, timeouts: Counter[str]) -> str:
        """What it prints on the public checks: run first, before it has met anything hidden."""
        if not may_print(submission.files):
            return ""
        with self.sandbox.open(held) as worker:
            watched = Watched(worker, timeouts=timeouts)
            run_public(watched, self.assignment, self._public)
            if watched.fault is not None:
                raise watched.fault
            return worker.log

    def findings(
        self,
        judge: Judge,
        held: Path | Staged,
        timeouts: Counter[str],
        checks: Sequence[Check] | None = None,
    ) -> tuple[dict[str, Finding], dict[str, Finding], str]:
        """Findings on a submission's own functions (of all checks, or some), those of second
        chances, and what was printed."""
        with self.sandbox.open(held) as worker:
            own = self._run(judge, Watched(worker, timeouts=timeouts), checks)
            log = worker.log
        own = self._settled(judge, held, own, self.streams.checks if checks is None else checks)
        again: dict[str, Finding] = {}
        if self.settings.upstream == "best":
            for served, chosen in self._second_chances(own):
                with self.sandbox.open(held, served=served) as worker:
                    second = self._run(judge, Watched(worker, patience=1), chosen)
                again |= self._settled(judge, held, second, chosen, served)
        return own, again, log

    def _settled(
        self,
        judge: Judge,
        held: Path | Staged,
        found: Mapping[str, Finding],
        checks: Sequence[Check],
        served: frozenset[str] = frozenset(),
    ) -> dict[str, Finding]:
        """The findings, with what the work of gradients says."""

        def rerun(check: Check) -> Finding:
            with self.sandbox.open(held, served=served) as worker:
                watched = warmed(judge, check, Watched(worker))
                return self._run(judge, watched, [check])[check.name]

        return self.costs.settle(judge, checks, found, rerun)

    def _run(
        self, judge: Judge, watched: Watched, checks: Sequence[Check] | None = None
    ) -> dict[str, Finding]:
        """The judge's findings. SandboxFault where they are not the submission's doing."""
        found = judge.run(watched, checks)
        if watched.fault is not None:
            raise watched.fault
        return found

    def _second_chances(
        self, own: Mapping[str, Finding]
    ) -> Iterable[tuple[frozenset[str], list[Check]]]:
        """The failed functions' checks, by what they may take from the reference."""
        groups: dict[frozenset[str], list[Check]] = {}
        for function in self.assignment.functions:
            checks = [c for c in self.streams.checks if c.of == function.name and c.name in own]
            served = served_functions(self.course, self.assignment, function)
            failed = any(not own[check.name].passed for check in checks)
            if failed and served:
                groups.setdefault(served, []).extend(checks)
        return groups.items()

    def _check_results(
        self,
        own: Mapping[str, Finding],
        again: Mapping[str, Finding],
        files: Mapping[str, bytes],
    ) -> tuple[CheckResult, ...]:
        results = []
        for function in self.assignment.functions:
            checks = [check for check in self.streams.checks if check.of == function.name]
            weight = sum(check.weight for check in checks)
            better = {
                check.name: _better(own[check.name], again.get(check.name)) for check in checks
            }
            shares = counted(checks, better)
            for check in checks:
                kept = better[check.name]
                worth = function.points * check.weight / weight
                results.append(
                    CheckResult(
                        name=check.name,
                        function=function.name,
                        title=check.title,
                        visibility="hidden",
                        weight=check.weight,
                        points=round(worth * shares[check.name], 6),
                        max_points=round(worth, 6),
                        verdict=kept.verdict.value,
                        message=kept.symptom,
                        told=told(kept, files),
                        details=kept.details,
                        diagnosis=self._diagnosis(kept),
                        warnings=kept.warnings,
                        seconds=round(kept.seconds, 6),
                        upstream="own" if kept is own[check.name] else "reference",
                    )
                )
        return tuple(results)

    def _diagnosis(self, finding: Finding) -> Diagnosis | None:
        found = finding.diagnosis
        if found is None or finding.passed:
            return None
        section = self.assignment.sections.get(found.section, "")
        return Diagnosis(found.id, found.text, section, found.part)


def _better(first: Finding, second: Finding | None) -> Finding:
    """What counts: the finding on the own functions, or that of the second chance."""
    if first.passed or second is None or second.verdict == Verdict.SKIPPED:
        return first  # SKIPPED is a loop, which was not tried again
    return second


def expected_of(course: Course, assignment: Assignment) -> Expected:
    """What an upload for this assignment should hold."""
    modules = {function.module for function in course.contract.functions.values()}
    return Expected(course.package, frozenset(modules), assignment.files)


def completed(files: Mapping[str, bytes], course: Course) -> dict[str, bytes]:
    """A submission's files, with those that students were given whole where the upload lacks them.

    What is judged, then, is the same at every door, whatever that door leaves out.
    """
    package = course.package
    whole = dict(files)
    given = course.solutions / package
    for name in course.given_files:
        whole.setdefault(f"{package}/{name}", (given / name).read_bytes())
    whole.setdefault(f"{package}/__init__.py", b"")
    return whole
