"""The answers to a set of checks: computed from the reference, or read from a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Protocol

from autograder.checker.bank import Misconception, overlay
from autograder.checker.compare import Expected, Rules
from autograder.checker.declare import Check
from autograder.checker.draw import Draw
from autograder.checker.implementation import Implementation, LocalImplementation
from autograder.checker.outcome import (
    ImplementationMissing,
    ImplementationRaised,
    ImplementationStopped,
    Outcome,
    WrongStructure,
)

Outcomes = dict[tuple[str, int, str], Outcome | None]
"""By check, seed and slip: the outcome, or None where it is the right one."""
RIGHT = ""  # in the place of a slip: the reference


class AnswerKey(Protocol):
    """Expected outcomes of checks, and what known slips would answer."""

    def seed(self, check: Check) -> int:
        """The seed of the check's inputs."""

    def expected(self, check: Check) -> Outcome:
        """The reference's outcome."""

    def names(self, check: Check) -> Sequence[str]:
        """The known slips that may differ in a check."""

    def slip(self, check: Check, name: str) -> Outcome | None:
        """The outcome of one slip, where it differs from the right one."""

    def knows(self, slip: Misconception) -> bool:
        """Learn a slip that was suggested; whether it can be tried."""

    def carried(self, check: Check, slip: str) -> Outcome | None:
        """What a right function answers on top of a slip in another one, where that is known."""

    def easier(self, slip: str) -> bool:
        """Whether a slip in a forward makes its backward simpler than the one asked for."""

    def misconception(self, name: str) -> tuple[str, str, str]:
        """A slip's family, text and handout anchor."""


def rules(check: Check) -> Rules:
    """How a check's outputs are compared."""
    return Rules(check.rtol, check.scale, check.kind == "dtype")


def run_probe(
    check: Check, implementation: Implementation, seed: int, cpu: float | None = None
) -> Outcome:
    """Run a check's probe on an implementation. Whatever happens there is an outcome.

    cpu: seconds that it may take, where they are fewer than usual.
    """
    kept = implementation.kept_outcomes
    if kept is not None and (check.name, seed) in kept:
        implementation.trace = list(kept[check.name, seed].calls)
        return kept[check.name, seed]
    implementation.begin(cpu)
    spent = implementation.cpu_seconds if check.kind == "cost" else 0.0
    started = perf_counter()
    outputs = error = stopped = None
    structure = probe_error = ""
    try:
        outputs = check.probe(implementation, Draw(seed))
    except (ImplementationRaised, ImplementationMissing) as raised:
        error = raised
    except ImplementationStopped as death:
        stopped = death
    except WrongStructure as wrong:
        structure = wrong.message
    except Exception as fault:  # the probe met a result that it can't use
        probe_error = f"{type(fault).__name__}: {fault}"[:300]
    calls = tuple(implementation.trace)
    outcome = Outcome(
        outputs=outputs,
        error=error,
        stopped=stopped,
        structure=structure,
        probe_error=probe_error,
        mutated=tuple(
            f"{call.function.name}: {name}"
            for call in calls
            if call.function.name == check.of  # a forward's own slip costs the forward's checks
            for name in call.result.mutated
        ),
        warnings=tuple(dict.fromkeys(text for call in calls for text in call.result.warnings)),
        seconds=perf_counter() - started,
        cpu=implementation.cpu_seconds - spent if check.kind == "cost" else 0.0,
        calls=calls,
    )
    if kept is not None:
        kept[check.name, seed] = outcome
    return outcome


