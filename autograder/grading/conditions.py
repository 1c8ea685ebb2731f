"""The conditions of a grading: with the same ones, the same submission has the same result."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from autograder import __version__
from autograder.course.course import Assignment, Course
from autograder.course.secret import Secret
from autograder.documents.results import Handed, IsolationReached, Result, Versions
from autograder.grading.judges import assignment_digest
from autograder.sandbox.outside.limits import Limits
from autograder.uploads.submission import Submission

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
    streams: int = 1

    def key(self, submission: Submission) -> str:
        """Two gradings with the same key have the same result."""
        return self.key_of(submission.digest)

    def key_of(self, digest: str) -> str:
        """The key of a grading of the submission with this digest."""
        parts = [
            digest,
            self.digest,
            self.versions.kit,
            self.secret,
            self.streams,
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
        limits=limits_of(assignment),
        versions=versions(),
        isolation=isolation,
        streams=course.feedback.streams,
    )


def versions() -> Versions:
    """What grades here."""
    return Versions(
        __version__,
        platform.python_version(),
        np.__version__,
        f"{platform.system()} {platform.machine()}",
    )


def limits_of(assignment: Assignment) -> Limits:
    """The budgets of a submission: the default ones with the manifest's changes."""
    chosen: dict[str, Any] = dict(assignment.limits)
    if "memory_mb" in chosen:
        chosen["memory_mb"] = int(chosen["memory_mb"])
    return replace(Limits(), **chosen)
