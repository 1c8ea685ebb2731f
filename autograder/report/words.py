"""What the reports share: findings in words, and students' text made harmless."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from autograder.checker.causes import UNKNOWN
from autograder.checker.finding import PHRASES, Diagnosis, Finding, wrap
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
        diagnosis=Diagnosis(cause.id, cause.text, cause.section, cause.part) if cause else None,
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
    failed = [check for check in checks if not check.passed]
    groups: dict[tuple[str, str], list[CheckResult]] = {}
    for check in failed:
        if check.cause is not None and disclosure(check) != "none":
            groups.setdefault(check.cause, []).append(check)
    texts = {}
    told: Counter[str] = Counter()  # causes, by function
    for check in failed:
        seen, cause = disclosure(check), check.diagnosis
        same = groups.get(check.cause) if check.cause else None
        if cause is None or same is None or seen == "none":
            texts[check.name] = explain(check, seen)
        elif check is same[0]:
            told[check.function] += cause.text != UNKNOWN
            texts[check.name] = explain(check, seen) + _costs(same)
        else:
            bare = explain(replace(check, diagnosis=None), seen)
            texts[check.name] = bare + _again(check, same[0], told[check.function])
    return texts


def _again(check: CheckResult, first: CheckResult, causes: int) -> str:
    """Where the cause is told; that nothing fits is told once."""
    cause = check.diagnosis
    if cause is None or cause.text == UNKNOWN:
        return ""
    place = "as above" if causes == 1 else f'as at "{first.title}"'
    return _lines(f"The same cause {place}. {cause.part}")


def _costs(same: Sequence[CheckResult]) -> str:
    """What a cause costs together, where it costs more than one check."""
    cause = same[0].diagnosis
    if len(same) < 2 or cause is None or cause.text == UNKNOWN:
        return ""
    lost = sum(check.max_points - check.points for check in same)
    return _lines(f"It costs {len(same)} checks, {points(lost)} points.")


def _lines(text: str) -> str:
    return "".join(f"\n{line}" for line in wrap(text.strip()))


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
    if text.isprintable():
        return text
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
