"""Every case at every level that the machine reaches, as root and as an ordinary user."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.attacks.catalogue import CASES, GROUPS, LEVELS, Case, load, possible
from tests.attacks.places import Place

load()
WHO = ("root", "user") if os.geteuid() == 0 else ("user",)
ASSIGNMENTS = ("01", "02")


@dataclass(frozen=True)
class Battle:
    """What came of one case at one level."""

    case: Case
    outcome: dict[str, Any]
    batch: dict[str, Any]

    @property
    def ran_out_of_time(self) -> bool:
        """Whether a busy machine alone may explain what came of it."""
        next_lost = self.batch["right_after"][self.case.name] != self.batch["max_score"]
        return "timeout" in self.outcome["verdicts"] or next_lost

    def complaints(self) -> list[str]:
        """Everything that is not as it must be; empty where the case was stopped."""
        case, outcome, verdicts = self.case, self.outcome, set(self.outcome["verdicts"])
        found = []
        if outcome["status"] != case.status:
            found.append(f"it was {outcome['status']}, not {case.status}: {outcome['reason']}")
        if outcome["score"] != case.score:
            found.append(f"it scored {outcome['score']}; {case.score} is right")
        if case.verdicts and not verdicts <= set(case.verdicts):
            found.append(f"verdicts {sorted(verdicts)}: {outcome['first']}")
        if not case.score and "passed" in verdicts:
            found.append("a check passed")
        if case.says not in outcome["reason"] + outcome["first"]:
            found.append(f"the words are {outcome['reason'] or outcome['first']!r}")
        if outcome["loot"]:
            found.append(f"it leaked: {outcome['loot']}")
        if outcome["left"]:
            found.append(f"it left: {outcome['left']}")
        if outcome["log_bytes"] > 8 * 8192:
            found.append(f"its log has {outcome['log_bytes']} bytes")
        if self.batch["right_after"][case.name] != self.batch["max_score"]:
            found.append(f"the next scored {self.batch['right_after'][case.name]}")
        return found


class Matrix:
    """Runs each batch once, when it is first asked for."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.trouble = place.trouble() if os.geteuid() == 0 else ""
        self._levels: dict[str, list[str]] = {}
        self._batches: dict[tuple[str, str, str], dict[str, Any]] = {}

    def levels(self, who: str) -> list[str]:
        """What is reached here, weakest first."""
        if who not in self._levels:
            self._levels[who] = self.place.arena(self._user(who), "levels")
        return self._levels[who]

    def batch(self, who: str, level: str, assignment: str) -> dict[str, Any]:
        """One arena's document."""
        key = who, level, assignment
        if key not in self._batches:
            user, strongest = self._user(who), self.levels(who)[-1]
            self._batches[key] = self.place.arena(user, level, assignment, strongest=strongest)
        return self._batches[key]

    def battle(self, who: str, level: str, case: Case) -> Battle | None:
        """What came of it; None where it is not fought at this level."""
        batch = self.batch(who, level, case.assignment)
        outcome = batch["cases"].get(case.name)
        if outcome is None or (case.wants_open_interpreter and batch["notes"]):
            return None
        battle = Battle(case, outcome, batch)
        if battle.complaints() and battle.ran_out_of_time:  # once more, alone and with patience
            again = self.place.arena(self._user(who), level, case.assignment, case.name)
            battle = Battle(case, again["cases"][case.name], again)
        return battle

    def _user(self, who: str) -> int | None:
        return next(self.place.users) if who == "user" and os.geteuid() == 0 else None


def promised(who: str, level: str) -> Iterator[Case]:
    """The cases about which the kit promises something at a level."""
    for case in CASES.values():
        if case.held_at(level, who == "root") and (
            possible(case) and (who == "root" or not case.only_root)
        ):
            yield case


def rows(matrix: Matrix) -> Iterator[tuple[str, str, str, int, int, int]]:
    """Class, who, level: how many were tried and stopped, and of how many nothing is promised."""
    for group in GROUPS:
        members = [case for case in CASES.values() if case.group == group]
        for who in WHO:
            for level in LEVELS:
                if level not in matrix.levels(who):
                    continue
                battles = [matrix.battle(who, level, case) for case in members]
                fought = [battle for battle in battles if battle is not None]
                stopped = sum(not battle.complaints() for battle in fought)
                open_here = sum(not case.held_at(level, who == "root") for case in members)
                yield group, who, level, len(fought), stopped, open_here
