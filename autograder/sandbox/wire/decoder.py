"""The wire's frames to Python values; every byte is doubted.

The same forms come again and again: a form that was read once is kept as a tree of nodes, which
then builds its values from the bytes alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from .forms import forms_of
from .frames import WireError

Resolve = Callable[[Any], Any]


def decode(body: bytes | bytearray, resolve: Resolve | None = None) -> list[Any]:
    """All values of a frame's body. Arrays are writable copies."""
    return Decoder(body, resolve).rest()


class Decoder:
    """Reads one value of a frame after the other; `resolve` replaces all but data."""

    __slots__ = ("_forms", "_resolve", "body", "owned", "position", "start")

    def __init__(
        self, body: bytes | bytearray, resolve: Resolve | None = None, *, owned: bool = False
    ) -> None:
        """owned: each array has memory of its own; else all of a frame may share one copy of it."""
        self._forms, self.start = forms_of(body)
        self._resolve = resolve
        self.owned = owned or isinstance(body, bytearray)
        self.body = body if self.owned else bytearray(body)
        self.position = 0
        """How many values were read; the data of the next one begin at `start`."""

    @property
    def done(self) -> bool:
        """Whether all values were read."""
        return self.position == len(self._forms)

    def value(self) -> Any:
        """The next value."""
        if self.position == len(self._forms):
            raise WireError("a frame that ends too early")
        form = self._forms[self.position]
        self.position += 1
        try:
            value = form.node.build(self)
        except (struct.error, ValueError, OverflowError) as error:
            raise WireError(f"a malformed frame ({type(error).__name__})") from None
        self.start += form.size
        return value

    def rest(self) -> list[Any]:
        """All values that were not read yet."""
        return [self.value() for _ in range(len(self._forms) - self.position)]

    def changed(self, values: Sequence[Any]) -> list[int]:
        """Which of the last values read are no longer what came, as far as that can be said."""
        found, last = [], self.position - 1
        for k in range(len(values) - 1, -1, -1):
            form = self._forms[last]
            last -= 1
            self.start -= form.size
            if not form.node.stands_in and not form.node.same(self, values[k]):
                found.append(k)
        return found[::-1]

    def resolved(self, value: Any) -> Any:
        """What stands for something that is not data."""
        return value if self._resolve is None else self._resolve(value)
