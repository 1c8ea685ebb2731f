"""Judge an implementation: run every check, name what is wrong, apply the gates."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.causes import MOST_HOPELESS, Causes
from autograder.checker.compare import Expected
from autograder.checker.declare import Check
from autograder.checker.finding import Finding
from autograder.checker.gates import gate
from autograder.checker.implementation import Implementation, LocalImplementation
from autograder.checker.key import (
    AnswerKey,
    LiveKey,
    Outcomes,
    fault_of,
    rules,
    run_probe,
)
from autograder.checker.outcome import (
    Outcome,
    Verdict,
)
from autograder.checker.own_forward import gradients_fit_own_forward
from autograder.checker.runs import Cause, Run, Suggests
from autograder.checker.slips import main_slips, same_outputs
from autograder.checker.symptoms import sizes_of
from autograder.checker.verdicts import finding_of, judged

MOST_EXAMINED = 2000  # wrong answers that are kept: some 1 KB each


class Judge:
    """The checks of one assignment with their answers; one judge serves a whole batch."""

    def __init__(
        self,
        checks: Sequence[Check],
        reference: LocalImplementation,
        misconceptions: Sequence[Misconception],
        *,
        seed: Callable[[str], int],
        allowed: Mapping[str, float] | None = None,
        suggests: Suggests | None = None,
        known: Outcomes | None = None,
    ) -> None:
        """`allowed` holds the CPU seconds that some checks may take, where less than usual.

        `suggests` finds causes beyond the misconceptions. `known` is shared by judges of the same
        reference: what they ask alike is computed once.
        """
        self._set(checks, LiveKey(reference, misconceptions, seed, known))
        self.suggests = suggests
        self.allowed = {} if allowed is None else allowed

    @classmethod
    def from_key(
        cls, checks: Sequence[Check], key: AnswerKey, suggests: Suggests | None = None
    ) -> Judge:
        """A judge whose answers come from elsewhere, such as a record."""
        judge = cls.__new__(cls)
        judge._set(checks, key)
        judge.allowed = {}
        judge.suggests = suggests
        return judge

    def _set(self, checks: Sequence[Check], key: AnswerKey) -> None:
        self.checks = tuple(checks)
        self.key = key
        self._prepared: dict[str, Expected] = {}
        self._wrong: dict[tuple[str, str], Sequence[str]] = {}  # outputs that slips get wrong
        self._examined: dict[Hashable, tuple[Finding, tuple[str, ...]]] = {}
        self._causes: dict[Hashable, tuple[Mapping[str, Cause], bool]] = {}

    def run(
        self, implementation: Implementation, checks: Sequence[Check] | None = None
    ) -> dict[str, Finding]:
        """The findings of all checks (or some), in order. Never raises for what was judged."""
        chosen = self.checks if checks is None else checks
        runs = {check.name: self._run(check, implementation) for check in chosen}
        by_function: dict[str, list[Check]] = {}
        for check in chosen:
            by_function.setdefault(check.of, []).append(check)
        found = {check.name: runs[check.name].finding for check in chosen}
        hopeless = 0
        with np.errstate(all="ignore"):
            for checks_of in by_function.values():
                asked = [runs[check.name] for check in checks_of]
                told, unexplained = self._explained(asked, min(hopeless, MOST_HOPELESS))
                hopeless += unexplained
                for name, cause in told.items():
                    found[name] = replace(found[name], candidates=cause.names, diagnosis=cause.said)
        return gate(chosen, self._second_look(chosen, found, implementation))

    def _explained(self, runs: Sequence[Run], hopeless: int) -> tuple[Mapping[str, Cause], bool]:
        """The causes of one function's failures; looked for once where several fail alike."""
        if not any(run.cells for run in runs):
            return {}, False
        alike = hopeless, tuple(run.digest for run in runs)
        if alike not in self._causes:
            causes = Causes(self.key, self.suggests, runs, self._wrong, hopeless)
            self._causes[alike] = causes.named(), causes.hopeless
        return self._causes[alike]

    def preparing(self) -> Iterator[None]:
        """Compute the reference's outcomes, a step each (but of checks that train: for seconds)."""
        for check in self.checks:
            if check.kind != "learning":
                yield
                self.key.expected(check)

    def run_one(self, check: Check, implementation: Implementation) -> Finding:
        """Run one check and say what was found; no causes, and the gates are not applied."""
        return self._run(check, implementation).finding

    def _run(self, check: Check, implementation: Implementation) -> Run:
        """Run one check and say what was found; causes and gates come later."""
        right = self.key.expected(check)
        fault = fault_of(check, right)
        if fault:
            finding = finding_of(check, Verdict.GRADER_ERROR, details=fault)
            return Run(check, finding, Outcome())
        with np.errstate(all="ignore"):
            allowed = self.allowed.get(check.name)
            outcome = run_probe(check, implementation, self.key.seed(check), allowed)
            finding, wrong = self._examine(check, right, outcome)
        finding = replace(
            finding,
            seconds=outcome.seconds,
            cpu=outcome.cpu,
            warnings=self._news(right, outcome),
        )
        return Run(check, finding, outcome, wrong)

    @staticmethod
    def _news(right: Outcome, outcome: Outcome) -> tuple[str, ...]:
        return tuple(text for text in outcome.warnings if text not in right.warnings)

    def _expected(self, check: Check) -> Expected | None:
        if check.name not in self._prepared:
            outputs = self.key.expected(check).outputs
            if outputs is None:
                return None
            self._prepared[check.name] = Expected(outputs, rules(check))
        return self._prepared[check.name]

    def _examine(
        self, check: Check, right: Outcome, outcome: Outcome
    ) -> tuple[Finding, tuple[str, ...]]:
        """What is wrong first of all, and beside it the outputs, by path, that are wrong."""
        expected = self._expected(check)
        outputs = outcome.outputs
        if (
            expected is None
            or outputs is None
            or (not outcome.mutated and expected.matches(outputs))
        ):
            return judged(check, right, outcome, ()), ()
        alike = check.name, outcome.digest, tuple(sizes_of(outcome.calls).items())
        if alike not in self._examined:
            differences = tuple(expected.differences(outputs))
            finding = judged(check, right, outcome, differences)
            found = finding, tuple(difference.name for difference in differences)
            if not differences:  # then the calls were looked at, too
                return found
            if len(self._examined) >= MOST_EXAMINED:
                self._examined.clear()
            self._examined[alike] = found
        return self._examined[alike]

    def _second_look(
        self, checks: Sequence[Check], found: dict[str, Finding], implementation: Implementation
    ) -> dict[str, Finding]:
        """A function that is right on top of another one's named slip passes.

        Either it gives what the reference gives on top of that slip, or it is a backward that
        equals central differences of the implementation's own forward. Where the forward's slip
        makes its backward easier than the one asked for, that backward earns nothing.
        """
        slips = main_slips(checks, found)
        seen = dict(found)
        for check in checks:
            if found[check.name].verdict not in (Verdict.WRONG_VALUE, Verdict.NOT_FINITE):
                continue
            called = {call.function.name for call in self.key.expected(check).calls}
            below = [name for name in sorted(called - {check.of}) if name in slips]
            forward = check.of.removesuffix("_backward")
            if not below or any(map(self.key.easier, slips.get(forward, ()))):
                continue
            outcome = run_probe(check, implementation, self.key.seed(check))
            carried = (self.key.carried(check, slip) for name in below for slip in slips[name])
            rightly = any(other is not None and same_outputs(outcome, other) for other in carried)
            if not rightly and forward in below:
                large = check.kind == "cost"
                rightly = gradients_fit_own_forward(check.of, implementation, large=large)
            if rightly:
                text = f"right on top of your {below[0]}, whose own slip is counted there"
                seen[check.name] = finding_of(check, Verdict.PASSED, text)
        return seen
