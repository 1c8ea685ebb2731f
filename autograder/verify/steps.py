"""Whether the steps of functions are right, and what becomes of the ways in which they go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.checker.bank import overlay
from autograder.checker.finding import Finding
from autograder.checker.outcome import Verdict
from autograder.explain.change import Variant
from autograder.explain.search import differing_steps
from autograder.explain.steps import Steps
from autograder.grading.judges import Streams
from autograder.verify.proofs import Proof

TRIED = 8  # changes of each function: enough to see what checks miss
QUIET = ("cost", "learning")


@dataclass(frozen=True)
class Changes:
    """What became of changes of steps: an author watches this beside the mutation score."""

    known: int
    """All changes that follow from the steps."""
    tried: int
    raising: int
    """That come to an exception, which names its own line."""
    caught: int
    """Of the others, those that fail some check; what passes all may be no mistake."""
    explained: int
    """Of those, the ones whose cause is named."""
    missed: tuple[str, ...]
    """Sentences of some that no check sees."""


def steps_proof(streams: Streams) -> Proof:
    """The steps of every function give what the reference gives, in every stream of inputs."""
    explainer = streams.explainer
    if explainer is None:
        return Proof("steps are right", 0, ())
    judges = [streams[k] for k in range(streams.count)]
    wrong = tuple(dict.fromkeys(differing_steps(explainer, *judges)))
    return Proof("steps are right", len(explainer.steps), wrong)


def changes_of_steps(streams: Streams) -> Changes | None:
    """Some changes of every function, judged as if a student had written them."""
    if streams.explainer is None:
        return None
    asked = {check.of for check in streams.checks}
    all_steps = [one for name, one in streams.explainer.steps.items() if name in asked]
    tried = raising = caught = explained = 0
    missed = []
    for steps in all_steps:
        for variant in _spread(steps):
            tried += 1
            failed = _failed(streams, steps, variant)
            if any(one.verdict is Verdict.RAISED for one in failed):
                raising += 1
                continue
            caught += bool(failed)
            explained += any(one.diagnosis and one.diagnosis.id for one in failed)
            if not failed:
                missed.append(f"{steps.of}: {variant.text}")
    known = sum(len(steps.variants) for steps in all_steps)
    return Changes(known, tried, raising, caught, explained, tuple(missed))


def _spread(steps: Steps) -> list[Variant]:
    """A few variants, from the likeliest on; not those that depend on what a name holds."""
    plain = [v for v in steps.variants if not (v.change.uses or v.names or v.default)]
    return plain[:: max(1, len(plain) // TRIED)][:TRIED]


def _failed(streams: Streams, steps: Steps, variant: Variant) -> list[Finding]:
    """The failures of a change."""
    judge = streams[0]
    checks = [c for c in judge.checks if c.of == steps.of and c.kind not in (*QUIET, "error")]
    wrong = overlay(steps.slip([variant]), streams.reference)
    return [one for one in judge.run(wrong, checks).values() if not one.passed]
