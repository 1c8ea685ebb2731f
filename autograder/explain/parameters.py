"""The ways in which a function goes wrong by what its arguments are taken to be."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.explain.change import Change, constant

Parameters = Mapping[str, inspect.Parameter]


def of_parameter(node: ast.Name, parameters: Parameters) -> Iterator[Change]:
    """An argument that is not used: its default stands there always."""
    parameter = parameters.get(node.id)
    if parameter is not None and isinstance(parameter.default, bool | int | float | str):
        text = f"the argument `{node.id}` is not used: {parameter.default!r} stands there."
        yield Change(constant(parameter.default), text, 0)


def of_entry(
    node: ast.Subscript, parameters: Parameters, names: Mapping[str, Any]
) -> Iterator[Change]:
    """A table that an argument is looked up in: under one name stands another's entry."""
    table, name = node.value, node.slice
    if not isinstance(table, ast.Name) or not isinstance(name, ast.Name):
        return
    entries = names.get(table.id)
    if not isinstance(entries, dict) or name.id not in parameters:
        return
    for one, other in itertools.permutations(entries, 2):
        asked = ast.Compare(name, [ast.Eq()], [constant(one)])
        new = ast.Subscript(table, ast.IfExp(asked, constant(other), name), ast.Load())
        yield Change(new, f"what belongs to {other!r} is taken for {one!r}.", 2)