class LiveKey:
    """Answers from the reference and its misconceptions, each computed once, when first needed."""

    def __init__(
        self,
        reference: LocalImplementation,
        misconceptions: Sequence[Misconception],
        seed: Callable[[str], int],
        known: Outcomes | None = None,
    ) -> None:
        """`known` is shared by keys of the same reference, some of whose seeds are the same."""
        self._reference = reference
        self._misconceptions = misconceptions
        self._seed = seed
        self._by_name = {slip.name: slip for slip in misconceptions}
        self._known: Outcomes = {} if known is None else known
        self._judged: dict[str, LocalImplementation] = {}

    def seed(self, check: Check) -> int:
        """The seed of the check's inputs."""
        return self._seed(check.name)

    def expected(self, check: Check) -> Outcome:
        """The reference's outcome."""
        key = check.name, self.seed(check), RIGHT
        if key not in self._known:
            self._known[key] = run_probe(check, self._reference, self.seed(check))
        right = self._known[key]
        assert right is not None
        return right

    def slips(self, check: Check) -> Mapping[str, Outcome]:
        """The outcome of each known slip of the check's function, where it differs."""
        tried = ((name, self.slip(check, name)) for name in self.names(check))
        return {name: outcome for name, outcome in tried if outcome is not None}

    def names(self, check: Check) -> Sequence[str]:
        """The known slips that may differ in a check."""
        if check.kind == "learning":  # seconds of work each, and a bound tells no slip from another
            return ()
        return [slip.name for slip in self._misconceptions if slip.of == check.of]

    def slip(self, check: Check, name: str) -> Outcome | None:
        """The outcome of one slip, where it differs from the right one."""
        key = check.name, self.seed(check), name
        if key not in self._known:
            variant = self._judged.get(name)
            if variant is None:
                variant = overlay(self._by_name[name], self._reference)
            outcome = run_probe(check, variant, self.seed(check))
            differing = differs(check, self.expected(check), outcome)
            self._known[key] = outcome if differing else None
        return self._known[key]

    def judged(self, name: str) -> LocalImplementation:
        """A slip as something to judge: what its probes give is computed once, here and there."""
        if name not in self._judged:
            variant = overlay(self._by_name[name], self._reference)
            variant.kept_outcomes = {}
            self._judged[name] = variant
        return self._judged[name]

    def knows(self, slip: Misconception) -> bool:
        """Learn a slip that was suggested, for as long as a batch lasts."""
        self._by_name.setdefault(slip.name, slip)
        return True

    def carried(self, check: Check, slip: str) -> Outcome | None:
        """What a right function answers on top of a slip in another one.

        None where the check no longer tells it from a wrong function: a slip that drowns what is
        looked at must not earn points for it.
        """
        below = overlay(self._by_name[slip], self._reference, carried=True)
        right = run_probe(check, below, self.seed(check))
        for other in self._misconceptions:
            if other.of == check.of:
                wrong = run_probe(check, overlay(other, below), self.seed(check))
                if differs(check, right, wrong):
                    return right
        return None

    def easier(self, slip: str) -> bool:
        """Whether a slip in a forward makes its backward simpler than the one asked for."""
        return self._by_name[slip].easier_backward

    def misconception(self, name: str) -> tuple[str, str, str]:
        """A slip's family, text and handout anchor."""
        slip = self._by_name[name]
        return slip.family, slip.text, slip.anchor


def differs(check: Check, right: Outcome, other: Outcome) -> bool:
    """Whether an outcome is not the right one."""
    if right.outputs is None:
        return kind_of_error(other) != kind_of_error(right)
    if other.outputs is None or other.mutated:
        return True
    return not Expected(right.outputs, rules(check)).matches(other.outputs)


def kind_of_error(outcome: Outcome) -> str:
    """The kind of exception of an outcome ("ValueError" for its subclasses too), or ""."""
    if isinstance(outcome.error, ImplementationRaised):
        kinds = outcome.error.kinds
        return "ValueError" if "ValueError" in kinds else (kinds[0] if kinds else "Exception")
    return ""


def fault_of(check: Check, right: Outcome) -> str:
    """What is wrong with the check itself: the reference must come through it."""
    if right.stopped or right.structure or right.probe_error or right.mutated:
        return (
            (right.stopped.message if right.stopped else "")
            or right.structure
            or right.probe_error
            or f"the reference changed {right.mutated[0]}"
        )
    if right.error and check.kind != "error":
        return f"the reference raised {right.error}"
    return ""
