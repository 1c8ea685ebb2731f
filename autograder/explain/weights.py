"""The weights of a sum's terms, fitted to what an implementation gave."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checker.bank import Misconception
from autograder.explain.change import Change, Variant, quoted
from autograder.explain.comments import sentence
from autograder.explain.program import compiled
from autograder.explain.promising import Leaves, flat
from autograder.explain.steps import Steps
from autograder.explain.trees import replaced

EXACT = 1e-9


def odd_weight(
    steps: Steps,
    right: Leaves,
    mine: Leaves,
    wrong: Collection[str],
    ran: Collection[int],
    result: Callable[[Mapping[int, Any], int], Leaves | None],
) -> Misconception | None:
    """The one term whose weight, other than 1, explains all that is wrong; None without one.

    A term's share is what the result changes by when the term counts twice. Only sums that reach
    the result linearly are fitted: elsewhere the fit is not exact, and nothing is said.
    """
    names = sorted(wrong)
    if not all(_is_float(right[n]) and np.shape(right[n]) == np.shape(mine[n]) for n in names):
        return None
    base = flat(right, names)
    gap = flat(mine, names) - base
    if not np.isfinite(gap).all():
        return None
    for operation in sorted(ran):
        statement = steps.program.operations[operation].node
        if not isinstance(statement, ast.Assign):
            continue
        for terms in _sums(statement):
            shares = []
            for term in terms:
                doubled = compiled(replaced(statement, [_weighted(statement, term, 2.0)]))
                leaves = result({operation: doubled}, operation)
                if leaves is None or leaves.keys() != right.keys():
                    break
                shares.append(flat(leaves, names) - base)
            if len(shares) < len(terms):
                continue
            for term, share in zip(terms, shares, strict=True):
                size = float(share @ share)
                if not np.isfinite(size) or size == 0:
                    continue
                weight = 1 + float(gap @ share) / size
                left = np.abs(gap - (weight - 1) * share).max()
                if left <= EXACT * max(1.0, float(np.abs(gap).max())):
                    return _said(steps, operation, statement, term, weight)
    return None


def _said(
    steps: Steps, operation: int, statement: ast.stmt, term: ast.expr, weight: float
) -> Misconception:
    value = round(weight, 9)
    place, new = _weighted(statement, term, value)
    words, see, why = steps.step_of(statement)
    text = f"the term {quoted(term)} carries {value:.6g} where it should carry 1."
    text = sentence(steps.program.operations[operation].where, words, text)
    name = f"{steps.of}.weight_of_{ast.unparse(term)}_{value:.6g}"[:80]
    odd = Variant(operation, place, Change(new, text, 1), name, text, see, why=why)
    return replace(steps.slip([odd]), alone=True)


def _sums(statement: ast.stmt) -> Iterator[list[ast.expr]]:
    """The terms of every sum, each looked at once: as part of the largest that it lies in."""
    inner: set[int] = set()
    for node in ast.walk(statement):
        if id(node) in inner or not (terms := _terms(node)):
            continue
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add | ast.Sub):
                inner.add(id(one))
                waiting += [one.left, one.right]
        yield terms


def _terms(node: ast.AST) -> list[ast.expr]:
    """The terms of the largest sum that begins here."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add | ast.Sub):
        return []
    return [*(_terms(node.left) or [node.left]), *(_terms(node.right) or [node.right])]


def _weighted(statement: ast.stmt, term: ast.expr, weight: float) -> tuple[int, ast.expr]:
    """A term's place in a statement, and what stands there with a weight."""
    place = next(k for k, node in enumerate(ast.walk(statement)) if node is term)
    return place, ast.BinOp(ast.Constant(weight), ast.Mult(), term)


def _is_float(value: Any) -> bool:
    return isinstance(value, float | np.floating) or (
        isinstance(value, np.ndarray) and value.dtype.kind == "f"
    )
