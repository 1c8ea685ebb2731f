"""One change of an expression: what stands there instead, and the sentence about it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NO_REASON = 1000  # what a sentence without its step's reason is behind by
RARE = 2  # the likelihood of what seldom happens
LONGEST = 44  # of an expression that is quoted in a sentence


@dataclass(frozen=True)
class Placed:
    """A statement that takes the place of another step's, where one slip changes two steps."""

    operation: int
    node: ast.stmt


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
    elsewhere: tuple[Placed, ...] = ()
    """What the same slip makes of earlier steps."""


@dataclass(frozen=True, eq=False)
class Variant:
    """One change of one step."""

    operation: int
    node: int  # in the order of `ast.walk`
    change: Change
    name: str
    text: str
    see: str
    names: tuple[str, str] | None = None  # that were exchanged: of one kind, or nothing changes
    default: tuple[str, Any] | None = None  # an argument's other default
    why: str = ""  # the step's reason
    as_hard: bool = False  # of a forward: its backward is as hard as the one asked for

    @property
    def sentence(self) -> str:
        """What is wrong, and why it should be otherwise."""
        return f"{self.text} {self.why}".rstrip()

    @cached_property
    def start(self) -> int:
        """The first step that is another one."""
        return min([self.operation, *(placed.operation for placed in self.change.elsewhere)])

    @cached_property
    def rank(self) -> tuple[int, int]:
        """What happens most often comes first, then what has a reason, then the smaller change."""
        return self.change.likely, len(self.change.text) + (0 if self.why else NO_REASON)


def quoted(node: ast.expr) -> str:
    """An expression as a student reads it; a long one by its beginning."""
    text = ast.unparse(node)
    return f"`{text}`" if len(text) <= LONGEST else f"`{text[: LONGEST - 2]} …`"


def constant(value: object) -> ast.Constant:
    return ast.Constant(value)  # type: ignore[arg-type]


def method(method: str, value: ast.expr, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(value, method, ast.Load()), list(args), [])
