"""The wire's frames to Python values; every byte is doubted.

The same forms come again and again: a form that was read once is kept as a tree of nodes, which
then builds its values from the bytes alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from .forms import forms_of
from .frames import WireError

Resolve = Callable[[Any], Any]


def decode(body: bytes | bytearray, resolve: Resolve | None = None) -> list[Any]:
    """All values of a frame's body. Arrays are writable copies."""
    decoder = Decoder(body, resolve)
    values = []
    while not decoder.done:
        values.append(decoder.value())
    return values


class Decoder:
    """Reads one value of a frame after the other; `resolve` replaces all but data."""

    __slots__ = ("_forms", "_next", "_resolve", "_starts", "body", "done", "owned", "start")

    def __init__(
        self, body: bytes | bytearray, resolve: Resolve | None = None, *, owned: bool = False
    ) -> None:
        """owned: each array has memory of its own; else all of a frame may share one copy of it."""
        self._forms, self._next = forms_of(body)
        self._starts: list[int] = []  # of the values that were read
        self._resolve = resolve
        self.owned = owned or isinstance(body, bytearray)
        self.body = body if self.owned else bytearray(body)
        self.start = 0
        self.done = not self._forms

    @property
    def position(self) -> int:
        """How many values were read."""
        return len(self._starts)

    def value(self) -> Any:
        """The next value."""
        if self.done:
            raise WireError("a frame that ends too early")
        form = self._forms[len(self._starts)]
        self.start = self._next
        self._starts.append(self.start)
        self._next += form.size
        self.done = len(self._starts) == len(self._forms)
        try:
            return form.node.build(self)
        except (struct.error, ValueError, OverflowError, MemoryError) as error:
            raise WireError(f"a malformed frame ({type(error).__name__})") from None

    def unchanged(self, position: int, value: Any) -> bool:
        """Whether what was read at a position is still what came; True where that can't be said."""
        self.start = self._starts[position]
        node = self._forms[position].node
        return node.stands_in or node.same(self, value)

    def resolved(self, value: Any) -> Any:
        """What stands for something that is not data."""
        return value if self._resolve is None else self._resolve(value)
