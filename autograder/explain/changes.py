"""The ways in which one expression of a step goes wrong, each with its sentence.

They follow from the expression's own form: a term can be left out, a sum can stand for a mean, an
operand for its sibling. This is an error model in the sense of Singh, Gulwani and Solar-Lezama
(PLDI 2013), for arrays.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from autograder.explain.arithmetic import of_constant, of_operator, of_sign
from autograder.explain.calls import of_call
from autograder.explain.change import Change, constant, quoted

OPERATORS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def changes(node: ast.expr, siblings: Sequence[str]) -> Iterator[Change]:
    """All changes of one node itself (not of what is inside it).

    siblings: the names that could stand where another name does.
    """
    if isinstance(node, ast.BinOp):
        yield from of_operator(node)
    elif isinstance(node, ast.Constant):
        yield from of_constant(node)
    elif isinstance(node, ast.UnaryOp):
        yield from of_sign(node)
    elif isinstance(node, ast.Call):
        yield from of_call(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield Change(node.value, f"{quoted(node.value)} is not transposed.", 0)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for name in siblings:
            if name != node.id:
                other = ast.Name(name, ast.Load())
                yield Change(other, f"{quoted(other)} stands where {quoted(node)} belongs.", 1)
    elif isinstance(node, ast.Compare):
        yield from _of_comparison(node)
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        yield from _of_order(node.elts)
    elif isinstance(node, ast.Dict):
        yield from _of_dict(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _of_subscript(node)
    elif isinstance(node, ast.BoolOp):
        for kept in node.values:
            others = " and ".join(quoted(item) for item in node.values if item is not kept)
            yield Change(kept, f"{others} is not used: {quoted(kept)} stands there always.", 1)
    elif isinstance(node, ast.IfExp):
        yield Change(
            node.body, f"{quoted(node.body)} is taken always, not only where {quoted(node.test)}."
        )
        yield Change(
            node.orelse, f"{quoted(node.orelse)} is taken always, also where {quoted(node.test)}."
        )
        yield Change(
            ast.IfExp(node.test, node.orelse, node.body),
            f"{quoted(node.body)} and {quoted(node.orelse)} are exchanged.",
        )


def _of_comparison(node: ast.Compare) -> Iterator[Change]:
    for kind in OPERATORS.get(type(node.ops[0]), ()):
        new = ast.Compare(node.left, [kind()], node.comparators)
        text = f"{SIGNS[kind]} stands where {SIGNS[type(node.ops[0])]} belongs."
        yield Change(new, text, 0)


def _of_order(items: Sequence[ast.expr]) -> Iterator[Change]:
    for one in range(len(items) - 1):
        for other in range(one + 1, len(items)):
            order = list(items)
            order[one], order[other] = order[other], order[one]
            text = f"{quoted(items[one])} and {quoted(items[other])} are exchanged."
            yield Change(ast.Tuple(order, ast.Load()), text, 1)


def _of_dict(node: ast.Dict) -> Iterator[Change]:
    """The values of two keys exchanged, or one value in the place of another."""
    values = node.values
    for one in range(len(values) - 1):
        for other in range(one + 1, len(values)):
            order = list(values)
            order[one], order[other] = order[other], order[one]
            text = f"{quoted(values[one])} and {quoted(values[other])} are exchanged."
            yield Change(ast.Dict(node.keys, order), text, 1)


def _of_subscript(node: ast.Subscript) -> Iterator[Change]:
    """A sibling's entry: params["ln2"] for params["ln1"]; or slices one place too far."""
    index = node.slice
    if isinstance(index, ast.Constant) and isinstance(index.value, str):
        for other in SIBLING_KEYS.get(index.value, ()):
            new = ast.Subscript(node.value, constant(other), ast.Load())
            yield Change(new, f"`{other}` stands where `{index.value}` belongs.", 0)
    elif isinstance(index, ast.Slice) and index.step is not None:
        bare = ast.Subscript(node.value, ast.Slice(None, None, None), ast.Load())
        yield Change(bare, f"the order or step of {quoted(node)} is missing.", 0)
    elif isinstance(index, ast.Tuple) and ast.unparse(index.elts[-1]) == "-1":
        first = ast.Tuple([*index.elts[:-1], constant(0)], ast.Load())
        text = "the first is taken, not the last."
        yield Change(ast.Subscript(node.value, first, ast.Load()), text, 0)
    elif isinstance(index, ast.Slice):
        yield Change(node.value, f"{quoted(node.value)} is taken whole.", 1)
        if index.lower is None and index.upper is not None:
            last = ast.Slice(ast.UnaryOp(ast.USub(), index.upper), None, None)
            text = f"the last of {quoted(node.value)} are taken, not the first."
            yield Change(ast.Subscript(node.value, last, ast.Load()), text, 1)


def other_defaults(default: Any) -> tuple[Any, ...]:
    """What else the default of an argument is taken to be."""
    if isinstance(default, bool) or default is inspect.Parameter.empty:
        return ()
    if isinstance(default, float) and default:
        near = (10 * default, default / 10, 2 * default, default / 2, 1e-8, 1e-6, 1e-12, 0.0, 1.0)
        return tuple(other for other in dict.fromkeys(near) if other != default)
    if isinstance(default, int):
        return tuple(other for other in (0, 1, -1, -100, 2) if other != default)
    if isinstance(default, tuple) and len(default) == 2:
        return ((default[1], default[0]), (default[0], 0.99), (default[0], 0.9999))
    groups = (("he", "xavier"), ("pre", "post"), ("relu", "gelu"))
    return tuple(
        other for group in groups if default in group for other in group if other != default
    )


def _siblings(*groups: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for group in groups:
        names = group.split()
        for name in names:
            found[name] = tuple(other for other in names if other != name)
    return found


SIBLING_KEYS = _siblings(
    "w_q w_k w_v w_o",
    "b_q b_k b_v b_o",
    "ln1 ln2 ln3",
    "gamma beta",
    "attn cross",
    "embed positions",
    "encoder decoder",
    "encoder_ln decoder_ln",
    "m v",
)
