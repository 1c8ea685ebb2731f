"""Grades one submission in Gradescope's container and writes its results.json.

The document is written at the end, by this process, all of it or nothing. Where the grader fails
there is none, and Gradescope then shows an error and no score: a fault is never a student's zero.
"""

import json
import os
import sys
import time
import traceback
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy is imported

from autograder.course.course import Course  # noqa: E402
from autograder.documents.results import Result  # noqa: E402
from autograder.errors import KitError  # noqa: E402
from autograder.grading.grader import Grader, Settings, expected_of  # noqa: E402
from autograder.integrations.bundle import COURSE, SECRET  # noqa: E402
from autograder.integrations.gradescope import SETTINGS  # noqa: E402
from autograder.integrations.gradescope.document import document  # noqa: E402
from autograder.report.terminal import table  # noqa: E402
from autograder.uploads.archives import Refused  # noqa: E402
from autograder.uploads.submission import Source, read_submission, unread  # noqa: E402

FAULT = "No results.json was written, so that no zero is recorded. Put it right and run it again."


def main(root: Path) -> int:
    """Grade what lies in root/submission. The exit code."""
    target = root / "results" / "results.json"
    started = time.monotonic()
    try:
        target.unlink(missing_ok=True)
        result, disclosure = grade(root)
        if result.status == "grader_error":
            raise KitError(f"The grader failed on this submission: {result.reason}")
        seconds = time.monotonic() - started
        _write(target, document(result, disclosure, round(seconds, 2)))
    except KitError as error:
        print(f"{error}\n{FAULT}")
        return error.exit_code
    except Exception:  # a fault of the kit: told to the staff, who see this output
        print(f"{traceback.format_exc()}\n{FAULT}")
        return KitError.exit_code
    _tell(result, seconds)
    return 0


def grade(root: Path) -> tuple[Result, str]:
    """The result, and how much of it students may see."""
    source = root / "source"
    if os.geteuid() == 0:
        source.chmod(0o700)  # students' code has other users
    settings = json.loads((source / SETTINGS).read_text(encoding="utf-8"))
    os.environ["AUTOGRADER_SECRET_FILE"] = str(source / SECRET)
    course = Course.find(source / COURSE)
    assignment = course.assignment(settings["assignment"])
    handed_in = _handed_in(root)
    with Grader(course, assignment, Settings(isolation=settings["isolation"])) as grader:
        try:
            submission = read_submission(handed_in, expected_of(course, assignment))
        except Refused as refusal:
            empty = unread(handed_in, str(refusal))
            return grader.conditions.refused(empty, str(refusal)), course.feedback.disclosure
        return grader.grade(submission), course.feedback.disclosure


def _handed_in(root: Path) -> Source:
    """The submission, and who handed it in when: for the output only, no score depends on it."""
    source = Source("submission", (root / "submission",))
    try:
        text = (root / "submission_metadata.json").read_text(encoding="utf-8")
        metadata: dict[str, Any] = json.loads(text)
        names = [str(user.get("name") or user.get("email")) for user in metadata.get("users", [])]
        source = replace(source, members=tuple(names))
        return replace(source, submitted_at=datetime.fromisoformat(metadata["created_at"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return source


def _write(target: Path, content: dict[str, object]) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    draft.replace(target)


def _tell(result: Result, seconds: float) -> None:
    """For the staff: this output is hidden from students."""
    isolation = str(result.isolation)
    print(table(result.assignment, [result], isolation=isolation, seconds=seconds))
    for level, why in (result.isolation.missing if result.isolation else {}).items():
        print(f"  without {level}: {why}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "/autograder").resolve()))
