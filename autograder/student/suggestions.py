"""Causes beyond the bank of slips, as far as they were recorded: likely changes of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.checker.bank import Misconception
from autograder.checker.declare import Check
from autograder.checker.fingerprint import Fingerprint
from autograder.checker.outcome import Outcome
from autograder.checker.slips import Value
from autograder.student.record import Record

MOST = 16


@dataclass(frozen=True)
class Recorded:
    """Suggests recorded changes to the judge."""

    record: Record

    def look(self, check: Check, seed: int, right: Outcome, got: Outcome) -> RecordedLook | None:
        """At the outputs of one check."""
        del seed, right
        return None if got.outputs is None else RecordedLook(self.record, check, got)


@dataclass(frozen=True)
class RecordedLook:
    """A wrong outcome, and the recorded changes that could have made it so."""

    record: Record
    check: Check
    got: Outcome

    def singles(self) -> Sequence[Misconception]:
        """Changes of which all that is wrong is wrong here in the same way; most outputs first."""
        mine: dict[str, Value] = {}
        hits: list[tuple[int, int, str]] = []
        for name, change in self.record.changed(self.check).items():
            wrong = {leaf: v for leaf, v in change.leaves.items() if isinstance(v, Fingerprint)}
            if all(leaf in self.got.leaves for leaf in wrong) and all(
                mine.setdefault(leaf, Value(self.got.leaves[leaf])).equals(value)
                for leaf, value in wrong.items()
            ):
                hits.append((-len(wrong), len(hits), name))
        told = self.record.readable
        return [_named(name, self.check.of) for *_, name in sorted(hits) if told(name)][:MOST]

    def pairs(self) -> Sequence[Misconception]:
        """None are recorded."""
        return ()

    def weights(self) -> Sequence[Misconception]:
        """None are recorded."""
        return ()


def _named(name: str, function: str) -> Misconception:
    """What the record knows a change by: it has no code, and few of its like to be weighed with."""
    return Misconception(name, function, "", name, "", _not_here, alone=True)


def _not_here(*arguments: Any, **named: Any) -> Any:
    raise NotImplementedError("a recorded change has no code")
