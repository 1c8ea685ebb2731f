"""What the reports share: findings in words, and students' text made harmless."""

import re

from autograder.checker.finding import PHRASES, Diagnosis, Finding
from autograder.checker.outcome import Verdict
from autograder.documents.results import CheckResult, Result


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
