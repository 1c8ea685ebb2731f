"""Slips that stood in the bank until the steps explained them by themselves.

`python -m tests.explained.formerly [NN ...]` writes what is said of each into `said.json`, so that
another wording is seen in review.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from autograder.checker.bank import Misconception, load_misconceptions, overlay
from autograder.checker.finding import Finding
from tests.explained.measure import streams

HERE = Path(__file__).parent
SAID = HERE / "said.json"
NUMBERS = tuple(sorted(path.stem[1:] for path in HERE.glob("s[0-9][0-9].py")))
QUIET = ("cost", "learning")


def former(number: str) -> tuple[Misconception, ...]:
    """The slips that were deleted from an assignment's bank."""
    return load_misconceptions(HERE / f"s{number}.py")


def failures(number: str, slip: Misconception) -> list[Finding]:
    """What the grader finds where the reference has the slip in it."""
    known = streams(number)
    checks = [check for check in known[0].checks if check.of == slip.of and check.kind not in QUIET]
    found = known[0].run(overlay(slip, known.reference), checks)
    return [finding for finding in found.values() if not finding.passed]


def causes(found: list[Finding]) -> set[tuple[str | None, str, str]]:
    """The causes that are named, each with its sentence and the part that it explains."""
    return {
        (one.diagnosis.id, one.diagnosis.text, one.diagnosis.part) for one in found if one.diagnosis
    }


def recorded() -> Mapping[str, Mapping[str, str]]:
    """The sentences that were said of the slips when somebody last read them."""
    said: Mapping[str, Mapping[str, str]] = json.loads(SAID.read_text(encoding="utf-8"))
    return said
