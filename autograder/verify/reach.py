"""What a change of a package can reach, told by names: which checks can't come out differently.

Code gives what it gave before until something that has changed runs, and to run that, somebody has
to use its name. A name is taken for the same in all files and scopes, so that too much is reached,
never too little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.checker.contract import Function
from autograder.checker.implementation import CallResult, LocalImplementation
from autograder.course.course import Course

LOOKING_UP = {"globals", "vars", "eval", "exec", "setattr", "sys", "importlib", "__import__", "*"}
OUTSIDE = {"np"}  # what has this name is no part of the package
Package = Mapping[str, Sequence["Statement"]]
"""The statements of each file, by the file's bare name."""


class UnclearError(Exception):
    """Names don't tell what may run."""


@dataclass(frozen=True)
class Statement:
    """One statement of a file, by its names."""

    text: str
    defined: frozenset[str]
    """The names that it gives a meaning to, or to what they hold."""
    mentioned: frozenset[str]
    """All names in it, attributes and imports too."""
    searched: frozenset[str]
    """The modules in which it looks a name up."""
    binds: bool
    """Whether it gives names to things, and does no more."""

    @classmethod
    def of(cls, node: ast.stmt) -> Statement:
        """Read one off its syntax tree."""
        binds = _only_binds(node)
        inner = list(ast.walk(node))
        mentioned = frozenset(name for item in inner for name in _names_of(item))
        calls = [item for item in inner if isinstance(item, ast.Call)]
        searched = {ast.unparse(c.args[0]) for c in calls if ast.unparse(c.func) == "getattr"}
        searched = {where for where in searched if where.split(".")[0] not in OUTSIDE}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined = {node.name}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined = {alias.asname or alias.name.split(".")[0] for alias in node.names}
        else:  # what does more may fill a table, or give a class a method
            names = [item for item in inner if isinstance(item, ast.Name)]
            defined = {n.id for n in names if not (binds and isinstance(n.ctx, ast.Load))}
        text = ast.dump(node)
        return cls(text, frozenset(defined), mentioned, frozenset(searched), binds)


def touched(course: Course, alternative: Path) -> frozenset[str] | None:
    """All names that lead to what an alternative's files change; None: that can't be told."""
    solution, theirs = _read(course.solutions / course.package), _read(alternative)
    together = {
        name: (*solution.get(name, ()), *theirs.get(name, ())) for name in {*solution, *theirs}
    }
    try:
        changed = set(_changed(theirs, solution))
        names = [(one.defined, _used(one, together)) for file in together.values() for one in file]
    except UnclearError:
        return None
    return reaching(names, changed)


@lru_cache(maxsize=32)
def _read(folder: Path) -> Package:
    return {
        path.stem: tuple(map(Statement.of, ast.parse(path.read_text(encoding="utf-8")).body))
        for path in sorted(folder.rglob("*.py"))
    }


def _changed(theirs: Package, solution: Package) -> Iterator[str]:
    """The names to which an alternative's files give another meaning.

    What the solution's file of that name does not mention is new: only what is changed can use it.
    """
    for name, file in theirs.items():
        before = solution.get(name, ())
        mentioned = frozenset().union(*(one.defined | one.mentioned for one in before))
        known = {one.text for one in before}
        for one in file:
            if not one.binds:
                raise UnclearError
            if one.text not in known:  # such as an import that stands there already
                yield from one.defined & mentioned


def _used(one: Statement, package: Package) -> frozenset[str]:
    """All names that a statement may use: of a module in which it looks one up, any."""
    if one.mentioned & LOOKING_UP or not one.searched <= package.keys():
        raise UnclearError
    found = [other.defined for module in one.searched for other in package[module]]
    return one.mentioned.union(*found)


def reaching(
    statements: Sequence[tuple[frozenset[str], frozenset[str]]], names: Iterable[str]
) -> frozenset[str]:
    """All that may use one of these names, themselves included, over any number of steps.

    statements: what each defines, and what it uses.
    """
    found = set(names)
    before = -1
    while len(found) > before:
        before = len(found)
        for defined, used in statements:
            if not used.isdisjoint(found):
                found |= defined
    return frozenset(found)


def _names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield from alias.name.split(".")


def _only_binds(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        inner = [item for target in node.targets for item in ast.walk(target)]
        return not any(isinstance(item, ast.Attribute | ast.Subscript) for item in inner)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)


class Listening(LocalImplementation):
    """Remembers the names of all functions that a probe called, those that raised included."""

    called: frozenset[str] = frozenset()

    def begin(self, cpu: float | None = None) -> None:
        """Forget the last probe."""
        super().begin(cpu)
        self.called = frozenset()

    def invoke(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallResult:
        """Call it, and remember that."""
        self.called |= {function.name}
        return super().invoke(function, args, kwargs)
