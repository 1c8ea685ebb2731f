"""What the reports share: findings in words, and students' text made harmless."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from autograder.checker.causes import UNKNOWN
from autograder.checker.finding import PHRASES, Diagnosis, Finding, wrap
from autograder.checker.outcome import Verdict
from autograder.documents.results import CheckResult, Result
from autograder.documents.results import Diagnosis as DiagnosisOfCheck


def finding_of(check: CheckResult) -> Finding:
    """The judge's finding again, to be worded by the judge's own words."""
    cause = check.diagnosis
    return Finding(
        check=check.name,
        title=check.title,
        function=check.function,
        verdict=Verdict(check.verdict),
        symptom=check.message,
        details=check.details,
        told=check.told,
        diagnosis=Diagnosis(cause.id, cause.text, cause.section) if cause else None,
        warnings=check.warnings,
        seconds=check.seconds,
    )


def explain(check: CheckResult, disclosure: str) -> str:
    """Why a check failed, as far as the course discloses it."""
    section = check.diagnosis.section if check.diagnosis else ""
    return finding_of(check).text(disclosure, {section: section} if section else {})


def explain_once(
    checks: Sequence[CheckResult], disclosure: Callable[[CheckResult], str]
) -> dict[str, str]:
    """Why each failed check failed, by its name: a cause is told once for a function.

    The first check that it costs tells it, with how many it costs and how much; the others say
    where it is told.
    """
    told: dict[tuple[str, str], CheckResult] = {}
    named: dict[str, int] = {}  # how many causes of a function are told already
    texts = {}
    for check in checks:
        if check.passed:
            continue
        seen, cause = disclosure(check), check.diagnosis
        if cause is None or seen == "none":
            texts[check.name] = explain(check, seen)
            continue
        key = check.function, cause.id or cause.text
        if key in told:
            bare = explain(replace(check, diagnosis=None), seen)
            again = _again(told[key], named[check.function]) if cause.text != UNKNOWN else ""
            texts[check.name] = f"{bare}\n{again}" if again else bare
        else:
            told[key] = check
            named[check.function] = named.get(check.function, 0) + (cause.text != UNKNOWN)
            texts[check.name] = explain(check, seen) + _costs(checks, check, cause)
    return texts


def _again(first: CheckResult, causes: int) -> str:
    place = "as above" if causes == 1 else f'as at "{first.title}"'
    return "\n".join(wrap(f"The same cause {place}."))


def _costs(checks: Sequence[CheckResult], first: CheckResult, cause: DiagnosisOfCheck) -> str:
    """What a cause costs together, where it costs more than one check."""
    same = [
        check
        for check in checks
        if not check.passed
        and check.function == first.function
        and check.diagnosis is not None
        and (check.diagnosis.id or check.diagnosis.text) == (cause.id or cause.text)
    ]
    if len(same) < 2 or cause.text == UNKNOWN:
        return ""
    lost = sum(check.max_points - check.points for check in same)
    return "\n" + "\n".join(wrap(f"It costs {len(same)} checks, {points(lost)} points."))


def first_finding(result: Result) -> str:
    """One line: what to look at first."""
    if result.status == "grader_error":
        return f"grader error: {visible(result.reason).splitlines()[-1] if result.reason else ''}"
    failed = [check for check in result.checks if not check.passed]
    if not failed:
        return ""
    first = failed[0]
    if first.diagnosis and first.diagnosis.id:
        return f"{first.function}: {visible(first.diagnosis.text)}"
    words = PHRASES[Verdict(first.verdict)]
    if first.verdict in (Verdict.NOT_IMPLEMENTED, Verdict.MISSING):
        words = words.removesuffix(" yet")
        count = sum(check.verdict == first.verdict for check in failed)
        if count > 1:
            words += f" ({count} checks)"
    elif first.message:
        words = visible(first.message).splitlines()[0].rstrip(".")
    return f"{first.function}: {words}"


def visible(text: str) -> str:
    """Text whose control characters can do nothing: they are shown as escapes."""
    return "".join(
        c if c.isprintable() or c == "\n" else "    " if c == "\t" else ascii(c)[1:-1] for c in text
    )


def markdown(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    line = " ".join(visible(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~$])|^([#+>-])", r"\\\1\2", line)


def fenced(text: str) -> str:
    """A Markdown block that shows text as it is, whatever backticks it holds."""
    body = visible(text).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def points(value: float) -> str:
    """A score with one decimal, or two where they are needed."""
    text = f"{value:.2f}"
    return text[:-1] if text.endswith("0") else text


def signed(value: float) -> str:
    """Points given or taken: +1.0, -2.5, or 0."""
    return f"{'+' if value > 0 else '-'}{points(abs(value))}" if value else "0"
