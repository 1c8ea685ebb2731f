"""A step function as a program whose statements can be exchanged one by one.

Each assignment is a step. Values before a changed step are kept, so that a change costs the steps
behind it, not the whole function, and nothing is compiled anew.
"""

from __future__ import annotations

import ast
import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from autograder.explain.trees import assigned

RESULT = "_result"


@dataclass
class Operation:
    """A statement, a branch (with the place to go where its test fails) or a jump."""

    code: CodeType | None
    node: ast.stmt | ast.expr | None
    target: int = -1
    branch: bool = False
    where: str = ""
    """What holds where it runs: the tests of the branches that it lies in, in words."""


class Program:
    """The statements of one function, in a row; `if` becomes a branch, all else stays whole."""

    def __init__(
        self, function: ast.FunctionDef, names: Mapping[str, Any], words: Callable[[int], str]
    ) -> None:
        """`words` gives a line's comment: behind `if` and `else` it says in words where that is."""
        self.names = dict(names)
        self._words = words
        self.operations: list[Operation] = []
        self._costs: list[int] = []
        body = function.body
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body = body[1:]
        self._flatten(body)
        arguments = [
            argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)
        ]
        self._own = {*arguments, *assigned(function)}  # all else never changes

    def _flatten(self, body: list[ast.stmt], where: str = "") -> None:
        for statement in body:
            if isinstance(statement, ast.If):
                test = statement.test
                branch = Operation(compiled(test), test, branch=True, where=where)
                self.operations.append(branch)
                self._flatten(statement.body, self._where(test.lineno, test))
                if statement.orelse:
                    jump = Operation(None, None)
                    self.operations.append(jump)
                    branch.target = len(self.operations)
                    line = statement.orelse[0].lineno - 1
                    self._flatten(statement.orelse, self._where(line, negated(test)))
                    jump.target = len(self.operations)
                else:
                    branch.target = len(self.operations)
            else:
                plain = _plain(statement)
                self.operations.append(Operation(compiled(plain), plain, where=where))

    def _where(self, line: int, test: ast.expr) -> str:
        words = self._words(line) or f"where {ast.unparse(ast.fix_missing_locations(test))}"
        return words[0].upper() + words[1:]

    def trace(self, arguments: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
        """Run it; the values before each operation that ran."""
        before: dict[int, dict[str, Any]] = {}
        env = {**self.names, **arguments}
        self._run(env, 0, {}, before)
        return before

    def run(self, env: Mapping[str, Any], start: int, changed: Mapping[int, CodeType]) -> Any:
        """The result, from an operation on, with some operations exchanged."""
        return self._run(self._held(env), start, changed, None)

    def _run(
        self,
        env: dict[str, Any],
        at: int,
        changed: Mapping[int, CodeType],
        before: dict[int, dict[str, Any]] | None,
    ) -> Any:
        operations = self.operations
        while at < len(operations):
            operation = operations[at]
            if before is not None:
                before[at] = self._held(env)
            if operation.code is None:
                at = operation.target
                continue
            code = changed.get(at, operation.code)
            if operation.branch:
                at = at + 1 if eval(code, env) else operation.target
                continue
            exec(code, env)  # noqa: S102  (the course's own code, never a student's)
            if RESULT in env:
                return env.pop(RESULT)
            at += 1
        raise ValueError("a step function must return something")

    def _held(self, env: Mapping[str, Any]) -> dict[str, Any]:
        """The names and what they hold, lists and dicts anew; arrays are never changed in place."""
        found = dict(env)
        for name in self._own:
            if type(value := found.get(name)) in (list, dict):
                found[name] = copy.copy(value)
        return found

    def cost_from(self, start: int, call: int) -> int:
        """Roughly what it takes to run the steps from one on: statements, and calls in them."""
        if not self._costs:
            for operation in self.operations:
                node = operation.node
                inner = list(ast.walk(node)) if node is not None else []
                named = [
                    n for n in inner if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
                ]
                loops = 3 if any(isinstance(n, ast.For | ast.comprehension) for n in inner) else 1
                self._costs.append(loops * (1 + call * len(named)))
        return sum(self._costs[start:])


def negated(test: ast.expr) -> ast.expr:
    """The other branch's test."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        turned = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
        if (other := turned.get(type(test.ops[0]))) is not None:
            return ast.Compare(test.left, [other()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


def _plain(statement: ast.stmt) -> ast.stmt:
    """`return x` sets the result, and `a += b` becomes `a = a + b`, all through."""
    plain: ast.stmt = _Plain().visit(copy.deepcopy(statement))
    return ast.fix_missing_locations(plain)


class _Plain(ast.NodeTransformer):
    def visit_Return(self, node: ast.Return) -> ast.AST:
        value = node.value or ast.Constant(None)
        result = ast.Assign([ast.Name(RESULT, ast.Store())], value)
        return ast.fix_missing_locations(ast.copy_location(result, node))

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        read = copy.deepcopy(node.target)
        read.ctx = ast.Load()
        result = ast.Assign([node.target], ast.BinOp(read, node.op, node.value))
        return ast.fix_missing_locations(ast.copy_location(result, node))


def compiled(node: ast.stmt | ast.expr, *, placed: bool = False) -> CodeType:
    """One statement, or one expression, ready to run.

    placed: every node has a line already, which saves a look at each.
    """
    whole: ast.Expression | ast.Module
    if isinstance(node, ast.expr):
        whole = ast.Expression(node if placed else copy.deepcopy(node))
    else:
        whole = ast.Module([node], [])
    if not placed:
        ast.fix_missing_locations(whole)
    with warnings.catch_warnings():
        # changes that make no sense don't run either
        warnings.simplefilter("ignore", SyntaxWarning)
        return compile(whole, "<step>", "eval" if isinstance(node, ast.expr) else "exec")
