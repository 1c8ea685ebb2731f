"""The slips of a class: how many made each, what it cost them, what is worth ten minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.report.pages.rows import Row

WORTH_TEN_MINUTES = 3


@dataclass
class Slip:
    """One known slip, and who made it."""

    id: str
    text: str
    section: str
    functions: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    lost: float = 0.0
    """Points that it cost all of them together."""

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def each(self) -> float:
        """Points that it cost on average."""
        return self.lost / self.count


def slips_of(rows: Sequence[Row]) -> list[Slip]:
    """The slips that were named, those of most students first."""
    found: dict[str, Slip] = {}
    for row in rows:
        for check in row.result.checks if row.result else ():
            cause = check.diagnosis
            if check.passed or cause is None or not cause.id:
                continue
            slip = found.setdefault(cause.id, Slip(cause.id, cause.text, cause.section))
            if not slip.rows or slip.rows[-1] is not row:
                slip.rows.append(row)
            if check.function not in slip.functions:
                slip.functions.append(check.function)
            slip.lost += check.max_points - check.points
    return sorted(found.values(), key=lambda slip: (-slip.count, -slip.lost, slip.id))


def worth_ten_minutes(slips: Sequence[Slip], least: int = 2) -> list[Slip]:
    """What to say in class: at most three, each made by several."""
    return [slip for slip in slips if slip.count >= max(2, least)][:WORTH_TEN_MINUTES]
