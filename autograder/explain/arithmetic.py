"""The ways in which sums, products, powers, numbers and signs go wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.explain.change import Change, constant, method, quoted


def of_operator(node: ast.BinOp) -> Iterator[Change]:
    left, right, op = node.left, node.right, node.op
    if isinstance(op, ast.Add | ast.Sub):
        plus = isinstance(op, ast.Add)
        yield Change(left, f"the term {quoted(right)} is missing.", 0)
        rest = right if plus else ast.UnaryOp(ast.USub(), right)
        yield Change(rest, f"the term {quoted(left)} is missing.", 0)
        turned = ast.BinOp(left, ast.Sub() if plus else ast.Add(), right)
        yield Change(turned, f"the term {quoted(right)} has the wrong sign.", 0)
        for term, twice_or_half in ((right, _right), (left, _left)):
            double = ast.BinOp(constant(2), ast.Mult(), term)
            yield Change(twice_or_half(node, double), f"the term {quoted(term)} counts twice.")
            half = ast.BinOp(term, ast.Div(), constant(2))
            yield Change(twice_or_half(node, half), f"the term {quoted(term)} counts half.")
        if plus:
            mean = ast.BinOp(node, ast.Div(), constant(2))
            yield Change(
                mean, f"the mean of {quoted(left)} and {quoted(right)} stands for their sum."
            )
        if plus and isinstance(left, ast.Name) and isinstance(right, ast.Name):
            yield from _of_sizes(left, right)
        if plus and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
            early = ast.BinOp(left.left, ast.Mult(), ast.BinOp(left.right, ast.Add(), right))
            text = f"{quoted(right)} is added before {quoted(left.left)} multiplies."
            yield Change(early, text)
        if plus and isinstance(left, ast.Call) and left.args and _is_root(left):
            inside = ast.Call(left.func, [ast.BinOp(left.args[0], op, right)], [])
            yield Change(inside, f"{quoted(right)} stands inside the root, not outside.", 0)
        if not plus:
            yield Change(
                ast.BinOp(right, op, left), f"{quoted(left)} and {quoted(right)} are exchanged."
            )
    elif isinstance(op, ast.Mult | ast.Div):
        times = isinstance(op, ast.Mult)
        missing = "the factor {} is missing." if times else "it is not divided by {}."
        yield Change(left, missing.format(quoted(right)), 0)
        if times:
            yield Change(right, f"the factor {quoted(left)} is missing.", 0)
        inverse = "it is divided by {}, not multiplied." if times else "it is multiplied by {}."
        turned = ast.BinOp(left, ast.Div() if times else ast.Mult(), right)
        yield Change(turned, inverse.format(quoted(right)), 0)
        words = f"the factor {quoted(right)}" if times else f"the division by {quoted(right)}"
        yield Change(ast.BinOp(node, op, right), f"{words} is there twice.")
        if times:
            more = ast.BinOp(constant(1), ast.Add(), right)
            text = "1 + {0} stands where {0} belongs."
            yield Change(ast.BinOp(left, op, more), text.format(quoted(right)))
            more = ast.BinOp(constant(1), ast.Add(), left)
            yield Change(ast.BinOp(more, op, right), text.format(quoted(left)))
            yield Change(ast.BinOp(left, ast.Add(), right), f"{quoted(right)} is added.", 2)
            yield Change(ast.BinOp(node, op, left), f"the factor {quoted(left)} is there twice.")
        else:
            upside_down = ast.BinOp(right, ast.Div(), left)
            yield Change(
                upside_down, f"it is upside down: {quoted(right)} is divided by {quoted(left)}."
            )
            less = ast.BinOp(right, ast.Sub(), constant(1))
            yield Change(ast.BinOp(left, op, less), f"it is divided by {quoted(right)} less one.")
            root = ast.BinOp(right, ast.Pow(), constant(0.5))
            yield Change(
                ast.BinOp(left, op, root), f"it is divided by the root of {quoted(right)}."
            )
        for side, make in ((left, _left), (right, _right)) if times else ():
            if isinstance(side, ast.Name):
                powered = ast.BinOp(side, ast.Pow(), constant(2))
                yield Change(make(node, powered), f"{quoted(side)} is squared.", 2)
    elif isinstance(op, ast.Pow):
        if isinstance(right, ast.Constant) and right.value == 2:
            yield Change(left, f"{quoted(left)} is not squared.", 0)
        yield Change(left, f"the power {quoted(right)} of {quoted(left)} is missing.", 1)
    elif isinstance(op, ast.MatMult):
        yield Change(ast.BinOp(constant(2), ast.Mult(), node), "the product counts twice.")
        yield Change(ast.BinOp(node, ast.Div(), constant(2)), "the product counts half.")
        flat = method("reshape", ast.BinOp(transposed(right), op, transposed(left)), _shape(node))
        yield Change(flat, "the transpose is brought to the shape by reshape, not transposed.", 2)
        yield Change(_turned(left, op, right, 0), f"{quoted(left)} is transposed wrongly.")
        yield Change(_turned(left, op, right, 1), f"{quoted(right)} is transposed wrongly.")
        yield Change(
            ast.BinOp(right, op, left),
            f"the product's operands {quoted(left)} and {quoted(right)} are exchanged.",
        )
        if (inner := untransposed(right)) is not None:
            yield from _of_lengths(left, right, inner)
    elif isinstance(op, ast.BitAnd | ast.BitOr):
        for kept, other in ((left, right), (right, left)):
            yield Change(kept, f"{quoted(other)} is not used: {quoted(kept)} stands alone.", 0)
    elif isinstance(op, ast.FloorDiv | ast.Mod):
        yield Change(left, f"{quoted(right)} is not used.")


def _of_sizes(left: ast.Name, right: ast.Name) -> Iterator[Change]:
    """One of two numbers in the place of their sum: which one it is, the numbers say."""
    for name, words in (("max", "larger"), ("min", "smaller")):
        one = ast.Call(ast.Name(name, ast.Load()), [left, right], [])
        text = f"the {words} of {quoted(left)} and {quoted(right)} is taken, not their sum."
        yield Change(one, text, 1, uses=(left.id, "number"))


def _is_root(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "sqrt"


def _left(node: ast.BinOp, new: ast.expr) -> ast.BinOp:
    return ast.BinOp(new, node.op, node.right)


def _right(node: ast.BinOp, new: ast.expr) -> ast.BinOp:
    return ast.BinOp(node.left, node.op, new)


def _turned(left: ast.expr, op: ast.operator, right: ast.expr, which: int) -> ast.BinOp:
    """A product with one operand's last two axes exchanged."""
    sides = [left, right]
    sides[which] = method("swapaxes", sides[which], constant(-1), constant(-2))
    return ast.BinOp(sides[0], op, sides[1])


