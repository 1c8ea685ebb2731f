"""The ways in which two steps go wrong by one thought: in the other order, or without a square.

Each is one slip of a person, though it changes two places.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.explain.change import Change, Placed, quoted
from autograder.explain.program import Operation
from autograder.explain.trees import assigned, loaded, with_names, with_node

RESULTS = {ast.Add: "sum", ast.Sub: "difference", ast.Mult: "product", ast.Div: "quotient"}


def of_order(
    operations: Sequence[Operation], at: int, arguments: Sequence[str]
) -> Iterator[tuple[ast.expr, Change]]:
    """The changes of a step that change an earlier one as well: the node, and what stands there.

    arguments: the function's own names; the first is what it works on.
    """
    step = operations[at].node
    if isinstance(step, ast.Assign) and at > 0:
        if all(operation.target != at for operation in operations):  # nobody jumps in between
            yield from _exchanged(operations, at, step)
        yield from _too_early(operations, at, step, arguments)
        yield from _without_root(operations, at, step)


def _exchanged(
    operations: Sequence[Operation], at: int, step: ast.Assign
) -> Iterator[tuple[ast.expr, Change]]:
    """Two steps in the other order: x + norm(a) for norm(x + a)."""
    before = operations[at - 1].node
    if not isinstance(before, ast.Assign) or not isinstance(before.value, ast.BinOp):
        return
    if not assigned(before) or not assigned(step):
        return
    (name, *_), (wanted, *others) = assigned(before), assigned(step)
    used = [id_ for one in operations if one.node is not None for id_ in loaded(one.node)]
    if used.count(name) != 1 or loaded(step.value).count(name) != 1 or name in others:
        return
    for operand in (before.value.left, before.value.right):
        if not isinstance(operand, ast.Name):
            continue
        early = with_names(step.value, {name: operand.id})
        late = with_names(before.value, {operand.id: name})
        first = ast.Assign([with_names(step.targets[0], {wanted: name})], early)
        if isinstance(step.targets[0], ast.Tuple):
            late = ast.Tuple([late, *(ast.Name(one, ast.Load()) for one in others)], ast.Load())
        what = RESULTS.get(type(before.value.op), "step")
        text = f"{quoted(early)} comes before the {what} {quoted(before.value)}, not after it."
        yield step.value, Change(late, text, 2, elsewhere=(Placed(at - 1, first),))


def _too_early(
    operations: Sequence[Operation], at: int, step: ast.Assign, arguments: Sequence[str]
) -> Iterator[tuple[ast.expr, Change]]:
    """A factor or a term of a late step that the function's input is given instead."""
    start = operations[0].node
    if not isinstance(start, ast.Assign) or operations[at].where:
        return
    for node in ast.walk(step.value):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult | ast.Add):
            continue
        for own, rest in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(own, ast.Name) or own.id not in arguments[1:]:
                continue
            x = arguments[0]
            given = ast.BinOp(ast.Name(x, ast.Load()), node.op, own)
            moved = ast.Assign([ast.Name(x, ast.Store())], given)
            both = Placed(0, ast.If(ast.Constant(True), [moved, start], []))
            does = "multiplies" if isinstance(node.op, ast.Mult) else "is added to"
            text = f"`{own.id}` {does} `{x}` before all else, not {quoted(rest)} here."
            yield node, Change(rest, text, 2, uses=(own.id, "array"), elsewhere=(both,))


def _without_root(
    operations: Sequence[Operation], at: int, step: ast.Assign
) -> Iterator[tuple[ast.expr, Change]]:
    """Absolute values in the place of squares and their root."""
    for root in ast.walk(step.value):
        if not isinstance(root, ast.Call) or ast.unparse(root.func) != "np.sqrt":
            continue
        behind = {*loaded(root)}
        for place in reversed(range(at)):
            row = operations[place].node
            same_branch = operations[place].where == operations[at].where
            if row is None or not same_branch or not behind.intersection(assigned(row)):
                continue
            behind.update(loaded(row))
            for square in filter(_is_square, ast.walk(row)):
                assert isinstance(square, ast.BinOp)
                absolute = ast.Attribute(ast.Name("np", ast.Load()), "abs", ast.Load())
                size = ast.Call(absolute, [square.left], [])
                text = f"absolute values of {quoted(square.left)} stand for squares and their root."
                changed = Placed(place, with_node(row, square, size))
                yield root, Change(root.args[0], text, 1, elsewhere=(changed,))


def _is_square(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and isinstance(node.right, ast.Constant)
        and node.right.value == 2
    )
