"""When an assignment is due. Written by a release, so that no machine needs time zones' data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Deadline:
    """A moment as the clocks of the course show it, and their time zone's name."""

    moment: datetime
    zone: str

    @property
    def words(self) -> str:
        """`Monday 18 January 2027, 23:59 (Europe/London)`, in English on every machine."""
        return f"{in_words(self.moment)} ({self.zone})"

    @classmethod
    def load(cls, stored: Mapping[str, str] | None) -> Deadline | None:
        """From what `stored` gave; None where there is no deadline."""
        if stored is None:
            return None
        return cls(datetime.fromisoformat(stored["moment"]), stored["zone"])

    def stored(self) -> dict[str, str]:
        """As it is kept in an assignment's record."""
        return {"moment": self.moment.isoformat(), "zone": self.zone}


def in_words(moment: datetime) -> str:
    """`Monday 18 January 2027, 23:59`, by the moment's own clock; seconds only if there are any."""
    clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day} {moment.day} {month} {moment.year}, {clock}"
