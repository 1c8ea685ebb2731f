"""The verdict on one outcome of a check: what is wrong with it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograder.checker import disclosure
from autograder.checker.causes import UNKNOWN
from autograder.checker.compare import Difference, Expected
from autograder.checker.declare import Check
from autograder.checker.finding import Diagnosis, Finding
from autograder.checker.key import kind_of_error, rules
from autograder.checker.nests import same_form
from autograder.checker.outcome import (
    ImplementationMissing,
    ImplementationRaised,
    Outcome,
    Verdict,
)
from autograder.checker.symptoms import describe, sizes_of

ORDER = (
    Verdict.BAD_OUTPUT,
    Verdict.WRONG_TYPE,
    Verdict.WRONG_SHAPE,
    Verdict.NOT_FINITE,
    Verdict.WRONG_VALUE,
)


def judged(
    check: Check,
    right: Outcome,
    outcome: Outcome,
    differences: Sequence[Difference],
) -> Finding:
    """The first that holds: death, exception, structure, mutation, difference; else passed."""
    if outcome.stopped is not None:
        death = outcome.stopped
        told = disclosure.death(death)
        return finding_of(check, death.verdict, death.message, told=told)
    if outcome.error is not None:
        return _raised(check, right, outcome)
    if outcome.structure:
        told = disclosure.structure(outcome.structure)
        return finding_of(check, Verdict.WRONG_TYPE, outcome.structure, told=told)
    if right.outputs is None:
        kind = kind_of_error(right)
        return finding_of(
            check, Verdict.WRONG_VALUE, f"no exception; {kind} was expected for these arguments"
        )
    if outcome.outputs is None:
        return _unusable(check, right, outcome)
    if not outcome.mutated and not differences:
        return _form(check, right, outcome) or finding_of(check, Verdict.PASSED)
    first = min(differences, key=lambda d: ORDER.index(d.verdict), default=None)
    early = first is not None and first.verdict not in (Verdict.WRONG_VALUE,)
    if outcome.mutated and not early:
        text = f"{outcome.mutated[0]} was changed in place: work on a copy"
        return finding_of(check, Verdict.MUTATED_INPUT, text)
    if first is None:
        return finding_of(check, Verdict.PASSED)
    return _different(check, outcome, first, differences)


def _raised(check: Check, right: Outcome, outcome: Outcome) -> Finding:
    error = outcome.error
    if isinstance(error, ImplementationMissing):
        return finding_of(check, Verdict.MISSING, error.message, told=disclosure.missing(error))
    assert isinstance(error, ImplementationRaised)
    if error.not_implemented:
        return finding_of(check, Verdict.NOT_IMPLEMENTED, details=error.message)
    kind = kind_of_error(right)
    if kind and kind_of_error(outcome) == kind:
        return finding_of(check, Verdict.PASSED)
    message = error.message.strip().split("\n")[0] if error.message.strip() else ""
    text = f"{error.kinds[0]}: {message}" if message else error.kinds[0]
    if error.where:
        text += f"\nin {error.where}"
    told = disclosure.exception(error.kinds)
    finding = finding_of(check, Verdict.RAISED, text, told=told)
    return replace(finding, raised=error)


def _unusable(check: Check, right: Outcome, outcome: Outcome) -> Finding:
    """The probe could not use a result: say which call's result is built differently."""
    text = f"the check could not use the result ({outcome.probe_error})"
    found = _form(check, right, outcome)
    told = "the check could not use the result"
    return found or finding_of(check, Verdict.BAD_OUTPUT, text, told=told)


def _form(check: Check, right: Outcome, outcome: Outcome) -> Finding | None:
    """The first call whose result has another type or shape than the reference's.

    A probe may look at a part or a statistic only; the whole must be of the right form too.
    """
    for mine, theirs in zip(right.calls, outcome.calls, strict=False):
        one, other = mine.result.value, theirs.result.value
        if same_form(one, other):
            continue
        for difference in Expected({"result": one}, rules(check)).differences({"result": other}):
            if difference.verdict in (Verdict.WRONG_TYPE, Verdict.WRONG_SHAPE):
                text, told = (
                    words.replace("result", f"{mine.function.name}'s result", 1)
                    for words in (difference.text, difference.told or difference.text)
                )
                return finding_of(check, difference.verdict, text, told=told)
    return None


def _different(
    check: Check, outcome: Outcome, first: Difference, differences: Sequence[Difference]
) -> Finding:
    symptom = describe(first, sizes_of(outcome.calls))
    others = sorted({d.root for d in differences} - {first.root})
    more = f"\nAlso wrong: {', '.join(others[:6])}." if others else ""
    finding = finding_of(
        check,
        first.verdict,
        f"{first.text}.{more}",
        "\n".join(symptom.details),
        told=f"{first.told or first.text}.{more}",
    )
    text = symptom.text or ("" if symptom.known else UNKNOWN)
    unnamed = Diagnosis(None, text) if text else None
    return replace(finding, unnamed=unnamed, diagnosis=unnamed)


def finding_of(
    check: Check,
    verdict: Verdict,
    symptom: str = "",
    details: str = "",
    *,
    told: str | None = None,
) -> Finding:
    """A finding on a check; `told` is what students read of it, by default the symptom."""
    told = symptom if told is None else told
    return Finding(check.name, check.title, check.of, verdict, symptom, details, told=told)
