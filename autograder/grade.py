"""Grades one submission: on its own functions first, then on the reference's lower ones."""

import functools
import hashlib
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np

from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.judge import Judge
from autograder.checker.outcome import Verdict
from autograder.course import Assignment, Course
from autograder.intake import Expected, Submission
from autograder.judging import assignment_digest, load_judge, served_functions
from autograder.results import (
    CheckResult,
    Diagnosis,
    Handed,
    IsolationReached,
    Result,
    Versions,
)
from autograder.sandbox.limits import Limits
from autograder.sandbox.remote import Sandbox
from autograder.secret import Secret

Upstream = Literal["best", "own"]


@dataclass(frozen=True)
class Settings:
    """What the instructor chose for a run."""

    upstream: Upstream = "best"
    isolation: str | None = None


@dataclass(frozen=True)
class Conditions:
    """Everything besides the submission that a result depends on."""

    assignment: Assignment
    digest: str
    settings: Settings
    secret: str
    limits: Limits
    versions: Versions
    isolation: IsolationReached

    def key(self, submission: Submission) -> str:
        """Two gradings with the same key have the same result."""
        parts = [
            submission.digest,
            self.digest,
            self.versions.kit,
            self.secret,
            self.settings.upstream,
            self.isolation.level,
            {name: str(value) for name, value in asdict(self.limits).items()},
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def blank(self, submission: Submission) -> Result:
        """A result with everything but the grading in it."""
        assignment = self.assignment
        return Result(
            assignment=assignment.name,
            assignment_title=assignment.title,
            assignment_digest=self.digest,
            student=submission.id,
            members=submission.members or (submission.id,),
            submission=Handed(
                submission.name,
                submission.digest,
                submission.submitted_at,
                submission.late,
                submission.notes,
            ),
            status="graded",
            raw_score=None,
            score=None,
            max_score=assignment.max_points,
            functions={function.name: function.points for function in assignment.functions},
            versions=self.versions,
            isolation=self.isolation,
            upstream=self.settings.upstream,
            graded_at=datetime.now(UTC),
        )

    def failed(self, submission: Submission, reason: str) -> Result:
        """The result of a submission that the grader failed on: it has no score."""
        return replace(self.blank(submission), status="grader_error", reason=reason)

    def refused(self, submission: Submission, reason: str) -> Result:
        """The result of an upload that can't be graded."""
        return replace(
            self.blank(submission), status="refused", raw_score=0.0, score=0.0, reason=reason
        )


def conditions_of(
    course: Course, assignment: Assignment, settings: Settings, isolation: IsolationReached
) -> Conditions:
    """The conditions of a run, once it is known how far the jail reaches."""
    return Conditions(
        assignment=assignment,
        digest=assignment_digest(course, assignment),
        settings=settings,
        secret=Secret.load(course.id).fingerprint,
        limits=_limits(assignment),
        versions=versions(),
        isolation=isolation,
    )


class Grader:
    """Grades submissions of one assignment. A context manager: it owns the jail's processes.

    The jail's first process is started before any hidden check is read.
    """

    def __init__(self, course: Course, assignment: Assignment, settings: Settings) -> None:
        self.course = course
        self.assignment = assignment
        self.settings = settings
        self._closing = ExitStack()

    def __enter__(self) -> "Grader":
        with ExitStack() as starting:
            folder = tempfile.mkdtemp(prefix="autograder-")
            starting.callback(shutil.rmtree, folder, ignore_errors=True)
            self._folder = Path(folder)
            self.sandbox = starting.enter_context(
                Sandbox(
                    self.course.contract,
                    limits=_limits(self.assignment),
                    at_least=self.settings.isolation,
                    reference=self.course.solutions,
                )
            )
            reached = self.sandbox.isolation
            isolation = IsolationReached(
                reached.level, tuple(reached.layers), dict(reached.missing)
            )
            self.conditions = conditions_of(self.course, self.assignment, self.settings, isolation)
            self._closing = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def restart(self) -> None:
        """Fresh jail processes, after a fault."""
        self._closing.close()
        self.__enter__()

    @functools.cached_property
    def judge(self) -> Judge:
        """The hidden checks, read when they are first needed."""
        return load_judge(self.course, self.assignment, Secret.load(self.course.id))

    def grade(self, submission: Submission) -> Result:
        """Run all hidden checks and score them."""
        started = time.perf_counter()
        staged = self._folder / "submission"
        stage(submission.files, staged, self.course)
        try:
            found, again, log = self._findings(staged)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        checks = self._check_results(found, again)
        faulty = [check for check in checks if check.verdict == Verdict.GRADER_ERROR]
        result = self.conditions.blank(submission)
        if faulty:
            return replace(
                result,
                status="grader_error",
                checks=checks,
                log=log,
                reason=f"{faulty[0].name}: {faulty[0].details or faulty[0].message}",
            )
        score = round(sum(check.points for check in checks), 2)
        return replace(
            result,
            status="graded",
            raw_score=score,
            score=score,
            checks=checks,
            log=log,
            seconds=round(time.perf_counter() - started, 4),
        )

    def _findings(self, staged: Path) -> tuple[dict[str, Finding], dict[str, Finding], str]:
        """Findings on the submission's own functions, and those of second chances."""
        judge = self.judge
        with self.sandbox.open(staged) as worker:
            own = judge.run(worker)
            log = worker.log
        again: dict[str, Finding] = {}
        if self.settings.upstream == "best":
            for served, checks in self._second_chances(own):
                with self.sandbox.open(staged, served=served) as worker:
                    again |= judge.run(worker, checks)
        return own, again, log

    def _second_chances(
        self, own: Mapping[str, Finding]
    ) -> Iterable[tuple[frozenset[str], list[Check]]]:
        """The failed functions' checks, by what they may take from the reference."""
        groups: dict[frozenset[str], list[Check]] = {}
        for function in self.assignment.functions:
            checks = [check for check in self.judge.checks if check.of == function.name]
            served = served_functions(self.course, self.assignment, function)
            failed = any(not own[check.name].passed for check in checks)
            if failed and served:
                groups.setdefault(served, []).extend(checks)
        return groups.items()

    def _check_results(
        self, own: Mapping[str, Finding], again: Mapping[str, Finding]
    ) -> tuple[CheckResult, ...]:
        results = []
        for function in self.assignment.functions:
            checks = [check for check in self.judge.checks if check.of == function.name]
            weight = sum(check.weight for check in checks)
            for check in checks:
                first, second = own[check.name], again.get(check.name)
                kept = first if first.passed or second is None else second
                worth = function.points * check.weight / weight
                results.append(
                    CheckResult(
                        name=check.name,
                        function=function.name,
                        title=check.title,
                        visibility="hidden",
                        weight=check.weight,
                        points=round(worth, 6) if kept.passed else 0.0,
                        max_points=round(worth, 6),
                        verdict=kept.verdict.value,
                        message=kept.symptom,
                        details=kept.details,
                        diagnosis=self._diagnosis(kept),
                        warnings=kept.warnings,
                        seconds=round(kept.seconds, 6),
                        upstream="own" if kept is first else "reference",
                    )
                )
        return tuple(results)

    def _diagnosis(self, finding: Finding) -> Diagnosis | None:
        found = finding.diagnosis
        if found is None or finding.passed:
            return None
        return Diagnosis(found.id, found.text, self.assignment.sections.get(found.section, ""))


def expected_of(course: Course, assignment: Assignment) -> Expected:
    """What an upload for this assignment should hold."""
    modules = {function.module for function in course.contract.functions.values()}
    return Expected(course.package, frozenset(modules), assignment.files)


def stage(files: Mapping[str, bytes], folder: Path, course: Course) -> None:
    """Put a submission's files into a clean folder, which the sandbox copies into the jail.

    Files that students were given whole are filled in where the upload lacks them.
    """
    package = course.package
    whole = dict(files)
    given = course.solutions / package
    for name in course.given_files:
        whole.setdefault(f"{package}/{name}", (given / name).read_bytes())
    whole.setdefault(f"{package}/__init__.py", b"")
    for name, content in whole.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def versions() -> Versions:
    """What grades here."""
    try:
        kit = metadata.version("transformer-course-kit")
    except metadata.PackageNotFoundError:
        kit = "source"
    return Versions(
        kit, platform.python_version(), np.__version__, f"{platform.system()} {platform.machine()}"
    )


def _limits(assignment: Assignment) -> Limits:
    chosen: dict[str, Any] = dict(assignment.limits)
    if "memory_mb" in chosen:
        chosen["memory_mb"] = int(chosen["memory_mb"])
    return replace(Limits(), **chosen)
