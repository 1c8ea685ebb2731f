"""One check's run on an implementation, who may suggest a cause of how it went, and a cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.bounds import Bound, Within
from autograder.checker.declare import Check
from autograder.checker.evidence import bits
from autograder.checker.finding import Diagnosis, Finding
from autograder.checker.key import AnswerKey
from autograder.checker.outcome import Outcome, Verdict

FAILED, CHANGED, FORM = "(failed)", "(argument changed)", "(form)"
EXPLAINABLE = (
    Verdict.WRONG_VALUE,
    Verdict.WRONG_SHAPE,
    Verdict.WRONG_TYPE,
    Verdict.NOT_FINITE,
    Verdict.MUTATED_INPUT,
    Verdict.RAISED,
    Verdict.BAD_OUTPUT,
)

PAIR_BITS = 20  # what a pair must explain: it is one of some hundred thousand that could be said
ELSEWHERE = "Something else is wrong too: other checks show it."
TOGETHER, AND = "Several slips together: ", " And: "
YES_OR_NO = bool | np.bool_ | Bound
Cell = tuple[str, str]  # a check's name, and one of its outputs (or what else is wrong)


class Look(Protocol):
    """What may explain one run, from changes that nobody wrote down."""

    def singles(self) -> Sequence[Misconception]:
        """Single changes that may explain it."""

    def pairs(self) -> Sequence[Misconception]:
        """Two changes at once that may."""

    def weights(self) -> Sequence[Misconception]:
        """One odd weight in a sum that may."""


class Suggests(Protocol):
    """Finds slips that nobody wrote down: changes of a function's steps."""

    def look(self, check: Check, seed: int, right: Outcome, got: Outcome) -> Look | None:
        """A look at one outcome; None where there is nothing to compare."""


@dataclass(frozen=True)
class Run:
    """One check's run: what was found, and the outputs (by path) that are wrong."""

    check: Check
    finding: Finding
    outcome: Outcome
    wrong: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Two runs of a check that have the same one are explained in the same way."""
        if not self.cells:
            return f"{self.check.name} {self.finding.verdict}"
        words = (self.check.name, self.finding.verdict, self.finding.unnamed, self.wrong)
        return f"{self.outcome.digest} {words!r}"

    @cached_property
    def cells(self) -> frozenset[Cell]:
        """All that is wrong in it and could be explained."""
        if self.finding.passed or self.finding.verdict not in EXPLAINABLE:
            return frozenset()
        name = self.check.name
        if self.outcome.outputs is None:
            return frozenset({(name, FAILED)})
        found = {(name, leaf) for leaf in self.wrong}
        if self.outcome.mutated:
            found.add((name, CHANGED))
        return frozenset(found or {(name, FORM)})

    @cached_property
    def telling(self) -> frozenset[Cell]:
        """Of these, the ones that nobody gets by accident: no shares, no yes or no."""
        return frozenset(
            c for c in self.cells if not isinstance(self._value(c), YES_OR_NO | Within)
        )

    @cached_property
    def shares(self) -> frozenset[Cell]:
        """Of these, the statistics: one alone comes about in many ways."""
        return frozenset(cell for cell in self.cells if isinstance(self._value(cell), Within))

    def _value(self, cell: Cell) -> Any:
        return self.outcome.leaves.get(cell[1])


@dataclass
class Candidate:
    """A slip, and the cells that it explains, or gives another wrong answer in."""

    name: str
    order: int
    fits: set[Cell] = field(default_factory=set)
    clashes: set[Cell] = field(default_factory=set)
    refuted: bool = False
    alone: bool = False  # it explains all that is wrong, or nothing


@dataclass(frozen=True)
class Cause:
    """The slips that explain a check's failure, and what is said of it."""

    names: tuple[str, ...]
    said: Diagnosis | None


def telling(runs: Iterable[Run], cells: Iterable[Cell]) -> bool:
    """Whether some cells of these runs tell enough for one of very many causes to be believed."""
    leaves = {run.check.name: run.outcome.leaves for run in runs}
    return sum(bits(leaves[name].get(leaf)) for name, leaf in cells) >= PAIR_BITS


def root_of(leaf: str) -> str:
    """The output that a path lies in."""
    return leaf.split("[")[0]


def neutral(check: Check) -> bool:
    """Whether two right ways of one slip may differ there, by rounding or by a bound."""
    return check.gated or check.rtol is not None or check.kind in ("dtype", "learning")


def diagnosis(
    key: AnswerKey, run: Run, chosen: Sequence[Candidate], more: bool = False
) -> Diagnosis | None:
    """The causes of one check's failure, in one diagnosis.

    more: other checks of the function show what these causes don't explain.
    """
    if not chosen:
        return None
    told = [key.misconception(one.name) for one in chosen]
    explained = set().union(*(one.fits for one in chosen)) & run.cells
    text = told[0][1]
    if len(told) > 1:
        text = TOGETHER + AND.join(words.removeprefix(TOGETHER) for _, words, _ in told)
    part = ELSEWHERE if more else ""
    if left := sorted({root_of(leaf) for _, leaf in run.cells - explained}):
        roots = sorted({root_of(leaf) for _, leaf in explained} - set(left))
        part = f"That explains {', '.join(roots)}." if roots else "That explains a part."
        part += f" Something else is wrong too, in {', '.join(left)}."
    return Diagnosis(" + ".join(one.name for one in chosen), text, told[0][2], part)
