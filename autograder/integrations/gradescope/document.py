"""A result as Gradescope's results.json: a pure function of the result document."""

from __future__ import annotations

from collections import Counter

from autograder.documents.results import CheckResult, IsolationReached, Result
from autograder.report.feedback import REFUSED, outputs
from autograder.report.words import explain, points, visible

# Where students see nothing of hidden checks, their rows wait until grades are published: a row
# that shows at once would answer one question about them at each attempt.
VISIBILITY = {"full": "visible", "cause": "visible", "none": "after_published"}
DAGGER = "Passes on the reference's lower functions: the slip below is counted there."


def document(result: Result, disclosure: str, seconds: float) -> dict[str, object]:
    """Everything in Gradescope's form. All text is plain, with control characters as escapes."""
    content: dict[str, object] = {
        "score": result.score,
        "output": overview(result, disclosure),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
        "tests": [
            _row(check, f"{number}.{position}", disclosure)
            for number, function in enumerate(result.functions, 1)
            for position, check in enumerate(result.of(function), 1)
        ],
        "extra_data": {
            "kit": result.versions.kit,
            "assignment": result.assignment,
            "assignment_digest": result.assignment_digest,
            "submission_digest": result.submission.digest,
            "isolation": result.isolation.level if result.isolation else None,
            "verdicts": dict(Counter(check.verdict for check in result.checks)),
        },
    }
    if disclosure == "full":  # how long something takes can tell what it was given
        content["execution_time"] = seconds
    return content


def overview(result: Result, disclosure: str) -> str:
    """What stands above the rows: the score, what to know about the upload, what it printed."""
    number = result.assignment.partition("_")[0]
    lines = [f"{number} {visible(result.assignment_title)}"]
    if result.status == "refused":
        return "\n".join([*lines, "", REFUSED.format(reason=visible(result.reason))])
    checks = f"{result.checks_passed} of {len(result.checks)} checks"
    lines += [f"{points(result.score or 0.0)} / {result.max_score:g} · {checks}", ""]
    for function, worth in result.functions.items():
        got = sum(check.points for check in result.of(function))
        lines.append(f"  {points(got):>5} / {worth:<4g}  {function}")
    lines += ["", *(f"Note: {visible(note)}" for note in result.submission.notes)]
    lines.append(isolation_line(result.isolation))
    for heading, text in outputs(result, disclosure):
        lines += ["", f"{heading}:", visible(text).rstrip("\n")]
    return "\n".join(lines)


def isolation_line(reached: IsolationReached | None) -> str:
    """How the submission's code was kept apart."""
    return f"Graded in isolation: {reached.level} ({reached})." if reached else ""


def _row(check: CheckResult, number: str, disclosure: str) -> dict[str, object]:
    seen = "full" if check.visibility == "public" else disclosure
    text = visible(explain(check, seen))
    if check.passed:
        text = DAGGER if check.upstream == "reference" else ""
    return {
        "number": number,
        "name": f"{check.function}: {visible(check.title)}",
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if check.passed else "failed",
        "output": text,
        "visibility": VISIBILITY[seen],
    }
