"""What `check.py --ci` leaves for a workflow: a page of the findings, a result document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from autograder.checker.finding import Finding
from autograder.student.progress import Progress
from autograder.student.render import Style, in_full

MOST_SHOWN = 20  # findings in full
SCHEMA = "classroom50/result/v1"
IDENTITY = {  # a field of the result document, and the variables that may hold it
    "classroom": ("CLASSROOM",),
    "assignment": ("ASSIGNMENT",),
    "submission": ("SUBMISSION_TAG",),
    "commit": ("COMMIT_URL",),
    "release": ("RELEASE_URL",),
    "review": ("REVIEW_URL", "COMMIT_URL"),
}


def leave(all_progress: Sequence[Progress], environment: Mapping[str, str], folder: Path) -> str:
    """Write what the environment asks for; the page as text.

    GITHUB_STEP_SUMMARY names a file for the page. Where Classroom 50's runner gives the identity of
    a submission, result.json in `folder` holds one point a check.
    """
    text = page(all_progress)
    if target := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(text)
    found = result(all_progress, environment)
    if found is not None:
        (folder / "result.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return text


def page(all_progress: Sequence[Progress]) -> str:
    """The findings in Markdown: counts by function, then what is wrong, in full."""
    lines = []
    for progress in all_progress:
        name, title = progress.assignment.name, progress.assignment.record.title
        lines += [f"## {name}: {title}", ""]
        lines += [f"{progress.passed} of {len(progress.findings)} public checks pass.", ""]
        lines += ["| function | checks |", "|---|---|"]
        for function in dict.fromkeys(check.of for check in progress.assignment.checks):
            found = progress.of(function)
            passed = sum(finding.passed for finding in found)
            mark = "✓" if passed == len(found) else "✗"
            lines.append(f"| `{function}` | {mark} {passed} of {len(found)} |")
        failed = [finding for finding in progress.findings.values() if not finding.passed]
        for finding in failed[:MOST_SHOWN]:
            lines += ["", *fenced(in_full(progress, finding, Style()))]
        if len(failed) > MOST_SHOWN:
            lines += ["", f"And {len(failed) - MOST_SHOWN} more."]
        lines.append("")
    lines.append("These are the public checks. Hidden ones, which are marked, look closer.")
    return "\n".join(lines) + "\n"


def fenced(lines: Sequence[str]) -> list[str]:
    """Lines as they are, whatever is in them: the fence is longer than any run of backticks."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *lines, fence]


def result(
    all_progress: Sequence[Progress], environment: Mapping[str, str]
) -> dict[str, object] | None:
    """Classroom 50's result document; None where nobody says whose it is."""
    if "SUBMISSION_TAG" not in environment:
        return None
    identity = {
        field: next((environment[name] for name in names if environment.get(name)), "")
        for field, names in IDENTITY.items()
    }
    tests = [
        _test(progress, finding)
        for progress in all_progress
        for finding in progress.findings.values()
    ]
    return {
        "schema": SCHEMA,
        **identity,
        "datetime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(finding.passed for one in all_progress for finding in one.findings.values()),
        "max-score": len(tests),
        "tests": tests,
    }


def _test(progress: Progress, finding: Finding) -> dict[str, object]:
    return {
        "test-name": f"{progress.assignment.number} {finding.function}: {finding.title}",
        "passed": finding.passed,
        "score": int(finding.passed),
        "max-score": 1,
    }
