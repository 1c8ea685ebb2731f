"""What the pages are made from: of each assignment, a row for everything that was handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.policy import Standing
from autograder.documents.results import Result
from autograder.gradebook.marks import Mark
from autograder.gradebook.roster import Person

FEW = 5  # a group smaller than this is not shown apart where nobody should be recognised


@dataclass(frozen=True)
class Row:
    """One mark with all that is behind it. A group has one row."""

    people: tuple[Person, ...]
    mark: Mark
    attempts: tuple[Standing, ...] = ()
    """Oldest first; none where people alone gave the points."""
    result: Result | None = None
    links: tuple[str, ...] = ()
    """The people's pages, as a page of an assignment reaches them."""

    @property
    def section(self) -> str:
        """A group is in the section of its first member."""
        return self.people[0].section

    @property
    def graded(self) -> bool:
        return self.mark.status == "graded"

    @property
    def share(self) -> float:
        """The score as a part of what there is to get; 0 without one."""
        return share_of(self.mark.score, self.mark.max_score)

    @property
    def first(self) -> Standing | None:
        """The first attempt that was graded."""
        return next((one for one in self.attempts if one.status == "graded"), None)


def share_of(score: float | None, most: float) -> float:
    """A part of the whole; 0 of nothing."""
    return (score or 0.0) / most if most else 0.0


def scored(rows: Sequence[Row]) -> list[Row]:
    """The rows whose marks statistics count: graded, with a score."""
    return [row for row in rows if row.graded and row.mark.score is not None]


def by_section(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each section of the roster; none where there are fewer than two sections."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.section or "no section", []).append(row)
    return dict(sorted(found.items())) if len(found) > 1 else {}


def large_enough(groups: dict[str, list[Row]], least: int) -> dict[str, list[Row]]:
    """The groups with at least so many rows; smaller ones together, and never one alone.

    What is left over could be worked out from the whole, so it is joined with the smallest group
    where it is too small by itself.
    """
    shown = {name: rows for name, rows in groups.items() if len(rows) >= least}
    rest = [row for rows in groups.values() if len(rows) < least for row in rows]
    if 0 < len(rest) < least and shown:
        smallest = min(shown, key=lambda name: len(shown[name]))
        rest += shown.pop(smallest)
    if len(rest) >= least:
        shown["others"] = rest
    return shown if len(shown) > 1 else {}