def transposed(value: ast.expr) -> ast.expr:
    return method("swapaxes", value, constant(-1), constant(-2))


def _shape(value: ast.expr) -> ast.expr:
    return ast.Attribute(value, "shape", ast.Load())


def of_constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield Change(constant(not value), f"{not value} stands where {value} belongs.")
    elif isinstance(value, int):
        for other in (value + 1, value - 1):
            yield Change(constant(other), f"{other} stands where {value} belongs.")
        if value not in (0, 1, -1):
            yield Change(constant(1), f"1 stands where {value} belongs.")
            yield Change(constant(2 * value), f"{2 * value} stands where {value} belongs.", 2)
    elif isinstance(value, float) and value:
        for near in (2 * value, value / 2, value / 10, 1.0, 0.0, -value, value * value, 10 * value):
            if near != value:
                yield Change(constant(near), f"{near:g} stands where {value:g} belongs.")


def untransposed(node: ast.expr) -> ast.expr | None:
    """What a transpose of the last two axes is of; None where there is none."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    called = isinstance(node, ast.Call) and ast.unparse(node).endswith(".swapaxes(-1, -2)")
    if called and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value
    return None


def _of_lengths(left: ast.expr, right: ast.expr, inner: ast.expr) -> Iterator[Change]:
    """Cosines in the place of products: rows that meet rows are brought to length 1 before."""
    text = "the rows of {} are brought to length 1 before the product."
    unit = transposed(_unit(inner))
    yield Change(ast.BinOp(_unit(left), ast.MatMult(), right), text.format(quoted(left)), 2)
    yield Change(ast.BinOp(left, ast.MatMult(), unit), text.format(quoted(inner)), 2)
    both = f"cosines are taken, not products: {quoted(left)} and {quoted(inner)} have length 1."
    yield Change(ast.BinOp(_unit(left), ast.MatMult(), unit), both, 2)


def _unit(rows: ast.expr) -> ast.BinOp:
    """Rows, each divided by its length."""
    norm = ast.Attribute(
        ast.Attribute(ast.Name("np", ast.Load()), "linalg", ast.Load()), "norm", ast.Load()
    )
    last = ast.UnaryOp(ast.USub(), constant(1))
    keywords = [ast.keyword("axis", last), ast.keyword("keepdims", constant(True))]
    return ast.BinOp(rows, ast.Div(), ast.Call(norm, [rows], keywords))


def of_whole(node: ast.expr, siblings: Sequence[str]) -> Iterator[Change]:
    """What a whole step is multiplied by, divided by, or has added to it, without reason.

    A name is a number there (a size, a scale), or an array of the step's own shape.
    """
    if not isinstance(node, ast.BinOp | ast.Call | ast.Name | ast.Subscript):
        return
    yield Change(ast.UnaryOp(ast.USub(), node), "the sign is wrong.", 1)
    yield Change(ast.BinOp(constant(2), ast.Mult(), node), "it is twice what it should be.", 1)
    yield Change(ast.BinOp(node, ast.Div(), constant(2)), "it is half of what it should be.", 1)
    if _is_count(node):
        yield Change(ast.BinOp(node, ast.Add(), constant(1)), "it is one too high.", 1)
        yield Change(ast.BinOp(node, ast.Sub(), constant(1)), "it is one too low.", 1)
    for name in siblings:
        other = ast.Name(name, ast.Load())
        text = f"it is divided by {quoted(other)}."
        yield Change(ast.BinOp(node, ast.Div(), other), text, 1, uses=(name, "number"))
        text = f"it is multiplied by {quoted(other)}."
        yield Change(ast.BinOp(node, ast.Mult(), other), text, 1, uses=(name, "number"))
        text = f"{quoted(other)} is added as well: it counts too much."
        yield Change(ast.BinOp(node, ast.Add(), other), text, 2, uses=(name, "array"))
        text = f"the factor {quoted(other)} is there too, where it doesn't belong."
        yield Change(ast.BinOp(node, ast.Mult(), other), text, 2, uses=(name, "array"))


def _is_count(node: ast.expr) -> bool:
    """Whether a step counts something, or says which one it is, by the form of its expression."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.FloorDiv)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        of = node.func.value
        return node.func.attr in ("argmax", "argmin") or (
            node.func.attr == "sum" and isinstance(of, ast.Compare)
        )
    return isinstance(node.func, ast.Name) and node.func.id == "len"


def of_sign(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.USub):
        operand = node.operand
        if isinstance(operand, ast.Constant) and operand.value == 1:  # an axis
            yield Change(constant(0), "the first axis is taken, not the last.", 0)
            yield Change(constant(None), "all axes are taken, not the last alone.", 0)
            second = ast.UnaryOp(ast.USub(), constant(2))
            yield Change(second, "the second last axis is taken, not the last.", 0)
        else:
            yield Change(operand, f"the sign of {quoted(operand)} is wrong.", 0)
            twice = ast.BinOp(constant(2), ast.Mult(), node)
            yield Change(twice, f"{quoted(operand)} counts twice.")
            half = ast.BinOp(node, ast.Div(), constant(2))
            yield Change(half, f"{quoted(operand)} counts half.")
    elif isinstance(node.op, ast.Not | ast.Invert):
        yield Change(node.operand, f"{quoted(node.operand)} is read the other way round.", 0)
