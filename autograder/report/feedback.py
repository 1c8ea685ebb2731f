"""A student's feedback file, in Markdown."""

from autograder.documents.results import CheckResult, Result
from autograder.report.words import explain_once, fenced, markdown, points, signed

REFUSED = "Your upload could not be graded: {reason}.\n\nCorrect that and hand it in again."
FAULT = (
    "The grader failed on your submission. This is not your fault and no mark is lost: "
    "your instructor has been told and will grade it again."
)
PRINTED = "What your code printed on the public checks"
PRINTED_HIDDEN = "What your code printed on the hidden checks"
KINDS = {"late": "lateness", "manual": "adjustment"}


def feedback(result: Result, disclosure: str) -> str:
    """What a student reads: every function with its points, every failed check with its cause."""
    number = result.assignment.partition("_")[0]
    lines = [f"# {number} {markdown(result.assignment_title)}: {markdown(result.student)}", ""]
    if result.status == "refused":
        lines += [REFUSED.format(reason=markdown(result.reason)), *_adjustments(result)]
        return "\n".join(lines) + "\n"
    if result.status == "grader_error" or result.score is None:
        return "\n".join([*lines, FAULT]) + "\n"
    lines += [_summary(result), *_adjustments(result)]
    lines += [f"\nNote: {markdown(note)}" for note in result.submission.notes]
    for function, worth in result.functions.items():
        checks = result.of(function)
        texts = explain_once(checks, lambda check: _seen(check, disclosure))
        got = sum(check.points for check in checks)
        lines += ["", f"## `{function}`   {points(got)} / {worth:g}", ""]
        lines += [_check(check, texts.get(check.name, "")) for check in checks]
    if any(check.upstream == "reference" and check.passed for check in result.checks):
        lines += ["", "† passes once the functions below it are right: that slip is counted there."]
    for heading, text in outputs(result, disclosure):
        lines += ["", f"## {heading}", "", fenced(text)]
    return "\n".join(lines) + "\n"


def outputs(result: Result, disclosure: str) -> list[tuple[str, str]]:
    """What the code printed, as far as students see it: on hidden checks only under "full"."""
    shown = [(PRINTED, result.printed)]
    if disclosure == "full":
        shown.append((PRINTED_HIDDEN, result.log))
    return [(heading, text) for heading, text in shown if text.strip()]


def _summary(result: Result) -> str:
    score = points(result.score or 0.0)
    other = result.counted_attempt
    checks = f"{result.checks_passed} of {len(result.checks)} checks"
    attempt = f" · attempt {result.attempt}" if result.attempt > 1 or other else ""
    attempt += f" (for the mark, attempt {other} counts)" if other else ""
    return f"**{score} / {result.max_score:g}** · {checks}{attempt}"


def _adjustments(result: Result) -> list[str]:
    if not result.adjustments:
        return []
    lines = ["", f"- checks: {points(result.raw_score or 0.0)}"]
    for one in result.adjustments:
        by = f", {markdown(one.by)}" if one.by else ""
        lines.append(f"- {KINDS[one.kind]}: {signed(one.points)} ({markdown(one.reason)}{by})")
    return [*lines, f"- together: {points(result.score or 0.0)} / {result.max_score:g}"]


def _seen(check: CheckResult, disclosure: str) -> str:
    return "full" if check.visibility == "public" else disclosure


def _check(check: CheckResult, text: str) -> str:
    mark = "✓" if check.passed else "✗"
    dagger = " †" if check.passed and check.upstream == "reference" else ""
    line = f"- {mark} {markdown(check.title)}{dagger}"
    if check.passed:
        return line
    return line + "\n\n" + "\n".join(f"  {row}" for row in fenced(text).splitlines()) + "\n"
