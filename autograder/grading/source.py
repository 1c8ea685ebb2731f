"""A submission's file as a syntax tree, never executed: its functions, and who calls whom."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

MOST_BYTES = 200_000
NUMBERS = (int, float, complex)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file. `functions` are those of the module, the last of each name.

    `nodes` are all nodes of its tree, `within` those of each function: walked once, since a walk
    is most of what a review costs.
    """

    name: str
    lines: tuple[str, ...]
    tree: ast.Module
    functions: Mapping[str, FunctionNode]
    nodes: tuple[ast.AST, ...]
    within: Mapping[str, tuple[ast.AST, ...]]

    def code(self, line: int) -> str:
        """A line's text, stripped and cut."""
        return self.lines[line - 1].strip()[:200] if 0 < line <= len(self.lines) else ""

    def function_at(self, line: int) -> str:
        """The module's function that a line lies in, or ""."""
        for name, node in self.functions.items():
            if node.lineno <= line <= (node.end_lineno or node.lineno):
                return name
        return ""

    def reached_from(self, name: str) -> list[FunctionNode]:
        """A function and those of the same file that it names, but other backwards and its own
        forward."""
        forward = name.removesuffix("_backward")
        found: dict[str, FunctionNode] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop()
            node = self.functions.get(one)
            if node is None or one in found:
                continue
            found[one] = node
            waiting += [
                other
                for other in self.names_in(one)
                if other != forward and not other.endswith("_backward")
            ]
        return list(found.values())

    def names_in(self, function: str) -> Iterator[str]:
        """The names that a function reads."""
        return _names(self.within[function])


@functools.lru_cache(maxsize=256)
def parse(name: str, content: bytes) -> Source | None:
    """None where a file is no Python, or too large to look at."""
    if len(content) > MOST_BYTES:
        return None
    try:
        text = content.decode("utf-8-sig")
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    tree.body = [node for node in tree.body if not _is_main_guard(node)]
    functions: dict[str, FunctionNode] = {}
    within: dict[str, tuple[ast.AST, ...]] = {}
    nodes: list[ast.AST] = []
    for statement in tree.body:
        parts = tuple(ast.walk(statement))
        nodes += parts
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[statement.name] = statement
            within[statement.name] = parts
    return Source(name, tuple(text.splitlines()), tree, functions, tuple(nodes), within)


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for one in nodes:
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
            yield one.id


def number(node: ast.AST) -> complex | None:
    """The value of a literal number, with its sign; None for anything else."""
    if isinstance(node, ast.Constant):
        value = node.value
        return complex(value) if type(value) in NUMBERS else None  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = number(node.operand)
        return None if operand is None else -operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = number(node.left), number(node.right)
        if base is not None and power is not None and abs(base) <= 10 and abs(power) <= 300:
            return base**power if base else None
    return None


def _is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in _names(ast.walk(node.test))
