"""Syntax trees of steps: what they assign, and copies of them with some nodes exchanged."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any


def assigned(node: ast.AST) -> list[str]:
    """The names that a statement sets, also inside a loop."""
    return [
        item.id
        for item in ast.walk(node)
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
    ]


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


def innermost(statement: ast.AST, wanted: ast.AST) -> ast.AST:
    """The assignment that an expression of a loop lies in."""
    if isinstance(statement, ast.expr | ast.Assign):
        return statement
    for inner in ast.walk(statement):
        if isinstance(inner, ast.Assign) and any(item is wanted for item in ast.walk(inner)):
            return inner
    return statement


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
