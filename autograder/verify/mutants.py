"""Mutants: a function of the solution with one small thing changed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

Change = tuple[ast.AST, ast.AST]

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
METHODS = {"mean": "sum", "sum": "mean", "max": "min", "min": "max", "maximum": "minimum"}
METHODS |= {"minimum": "maximum", "exp": "expm1", "sqrt": "square", "ones": "zeros"}
COMMUTATIVE = {"min", "max", "minimum", "maximum", "vecdot", "add", "multiply", "result_type"}
METHODS |= {"zeros": "ones", "zeros_like": "ones_like", "ones_like": "zeros_like"}
LOOKING_UP = {"globals", "vars", "eval", "exec", "getattr", "sys"}


@dataclass(frozen=True)
class Mutant:
    """One changed function. `before` and `after` are the statement's source, for people."""

    function: str
    before: str
    after: str
    changed: ast.stmt
    position: int  # of the function among the statements of its file

    @property
    def key(self) -> str:
        """What a reviewed survivor is known by: it outlives changes elsewhere in the file."""
        return f"{self.function}: {self.before}  ->  {self.after}"


class Source:
    """A file of the solution, which mutants of its functions stand in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self._code = [self._compiled(statement) for statement in self.tree.body]
        self._uses = [_names_in(statement) for statement in self.tree.body]
        looked_up = any(used & LOOKING_UP for _, used in self._uses)
        self._unclear = looked_up or any(
            isinstance(node, ast.Import | ast.ImportFrom) for node in self._inner()
        )

    def _compiled(self, statement: ast.stmt) -> CodeType:
        return compile(ast.Module([statement], []), str(self.path), "exec")

    def run_with(self, mutant: Mutant, namespace: dict[str, Any]) -> None:
        """Run the file with the changed function in the place of its own."""
        for position, code in enumerate(self._code):
            changed = position == mutant.position
            exec(self._compiled(mutant.changed) if changed else code, namespace)  # noqa: S102  (the course's own solution, one node changed)

    def reaching(self, function: str) -> frozenset[str] | None:
        """All that may use a name of the file, itself included, over any number of steps.

        None where that can't be told: something imports for itself, or looks names up.
        """
        if self._unclear:
            return None
        found = {function}
        before = 0
        while len(found) > before:
            before = len(found)
            for defined, used in self._uses:
                if used & found:
                    found |= defined
        return frozenset(found)

    def _inner(self) -> Iterator[ast.AST]:
        """All nodes but the statements of the file itself."""
        for statement in self.tree.body:
            yield from (node for node in ast.walk(statement) if node is not statement)


def _names_in(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """What a statement of a file defines, and all names that it uses."""
    names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
    defined = {node.id for node in names if isinstance(node.ctx, ast.Store | ast.Del)}
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}, used
    return defined, used


def mutants_of(tree: ast.Module, functions: frozenset[str]) -> Iterator[Mutant]:
    """Every mutant of the named functions and of the private helpers beside them.

    Docstrings, signatures' names, and the text of exceptions stay as they are.
    """
    seen: set[str] = set()
    for position, node in enumerate(tree.body):
        if not isinstance(node, ast.FunctionDef):
            continue
        if node.name not in functions and not node.name.startswith("_"):
            continue
        order = {id(item): number for number, item in enumerate(ast.walk(node))}
        for statement, old, new in _changes(node):
            after = _short(ast.unparse(_swapped(statement, old, new)))
            before = _short(ast.unparse(statement))
            key = f"{node.name}: {before}  ->  {after}"
            if before == after or key in seen:
                continue
            seen.add(key)
            changed = copy.deepcopy(node)
            # deepcopy keeps the order of a walk, so the same place is found by its number
            twin = list(ast.walk(changed))[order[id(old)]]
            _replace(changed, twin, new)
            yield Mutant(node.name, before, after, ast.fix_missing_locations(changed), position)


def _short(text: str) -> str:
    return " ".join(text.split())[:160]


def _changes(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, ast.AST, ast.AST]]:
    """Statement, node in it, and what to put in the node's place."""
    for default in [*function.args.defaults, *function.args.kw_defaults]:
        if isinstance(default, ast.Constant):
            for new in _constant(default):
                yield default, default, new
    body = function.body[1:] if ast.get_docstring(function) else function.body
    for top in body:
        for statement in ast.walk(top):
            if not isinstance(statement, ast.stmt) or isinstance(statement, ast.Raise):
                continue
            if isinstance(statement, ast.AugAssign | ast.Expr) or _is_guard(statement):
                yield statement, statement, ast.Pass()
            for node in _own_nodes(statement):
                for new in _replacements(node):
                    yield _head(statement), node, new


def _is_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and isinstance(statement.body[0], ast.Raise)


def _head(statement: ast.stmt) -> ast.AST:
    """The part of a compound statement that a reader needs to see."""
    if isinstance(statement, ast.If | ast.While):
        return statement.test
    if isinstance(statement, ast.For):
        return statement.iter
    return statement


def _own_nodes(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, without those of statements inside it."""
    todo: list[ast.AST] = [_head(statement)]
    if isinstance(statement, ast.For):
        todo = [statement.iter]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.JoinedStr):
            continue
        if isinstance(node, ast.expr):
            yield node
        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


def _replacements(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        if type(node.op) in ARITHMETIC:
            yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            yield node.left
            if isinstance(node.op, ast.Add | ast.Mult):
                yield node.right
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for kind in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [kind()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        if not isinstance(node.operand, ast.Constant):
            yield node.operand
        else:
            yield from _negative(node.operand)
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        if all(isinstance(item, ast.expr) for item in node.elts[:2]):
            yield ast.Tuple([node.elts[1], node.elts[0], *node.elts[2:]], node.ctx)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Call):
        yield from _call(node)


def _negative(operand: ast.Constant) -> Iterator[ast.expr]:
    if operand.value == 1:
        yield ast.Constant(0)
        yield ast.UnaryOp(ast.USub(), ast.Constant(2))
    elif operand.value == 2:
        yield ast.UnaryOp(ast.USub(), ast.Constant(1))


def _constant(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, float):
        yield ast.Constant(node.value * 2)


def _call(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        func = ast.Attribute(node.func.value, METHODS[node.func.attr], ast.Load())
        yield ast.Call(func, node.args, node.keywords)
    plain = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else name
    if len(plain) == len(node.args) >= 2 and name not in COMMUTATIVE:
        swapped = [node.args[1], node.args[0], *node.args[2:]]
        yield ast.Call(node.func, swapped, node.keywords)
    for k, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield ast.Call(node.func, node.args, node.keywords[:k] + node.keywords[k + 1 :])


def _replace(root: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for node in ast.walk(root):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, copy.deepcopy(new))
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(node, name, [copy.deepcopy(new) if item is old else item for item in value])


def _swapped(statement: ast.AST, old: ast.AST, new: ast.AST) -> ast.AST:
    """A copy of the statement with the change made."""
    if statement is old:
        return ast.fix_missing_locations(copy.deepcopy(new))
    order = [id(item) for item in ast.walk(statement)]
    changed = copy.deepcopy(statement)
    twin = list(ast.walk(changed))[order.index(id(old))]
    _replace(changed, twin, new)
    return ast.fix_missing_locations(changed)
