"""Syntax trees of steps: what they assign, and copies of them with some nodes exchanged."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from typing import Any


def assigned(node: ast.AST) -> list[str]:
    """The names that a statement sets, also inside a loop."""
    return [
        item.id
        for item in ast.walk(node)
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
    ]


def loaded(node: ast.AST) -> list[str]:
    """The names that an expression or a statement reads, as often as it does."""
    return [
        item.id
        for item in ast.walk(node)
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load)
    ]


def with_names(node: ast.expr, names: Mapping[str, str]) -> ast.expr:
    """A copy of an expression with some names exchanged."""
    made: ast.expr = _Renamed(names).visit(copy.deepcopy(node))
    return made


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


def with_node(root: Any, old: ast.AST, new: ast.AST) -> Any:
    """A copy of a tree with one node exchanged."""
    place = next(k for k, node in enumerate(ast.walk(root)) if node is old)
    return replaced(root, [(place, new)])  # type: ignore[list-item]


def scopes(statement: ast.AST) -> tuple[list[list[str]], set[int]]:
    """The names that lambdas bind, and the expressions that loops run over."""
    scopes = [
        [argument.arg for argument in node.args.args]
        for node in ast.walk(statement)
        if isinstance(node, ast.Lambda)
    ]
    loops = {
        id(node.iter)
        for node in ast.walk(statement)
        if isinstance(node, ast.For | ast.comprehension)
    }
    return scopes, loops


class Tree:
    """One statement or test: its nodes in the order of `ast.walk`, and what each lies in."""

    def __init__(self, root: ast.stmt | ast.expr) -> None:
        self.root = root
        self.nodes = list(ast.walk(root))
        self._above = {
            id(inner): outer for outer in self.nodes for inner in ast.iter_child_nodes(outer)
        }

    def innermost(self, wanted: ast.AST) -> ast.stmt | ast.expr:
        """The assignment that an expression of a loop lies in; else the whole."""
        at = wanted
        while at is not self.root:
            if isinstance(at, ast.Assign):
                return at
            at = self._above[id(at)]
        return self.root

    def with_one(
        self, index: int, piece: ast.expr, top: ast.stmt | ast.expr | None = None
    ) -> ast.stmt | ast.expr:
        """A copy with one node exchanged; what lies beside the way to it is shared.

        top: only of this part of the tree.
        """
        top = self.root if top is None else top
        old, made = self.nodes[index], piece
        while old is not top:
            outer = self._above[id(old)]
            made, old = _exchanged(outer, old, made), outer
        return made


def _exchanged(outer: Any, old: ast.AST, new: ast.AST) -> Any:
    """A copy of one node, with another child in one place."""
    fields: dict[str, Any] = {}
    for name, value in ast.iter_fields(outer):
        if value is old:
            value = new
        elif isinstance(value, list):
            value = [new if item is old else item for item in value]
        fields[name] = value
    return ast.copy_location(type(outer)(**fields), outer)


def replaced(
    root: ast.stmt | ast.expr, pieces: Sequence[tuple[int, ast.expr]]
) -> ast.stmt | ast.expr:
    """A copy of a tree with some nodes (by their place in `ast.walk`) exchanged."""
    places = dict(pieces)
    nodes = list(ast.walk(root))
    new = {id(nodes[index]): piece for index, piece in places.items()}

    def build(node: Any, inside: frozenset[int] = frozenset()) -> Any:
        if id(node) in new and id(node) not in inside:
            return build(new[id(node)], inside | {id(node)})
        if isinstance(node, ast.AST):
            fields = {name: build(value, inside) for name, value in ast.iter_fields(node)}
            return ast.copy_location(type(node)(**fields), node)
        if isinstance(node, list):
            return [build(item, inside) for item in node]
        return node

    result: ast.stmt | ast.expr = build(root)
    return result
