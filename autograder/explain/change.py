"""One change of an expression: what stands there instead, and the sentence about it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

LONGEST = 44  # of an expression that is quoted in a sentence


@dataclass(frozen=True)
class Change:
    """Another expression in the place of one node, and the sentence about it.

    `likely` is 0 for what happens most often; pairs are made of the likely ones first.
    """

    new: ast.expr
    text: str
    likely: int = 1
    uses: tuple[str, str] | None = None
    """A name that the new expression uses, and what it must hold: a "number" or an "array"."""


def quoted(node: ast.expr) -> str:
    """An expression as a student reads it; a long one by its beginning."""
    text = ast.unparse(node)
    return f"`{text}`" if len(text) <= LONGEST else f"`{text[: LONGEST - 2]} …`"


def constant(value: object) -> ast.Constant:
    return ast.Constant(value)  # type: ignore[arg-type]


def method(method: str, value: ast.expr, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(value, method, ast.Load()), list(args), [])
