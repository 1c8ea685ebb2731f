"""How each function and each check went in a class, and whether it tells students apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.checker.outcome import Verdict
from autograder.documents.results import CheckResult, Result
from autograder.report.pages.measures import ENOUGH, together

NEARLY = 0.97
AGAINST = -0.1
NOT_WRITTEN = (Verdict.NOT_IMPLEMENTED, Verdict.MISSING)
SLACK = 1e-6


@dataclass(frozen=True)
class Ended:
    """How one function or check ended for one student."""

    points: float
    worth: float
    passed: bool
    written: bool
    in_time: bool

    @property
    def kind(self) -> str:
        if self.passed or (self.worth and self.points >= self.worth - SLACK):
            return "full"
        if not self.written:
            return "unwritten"
        return "partial" if self.points > SLACK else "none"


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
    names = dict.fromkeys(name for result in results for name in result.functions)
    found = []
    for name in names:
        ended = [
            (result, _function(result.of(name), result.functions[name]))
            for result in results
            if name in result.functions
        ]
        found.append(_item(name, name, False, ended))
    return found


def checks_of(results: Sequence[Result]) -> list[Item]:
    """Every check that the results know, in the order in which they ran."""
    by_name: dict[str, list[tuple[Result, CheckResult]]] = {}
    for result in results:
        for check in result.checks:
            by_name.setdefault(check.name, []).append((result, check))
    found = []
    for pairs in by_name.values():
        last = pairs[-1][1]
        ended = [(result, _check(check)) for result, check in pairs]
        found.append(_item(last.function, last.title, last.visibility == "public", ended))
    return found


def _check(check: CheckResult) -> Ended:
    return Ended(
        check.points,
        check.max_points,
        check.passed,
        check.verdict not in NOT_WRITTEN,
        check.verdict != Verdict.TIMEOUT,
    )


def _function(checks: Iterable[CheckResult], worth: float) -> Ended:
    """All checks of a function together. It is not written where no check that fails found it."""
    checks = tuple(checks)
    failed = [check for check in checks if not check.passed]
    points = sum(check.points for check in checks)
    return Ended(
        points,
        worth,
        not failed,
        any(check.verdict not in NOT_WRITTEN for check in failed) or points > SLACK,
        all(check.verdict != Verdict.TIMEOUT for check in checks),
    )


def _item(function: str, title: str, public: bool, ended: Sequence[tuple[Result, Ended]]) -> Item:
    kinds = [one.kind for _, one in ended]
    shares = Shares(
        *(kinds.count(kind) for kind in ("full", "partial", "none", "unwritten")),
        timeouts=sum(not one.in_time for _, one in ended),
    )
    worth = max(one.worth for _, one in ended)
    separation = None
    if worth:
        own = [one.points for _, one in ended]
        rest = [(result.raw_score or 0.0) - one.points for result, one in ended]
        separation = together(own, rest)
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
