"""The branches that join before a step: what comes after them can go wrong in one of them alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from autograder.explain.change import RARE, Change
from autograder.explain.program import Operation


@dataclass(frozen=True)
class Branch:
    """One side of a question about an argument, such as in which scheme weights are drawn."""

    where: str
    test: ast.expr
    yes: bool

    def alone(self, node: ast.expr, change: Change) -> tuple[str, Change]:
        """A change of a later step in this branch alone, and where that is."""
        sides = (change.new, node) if self.yes else (node, change.new)
        new = ast.IfExp(self.test, *sides)
        return self.where, replace(change, new=new, likely=max(change.likely, RARE))


def branches_before(operations: Sequence[Operation], at: int) -> Iterator[Branch]:
    """The branches, of an `if` with an `else` that asks for an argument's value, before a step."""
    if operations[at].where:
        return
    for place, one in enumerate(operations[:at]):
        test = one.node
        if not one.branch or one.where or not isinstance(test, ast.Compare):
            continue
        otherwise = operations[one.target - 1].node is None  # a jump ends what has an `else`
        if otherwise and isinstance(test.ops[0], ast.Eq):
            yield Branch(operations[place + 1].where, test, True)
            yield Branch(operations[one.target].where, test, False)
