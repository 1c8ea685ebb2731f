"""Our plugin for `otter run` and run_otter.py: the jail grades, otter reports.

Otter would import the submission's files in its kernel, beside its own tests and scores, and
unpickle a log that the student sent. So the submission is put aside before either can happen,
otter executes an empty notebook, and the scores that it reports are replaced by the jail's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.course.course import Assignment, Course
from autograder.documents.results import Result
from autograder.errors import KitError
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.integrations.bundle import COURSE, SECRET
from autograder.report.terminal import table
from autograder.uploads.archives import Refused
from autograder.uploads.submission import Source, read_submission, unread

OTTER_LOG = ".OTTER_LOG"
EMPTY = (
    '{"cells": [], "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", '
    '"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}\n'
)


class Plugin:
    """What otter calls: each method at the moment that its name says."""

    def __init__(
        self,
        submission_path: str | None,
        submission_metadata: dict[str, Any],
        plugin_config: dict[str, Any],
    ) -> None:
        self.submission = Path(submission_path or "nothing")  # nothing while otter generates
        self.metadata = submission_metadata
        self.config = plugin_config
        self.report = ""

    @property
    def root(self) -> Path:
        """The folder that holds source/, submission/ and results/."""
        return self.submission.parent.parent

    @property
    def aside(self) -> Path:
        """Where the submission is kept until the jail reads it."""
        return self.root / "handed_in"

    def before_grading(self, config: Any) -> None:
        """Put all that was handed in where otter and its kernel neither read nor import it."""
        del config
        source, folder = self.root / "source", self.submission.parent
        shutil.rmtree(self.aside, ignore_errors=True)
        self.aside.mkdir(mode=0o700)
        for path in folder.iterdir():
            path.rename(self.aside / path.name)
        with contextlib.suppress(OSError):
            (self.aside / OTTER_LOG).unlink()
        shutil.rmtree(self.aside / "tests")  # otter put its own there
        empty = EMPTY if self.submission.suffix == ".ipynb" else ""
        self.submission.write_text(empty, encoding="utf-8")
        shutil.copytree(source / "tests", folder / "tests")
        if os.geteuid() == 0:
            source.chmod(0o700)  # students' code has other users

    def before_execution(self, submission: Any) -> Any:
        """An empty notebook, whatever was read."""
        import nbformat  # type: ignore[import-not-found, import-untyped, unused-ignore]

        del submission
        return nbformat.reads(EMPTY, as_version=4)

    def after_grading(self, results: Any) -> None:
        """Grade in the jail, and put its scores and messages in place of otter's."""
        from autograder.integrations.otter.outcome import fill

        if results.has_catastrophic_failure():
            raise KitError(f"otter's kernel failed: {results.catastrophic_error}. No score is set.")
        with _secret_of(self.root / "source"):
            course = Course.find(self.root / "source" / COURSE)
            assignment = course.assignment(self.config["assignment"])
            result = self._grade(course, assignment)
        if result.status == "grader_error":
            raise KitError(f"The grader failed on this submission: {result.reason}")
        fill(results, result, course.feedback.disclosure)
        isolation = str(result.isolation)
        self.report = table(
            assignment.name, [result], isolation=isolation, seconds=result.seconds, width=120
        )

    def generate_report(self) -> str:
        """For the staff: the score, and how the submission was kept apart."""
        return self.report

    def _grade(self, course: Course, assignment: Assignment) -> Result:
        handed_in = Source("submission", (self.aside,))
        settings = Settings(isolation=self.config.get("isolation"))
        with Grader(course, assignment, settings) as grader:
            try:
                submission = read_submission(handed_in, expected_of(course, assignment))
            except Refused as refusal:
                return grader.conditions.refused(unread(handed_in, str(refusal)), str(refusal))
            return grader.grade(submission)


@contextlib.contextmanager
def _secret_of(source: Path) -> Iterator[None]:
    """Use the bundle's secret, and leave the environment as it was."""
    name = "AUTOGRADER_SECRET_FILE"
    before = os.environ.get(name)
    os.environ[name] = str(source / SECRET)
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
