"""Gradients that were computed instead of derived, as a reader of the code would see them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autograder.grading.published import form, numpy_names
from autograder.grading.source import FunctionNode, Source, number

STEP = 0.02  # a literal at most so large may be the step of a difference
LOOPS = (
    *(ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
)
DIVIDED = (ast.Div, ast.Mult)


@dataclass(frozen=True)
class Seen:
    """One thing seen: its kind, its line, what it means."""

    kind: str
    line: int
    message: str


def computed_gradients(source: Source) -> Iterator[Seen]:
    """Complex steps, perturb-and-difference, checkers, and the own forward called repeatedly."""
    yield from _complex_steps(source)
    shared = _small_names(source.tree.body)
    for name, node in source.functions.items():
        yield from _differences(node, source.within[name], shared)
    yield from _checkers(source)
    public = frozenset(source.functions)
    numpy = numpy_names(source.tree)
    for name in source.functions:
        if name.endswith("_backward") and name.removesuffix("_backward") in source.functions:
            yield from _own_forward(source, name, public, numpy)


def _complex_steps(source: Source) -> Iterator[Seen]:
    for node in source.nodes:
        value = number(node) if isinstance(node, ast.Constant) else None
        tiny = value is not None and 0 < abs(value.imag) <= STEP
        if isinstance(node, ast.BinOp) and isinstance(node.op, DIVIDED):
            sides = (node.left, node.right)
            imaginary = any(
                isinstance(one, ast.Constant) and isinstance(one.value, complex) for one in sides
            )
            small = any((n := number(one)) is not None and 0 < abs(n) <= STEP for one in sides)
            taken = isinstance(node.left, ast.Attribute) and node.left.attr == "imag"
            tiny = (imaginary and small) or (isinstance(node.op, ast.Div) and taken)
        if tiny:
            text = "a complex step: the imaginary part of a function's value, over the step"
            yield Seen("complex_step", getattr(node, "lineno", 0), text)


def _differences(
    function: FunctionNode, nodes: Sequence[ast.AST], shared: set[str]
) -> Iterator[Seen]:
    """Something is moved by a small step, and a difference divided by that step."""
    steps = shared | _small_defaults(function) | _small_names(nodes)
    if not steps and not any(map(_is_small, nodes)):
        return
    if not any(_moves(node, steps) for node in nodes):
        return
    calls = _names_of_calls(nodes)
    for node in nodes:
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
            continue
        if _is_step(node.right, steps) and _holds_difference(node.left, calls):
            text = "a difference over a small step: a derivative by perturbation"
            yield Seen("finite_difference", node.lineno, text)


def _small_defaults(function: FunctionNode) -> set[str]:
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(plain[::-1], arguments.defaults[::-1], strict=False)]
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d]
    return {argument.arg for argument, default in pairs if _is_small(default)}


def _small_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names of small numbers, and those that loop over such a one and its negative."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names |= {one.id for one, value in _pairs(target, node.value) if _is_small(value)}
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple | ast.List):
            signed = {one.id for one in ast.walk(node.iter) if isinstance(one, ast.Name)}
            if isinstance(node.target, ast.Name) and signed & names:
                names.add(node.target.id)
    return names


def _pairs(target: ast.AST, value: ast.AST) -> Iterator[tuple[ast.Name, ast.AST]]:
    """What is bound to which name by `h = 1e-5` or `h, n = 1e-5, 3`."""
    if isinstance(target, ast.Name):
        yield target, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from _pairs(one, other)


def _is_small(node: ast.AST) -> bool:
    value = number(node)
    return value is not None and 0 < abs(value) <= STEP


def _is_step(node: ast.AST, steps: set[str]) -> bool:
    """h, 2 * h, h * 2, 12 * h, or a small literal."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        sides = (node.left, node.right)
        return any(map(number, sides)) and any(_is_step(one, steps) for one in sides)
    return _is_small(node) or (isinstance(node, ast.Name) and node.id in steps)


def _moves(node: ast.AST, steps: set[str]) -> bool:
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Add | ast.Sub) and _is_step(node.value, steps)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return _is_step(node.right, steps) or _is_step(node.left, steps)
    return (
        isinstance(node, ast.Assign)
        and _is_step(node.value, steps)
        and any(isinstance(target, ast.Subscript) for target in node.targets)
    )


def _names_of_calls(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that hold what a call returned."""
    return {
        name.id
        for node in nodes
        if isinstance(node, ast.Assign) and any(isinstance(o, ast.Call) for o in ast.walk(node))
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    }


def _holds_difference(node: ast.AST, calls: set[str]) -> bool:
    """Whether a numerator subtracts values of calls, or is such a difference by name."""
    for one in ast.walk(node):
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Sub):
            sides = [list(ast.walk(side)) for side in (one.left, one.right)]
            if all(
                any(
                    isinstance(o, ast.Call) or (isinstance(o, ast.Name) and o.id in calls)
                    for o in side
                )
                for side in sides
            ):
                return True
    return False


def _checkers(source: Source) -> Iterator[Seen]:
    """The checker of gradients, used by work that is handed in."""
    for node in source.nodes:
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if any(name.rpartition(".")[2] == "gradient_check" for name in names):
            text = "the given gradient checker is used: it is for one's own tests"
            yield Seen("gradient_check", getattr(node, "lineno", 0), text)


def _own_forward(
    source: Source, backward: str, public: frozenset[str], numpy: frozenset[str]
) -> Iterator[Seen]:
    """The forward, or a copy of it, that a backward calls again and again or hands on.

    Once is a forward that is recomputed; twice may be a formula, such as s(x) s(-x).
    """
    forward = backward.removesuffix("_backward")
    reached = source.reached_from(backward)
    helpers = [node for node in reached if node.name != backward]
    names = {forward}
    if helpers:
        wanted = form(source.functions[forward], public, numpy)
        names |= {node.name for node in helpers if form(node, public, numpy) == wanted}
    uses: list[tuple[int, bool]] = []
    for node in reached:
        if node.name in names:
            continue
        _collect_uses(node, names, uses)
    if len(uses) > 2 or any(repeated for _, repeated in uses):
        text = f"{backward} calls its own forward more than once"
        yield Seen("own_forward", min(line for line, _ in uses), text)


def _collect_uses(node: ast.AST, names: set[str], uses: list[tuple[int, bool]]) -> None:
    """Every place where one of some functions is named, and whether that is repeated there."""
    waiting = [(node, False, False)]
    while waiting:
        one, loop, called = waiting.pop()
        if isinstance(one, ast.Name) and one.id in names:
            uses.append((one.lineno, loop or not called))
        inner = loop or isinstance(one, LOOPS)
        for child in ast.iter_child_nodes(one):
            waiting.append((child, inner, isinstance(one, ast.Call) and child is one.func))
