"""What a student's page says of one assignment: what the Markdown feedback says, in other order."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import NamedTuple

from autograder.checker.outcome import Verdict
from autograder.documents.results import Adjustment, CheckResult, Diagnosis, Result
from autograder.report.feedback import FAULT, KINDS, REFUSED, outputs
from autograder.report.pages.checks import grouped
from autograder.report.pages.rows import Row
from autograder.report.words import explain, points

HELD_BACK = "its other checks, which count in full once it is derived"
NOTHING = "Nothing was handed in."


class Cost(NamedTuple):
    """A check that a finding costs: what was seen in it, and the points."""

    title: str
    symptom: str
    lost: float


@dataclass
class Finding:
    """One cause, or one symptom without a known cause, and all checks that it costs."""

    function: str
    cause: Diagnosis | None
    symptom: str
    """What all its checks have in common, where there is no cause."""
    costs: list[Cost] = field(default_factory=list)

    @property
    def lost(self) -> float:
        return sum(cost.lost for cost in self.costs)


class Function(NamedTuple):
    name: str
    got: float
    worth: float
    passed: int
    checks: int
    later: int
    """Checks that pass once the functions below it are right."""


@dataclass(frozen=True)
class Attempt:
    number: int
    when: str
    told: str
    counts: bool


@dataclass(frozen=True)
class Part:
    """A student's page on one assignment."""

    number: str
    title: str
    score: str
    most: float
    checks: str
    note: str
    """Why there is no score, where there is none."""
    raw: str
    adjustments: Sequence[tuple[str, str]]
    hints: Sequence[str]
    functions: Sequence[Function]
    findings: Sequence[Finding]
    passed: Sequence[tuple[str, bool, str]]
    """Function, whether it passed on the reference's lower functions only, title."""
    outputs: Sequence[tuple[str, str]]
    attempts: Sequence[Attempt]
    partners: Sequence[str]


def part_of(row: Row, number: str, title: str, disclosure: str, zone: tzinfo) -> Part:
    """What a student reads of one assignment. Review notes are no part of it."""
    result, mark = row.result, row.mark
    shown = result if result is not None and result.status == "graded" else None
    return Part(
        number=number,
        title=title,
        score="" if mark.score is None else points(mark.score),
        most=mark.max_score,
        checks=f"{shown.checks_passed} of {len(shown.checks)} checks" if shown else "",
        note=_note(result),
        raw=points(mark.raw_score) if mark.adjustments and mark.raw_score is not None else "",
        adjustments=[_adjustment(one) for one in mark.adjustments]
        if mark.score is not None
        else (),
        hints=result.submission.notes if shown and result else (),
        functions=_functions(shown) if shown else (),
        findings=findings_of(shown, disclosure) if shown else (),
        passed=_passed(shown) if shown else (),
        outputs=outputs(shown, disclosure) if shown else (),
        attempts=_attempts(row, zone),
        partners=[one.name or one.student for one in row.people] if len(row.people) > 1 else (),
    )


def findings_of(result: Result, disclosure: str) -> list[Finding]:
    """What went wrong, each cause once, in the order of the checks."""
    found: dict[tuple[str, str], Finding] = {}
    for check in result.checks:
        if check.passed:
            continue
        seen = "full" if check.visibility == "public" else disclosure
        cause = check.diagnosis if seen != "none" else None
        symptom = _symptom(check, seen)
        key = (check.cause if cause else None) or (check.function, symptom)
        finding = found.setdefault(key, Finding(check.function, cause, "" if cause else symptom))
        lost = check.max_points - check.points
        beside = f"{symptom} {cause.part}".rstrip() if cause else ""
        finding.costs.append(Cost(check.title, beside, lost))
        if check.verdict == Verdict.TOO_COSTLY:
            finding.costs += _held_back(result, check.function)
    return list(found.values())


def _held_back(result: Result, function: str) -> list[Cost]:
    """What a gradient that is not derived costs besides: its other checks hardly count."""
    passed = [check for check in result.of(function) if check.passed]
    lost = sum(check.max_points - check.points for check in passed)
    return [Cost(HELD_BACK, "", lost)] if lost >= 0.005 else []


def _symptom(check: CheckResult, disclosure: str) -> str:
    """What the feedback says of a check, but for its cause."""
    if disclosure == "full":
        return _worded(replace(check, diagnosis=None), disclosure)
    return _in_short(check.verdict, check.told, disclosure)


@functools.lru_cache(16384)
def _in_short(verdict: str, told: str, disclosure: str) -> str:
    """The same for all checks that students read nothing else of: many have the same words."""
    bare = CheckResult("", "", "", "hidden", 0.0, 0.0, 0.0, verdict, told=told)
    return _worded(bare, disclosure)


def _worded(check: CheckResult, disclosure: str) -> str:
    """As the feedback says it, but for the breaks of lines that were longer than a terminal.

    Details are set in columns of their own, and are left as they are.
    """
    text = textwrap.dedent(explain(check, disclosure)).strip("\n")
    shown = disclosure == "full" and check.details
    return text if shown else re.sub(r"\n  (?=\S)", " ", text)


def _note(result: Result | None) -> str:
    if result is None:
        return NOTHING
    if result.status == "refused":
        return REFUSED.format(reason=result.reason)
    return FAULT if result.status == "grader_error" or result.score is None else ""


def _adjustment(one: Adjustment) -> tuple[str, str]:
    sign = "+" if one.points > 0 else "−" if one.points < 0 else ""
    by = f", {one.by}" if one.by else ""
    return f"{sign}{points(abs(one.points))}", f"{KINDS[one.kind]}: {one.reason}{by}"


def _functions(result: Result) -> list[Function]:
    found = []
    by_function = grouped(result)
    for name, worth in result.functions.items():
        checks = by_function[name]
        found.append(
            Function(
                name,
                sum(check.points for check in checks),
                worth,
                sum(check.passed for check in checks),
                len(checks),
                sum(check.passed and check.upstream == "reference" for check in checks),
            )
        )
    return found


def _passed(result: Result) -> list[tuple[str, bool, str]]:
    return [
        (check.function, check.upstream == "reference", check.title)
        for check in result.checks
        if check.passed
    ]


def _attempts(row: Row, zone: tzinfo) -> list[Attempt]:
    if len(row.attempts) < 2:
        return []
    return [
        Attempt(
            one.attempt,
            f"{one.submitted_at.astimezone(zone):%Y-%m-%d %H:%M}" if one.submitted_at else "",
            f"{points(one.score)} / {one.max_score:g}"
            if one.score is not None
            else one.status.replace("_", " "),
            one.attempt == row.mark.attempt,
        )
        for one in row.attempts
    ]
