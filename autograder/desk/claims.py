"""Who has which work before them, so that two people do not mark the same by accident."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

SECONDS = 180.0  # without a sign of life; an open page gives one every minute
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Claim:
    """A person at a piece of work, until a moment of the monotonic clock."""

    who: str
    session: str
    until: float


class Claims:
    """Claims in memory: they expire, and nothing depends on them but what people see."""

    def __init__(self) -> None:
        self._claims: dict[Key, Claim] = {}
        self._lock = threading.Lock()

    def take(self, key: Key, who: str, session: str) -> Claim | None:
        """Claim a piece of work and let go of all others; or whose it is already."""
        with self._lock:
            other = self._live().get(key)
            if other and other.session != session:
                return other
            for mine in [one for one, claim in self._claims.items() if claim.session == session]:
                del self._claims[mine]
            self._claims[key] = Claim(who, session, time.monotonic() + SECONDS)
            return None

    def drop(self, key: Key, session: str) -> None:
        """Let go of a piece of work, if it is one's own."""
        with self._lock:
            claim = self._claims.get(key)
            if claim and claim.session == session:
                del self._claims[key]

    def others(self, session: str) -> dict[Key, str]:
        """What other people have, and who."""
        with self._lock:
            live = self._live().items()
            return {key: claim.who for key, claim in live if claim.session != session}

    def _live(self) -> dict[Key, Claim]:
        moment = time.monotonic()
        self._claims = {key: one for key, one in self._claims.items() if one.until > moment}
        return self._claims
