"""What a check counts for: those with trivial right answers only where a value check passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.outcome import Verdict

STUBS = (Verdict.NOT_IMPLEMENTED, Verdict.MISSING)


def gate(checks: Sequence[Check], found: dict[str, Finding]) -> dict[str, Finding]:
    """Checks whose right answer may be trivial count only where a value check passes."""
    gated = dict(found)
    for check in checks:
        finding = found[check.name]
        if not check.gated or finding.verdict is Verdict.GRADER_ERROR:
            continue
        values = [found[c.name] for c in checks if c.of == check.of and not c.gated]
        if not values or any(value.passed for value in values):
            continue
        stub = next((v for v in STUBS if all(value.verdict is v for value in values)), None)
        if stub is not None:
            gated[check.name] = replace(finding, verdict=stub, symptom="", told="", diagnosis=None)
        elif finding.passed:
            text = f"counts only once a value check of {check.of} passes"
            gated[check.name] = replace(finding, verdict=Verdict.SKIPPED, symptom=text, told=text)
    return gated
