"""How each function and each check went in a class, and whether it tells students apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograder.checker.outcome import Verdict
from autograder.documents.results import CheckResult, Result
from autograder.report.pages.measures import ENOUGH, together

NEARLY = 0.97
AGAINST = -0.1
NOT_WRITTEN = (Verdict.NOT_IMPLEMENTED.value, Verdict.MISSING.value)
TIMEOUT = Verdict.TIMEOUT.value
SLACK = 1e-6


class Ended(NamedTuple):
    """How one function or check ended for one student, who has so much beside it."""

    points: float
    worth: float
    kind: str
    """full, partial, none or unwritten."""
    in_time: bool
    rest: float


@dataclass(frozen=True)
class Shares:
    """How many students have how much of a function or check."""

    full: int = 0
    partial: int = 0
    none: int = 0
    unwritten: int = 0
    timeouts: int = 0
    """Of all these, in how many something ran out of time."""

    @property
    def count(self) -> int:
        return self.full + self.partial + self.none + self.unwritten


@dataclass(frozen=True)
class Item:
    """A function, or a check of it, as a class has met it."""

    function: str
    title: str
    public: bool
    worth: float
    shares: Shares
    separation: float | None
    """The correlation of its points with the rest of the score."""
    look: str
    """Why somebody should look at it; "" where nothing is odd."""


def functions_of(results: Sequence[Result]) -> list[Item]:
    """Every function that the results know, in the assignment's order."""
    found: dict[str, list[Ended]] = {}
    for result in results:
        for name, checks in grouped(result).items():
            ended = _function(checks, result.functions[name], result.raw_score or 0.0)
            found.setdefault(name, []).append(ended)
    return [_item(name, name, False, ended) for name, ended in found.items()]


def checks_of(results: Sequence[Result]) -> list[Item]:
    """Every check that the results know, in the order in which they ran."""
    found: dict[str, list[Ended]] = {}
    last: dict[str, CheckResult] = {}
    for result in results:
        score = result.raw_score or 0.0
        for check in result.checks:
            written = check.verdict not in NOT_WRITTEN
            kind = _kind(check.points, check.max_points, check.passed, written)
            in_time = check.verdict != TIMEOUT
            ended = Ended(check.points, check.max_points, kind, in_time, score - check.points)
            found.setdefault(check.name, []).append(ended)
            last[check.name] = check
    return [
        _item(last[name].function, last[name].title, last[name].visibility == "public", ended)
        for name, ended in found.items()
    ]


def grouped(result: Result) -> dict[str, list[CheckResult]]:
    """A result's checks by function, in the assignment's order."""
    found: dict[str, list[CheckResult]] = {name: [] for name in result.functions}
    for check in result.checks:
        if check.function in found:
            found[check.function].append(check)
    return found


def _kind(points: float, worth: float, passed: bool, written: bool) -> str:
    """Where points are to be had, they decide: a check may pass and count only beside another."""
    if points >= worth - SLACK if worth else passed:
        return "full"
    if not written:
        return "unwritten"
    return "partial" if points > SLACK else "none"


def _function(checks: Sequence[CheckResult], worth: float, score: float) -> Ended:
    """All checks of a function together. It is not written where no check that fails found it."""
    failed = [check for check in checks if not check.passed]
    points = sum(check.points for check in checks)
    written = points > SLACK or any(check.verdict not in NOT_WRITTEN for check in failed)
    in_time = all(check.verdict != TIMEOUT for check in failed)
    kind = _kind(points, worth, not failed, written)
    return Ended(points, worth, kind, in_time, score - points)


def _item(function: str, title: str, public: bool, ended: Sequence[Ended]) -> Item:
    kinds = Counter(one.kind for one in ended)
    shares = Shares(
        kinds["full"],
        kinds["partial"],
        kinds["none"],
        kinds["unwritten"],
        timeouts=sum(not one.in_time for one in ended),
    )
    worth = max(one.worth for one in ended)
    separation = together([one.points for one in ended], [one.rest for one in ended])
    return Item(function, title, public, worth, shares, separation, _look(shares, separation))


def _look(shares: Shares, separation: float | None) -> str:
    if shares.count < ENOUGH:
        return ""
    if separation is not None and separation <= AGAINST:
        return "the better students fail it"
    if shares.full >= NEARLY * shares.count:
        return "nearly all pass"
    if shares.full == 0 and not shares.partial:
        return "nobody passes"
    return ""
