"""The wire's tagged bytes to Python values; every byte is doubted."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from .frames import (
    DTYPES,
    ITEM_BYTES,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_LENGTH,
    MAX_NODES,
    STREAM_BYTES,
    Handle,
    Seed,
    Stream,
    Unsupported,
    WireError,
)

_SHAPE = tuple(struct.Struct(f"<{n}Q") for n in range(MAX_DIMENSIONS + 1))
_U32 = struct.Struct("<I")
_Q = struct.Struct("<q")
_D = struct.Struct("<d")
_U64 = struct.Struct("<Q")


def decode(body: bytes | bytearray, resolve: Callable[[Any], Any] | None = None) -> list[Any]:
    """All values of a frame's body. Arrays are writable copies."""
    decoder = Decoder(body, resolve)
    values = []
    while not decoder.done:
        values.append(decoder.value())
    return values


class Decoder:
    """Reads one value after the other; `resolve` replaces all but data."""

    __slots__ = ("_nodes", "_resolve", "body", "position", "stand_ins")

    def __init__(
        self, body: bytes | bytearray, resolve: Callable[[Any], Any] | None = None
    ) -> None:
        self.body = body
        self.position = 0
        self.stand_ins = 0  # handles, seeds, streams, markers and dtypes met so far
        self._nodes = 0
        self._resolve = resolve

    @property
    def done(self) -> bool:
        return self.position >= len(self.body)

    def value(self) -> Any:
        try:
            return self._value(0)
        except (struct.error, IndexError, ValueError, OverflowError) as error:
            raise WireError(f"a malformed frame ({type(error).__name__})") from None

    def _value(self, depth: int) -> Any:
        body = self.body
        tag = body[self.position]
        self.position += 1
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES} values in one frame")
        if tag == 97:  # a
            return self._array()
        if tag == 100:  # d
            self.position += 8
            return _D.unpack_from(body, self.position - 8)[0]
        if tag == 105:  # i
            self.position += 8
            return _Q.unpack_from(body, self.position - 8)[0]
        if tag == 115:  # s
            return self._text()
        if tag == 78:  # N
            return None
        if tag == 84 or tag == 70:  # T, F
            return tag == 84
        if tag == 109 or tag == 116 or tag == 108:  # m, t, l
            return self._container(tag, depth)
        return self._rare(tag)

    def _array(self) -> Any:
        code, ndim = self.body[self.position], self.body[self.position + 1]
        if code >= len(DTYPES) or ndim > MAX_DIMENSIONS:
            raise WireError("an array of an unknown kind")
        shape = _SHAPE[ndim].unpack_from(self.body, self.position + 2)
        self.position += 2 + 8 * ndim
        count = 1
        for length in shape:
            count *= length
        if count * ITEM_BYTES[code] > len(self.body) - self.position or (
            not count and max(shape) > MAX_LENGTH
        ):
            raise WireError("an array larger than its frame")
        if not count:
            return np.zeros(shape, DTYPES[code])
        flat = np.frombuffer(self.body, DTYPES[code], count, self.position)
        self.position += count * ITEM_BYTES[code]
        if code == 0 and flat.view(np.uint8).max() > 1:
            raise WireError("a truth value that is neither 0 nor 1")
        return flat.reshape(shape).copy()

    def _take(self, count: int) -> bytes:
        start = self.position
        if count > len(self.body) - start:
            raise WireError("a frame that ends too early")
        self.position = start + count
        return bytes(self.body[start : start + count])

    def _count(self) -> int:
        self.position += 4
        count: int = _U32.unpack_from(self.body, self.position - 4)[0]
        if count > len(self.body) - self.position:
            raise WireError("a count larger than its frame")
        return count

    def _text(self) -> str:
        return self._take(self._count()).decode()

    def _container(self, tag: int, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise WireError(f"nested more than {MAX_DEPTH} deep")
        count = self._count()
        if tag == 109:
            table: dict[str, Any] = {}
            for _ in range(count):
                key = self._text()
                table[key] = self._value(depth + 1)
            if len(table) != count:
                raise WireError("a key that comes twice")
            return table
        items = [self._value(depth + 1) for _ in range(count)]
        return tuple(items) if tag == 116 else items

    def _rare(self, tag: int) -> Any:
        if tag == 99:  # c
            code = self._take(1)[0]
            item = self._take(ITEM_BYTES[code])
            if code == 0 and item > b"\1":
                raise WireError("a truth value that is neither 0 nor 1")
            return np.frombuffer(item, DTYPES[code])[0]
        if tag == 89 or tag == 121:  # Y, y
            dtype = DTYPES[self._take(1)[0]]
            return self._stand_in(dtype.type if tag == 89 else dtype)
        if tag == 85:  # U
            name = self._text()
            if self._take(1) != b"s":
                raise WireError("a marker without its detail")
            return self._stand_in(Unsupported(name, self._text()))
        if tag == 104 or tag == 103:  # h, g
            number = _U64.unpack(self._take(8))[0]
            return self._stand_in(Handle(number) if tag == 104 else Seed(number))
        if tag == 114:  # r
            return self._stand_in(Stream(self._take(STREAM_BYTES)))
        raise WireError(f"an unknown tag ({tag})")

    def _stand_in(self, value: Any) -> Any:
        self.stand_ins += 1
        return value if self._resolve is None else self._resolve(value)
