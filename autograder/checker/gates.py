"""What a check counts for: those with trivial right answers only where a value check passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.outcome import Verdict

COMPUTED_SHARE = 0.1  # of a function's points, where its gradient is not derived
UNFINISHED = (Verdict.TOO_COSTLY, Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.SKIPPED)
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


def computed(checks: Sequence[Check], found: Mapping[str, Finding]) -> bool:
    """Whether a function's gradient takes the work of one that is computed, not derived.

    That is so where a cost check came to no end; and where it ended badly although everything
    else is right, for a derived gradient is right for large inputs too.
    """
    costs = [found[check.name] for check in checks if check.kind == "cost"]
    if any(finding.verdict in UNFINISHED for finding in costs):
        return True
    values = [found[check.name] for check in checks if not check.gated]
    return all(value.passed for value in values) and not all(cost.passed for cost in costs)


def counted(checks: Sequence[Check], found: Mapping[str, Finding]) -> dict[str, float]:
    """What share of its points each check of one function earns.

    1 where it passed, 0 where not; of a gradient that is not derived, together at most a tenth.
    """
    whole = sum(check.weight for check in checks)
    earned = sum(check.weight for check in checks if found[check.name].passed)
    most = whole * COMPUTED_SHARE if computed(checks, found) else whole
    part = min(1.0, most / earned) if earned else 0.0
    return {check.name: part if found[check.name].passed else 0.0 for check in checks}
