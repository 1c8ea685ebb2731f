"""Python values to the wire's tagged bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from .frames import (
    CODES,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_FRAME,
    MAX_NODES,
    SCALARS,
    STREAM_BYTES,
    Convert,
    Handle,
    Seed,
    Stream,
    Unsupported,
    WireError,
)

_INT = struct.Struct("<cq")
_FLOAT = struct.Struct("<cd")
_COUNT = struct.Struct("<cI")
_NUMBER = struct.Struct("<cQ")
_ARRAY = tuple(struct.Struct(f"<cBB{n}Q") for n in range(MAX_DIMENSIONS + 1))
_U32 = struct.Struct("<I")


def refuse(value: Any, reason: str) -> Any:
    """The strict answer to a value that can't travel."""
    raise WireError(f"{type(value).__name__}: {reason}")


def mark(value: Any, reason: str) -> Any:
    """The lenient answer: a marker travels in the value's place."""
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return Unsupported(name[:100], reason)


def encode(values: Sequence[Any], convert: Convert = refuse, limit: int = MAX_FRAME) -> bytes:
    """The values one behind the other, as one frame's body.

    `convert(value, reason)` is asked for a replacement of whatever is not plain data.
    """
    encoder = _Encoder(convert, limit)
    for value in values:
        encoder.add(value, 0)
    body = b"".join(encoder.parts)
    if len(body) > limit:
        raise WireError(f"a frame of {len(body)} bytes; {limit} are allowed")
    return body


class _Encoder:
    __slots__ = ("convert", "nodes", "parts", "room")

    def __init__(self, convert: Convert, limit: int) -> None:
        self.parts: list[bytes] = []
        self.convert = convert
        self.room = limit
        self.nodes = 0

    def add(self, value: Any, depth: int) -> None:
        kind = type(value)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES} values in one frame")
        if kind is np.ndarray:
            self._array(value, depth)
        elif kind is float:
            self.parts.append(_FLOAT.pack(b"d", value))
        elif value is None:
            self.parts.append(b"N")
        elif kind is bool:
            self.parts.append(b"T" if value else b"F")
        elif kind is int:
            if -(2**63) <= value < 2**63:
                self.parts.append(_INT.pack(b"i", value))
            else:
                self._replace(value, "an integer of more than 64 bits", depth)
        elif kind is str:
            self._text(b"s", value, depth)
        elif kind is dict:
            self._dict(value, depth)
        elif kind is tuple or kind is list:
            if depth >= MAX_DEPTH:
                self._replace(value, f"nested more than {MAX_DEPTH} deep", depth)
                return
            self.parts.append(_COUNT.pack(b"t" if kind is tuple else b"l", len(value)))
            for item in value:
                self.add(item, depth + 1)
        else:
            self._rare(kind, value, depth)

    def _array(self, array: Any, depth: int) -> None:
        code = CODES.get(array.dtype)
        if code is None:
            self._replace(array, f"an array of dtype {array.dtype!s:.60}", depth)
        elif array.ndim > MAX_DIMENSIONS:
            self._replace(array, f"an array of {array.ndim} dimensions", depth)
        elif array.nbytes > self.room:
            self._replace(array, f"an array of {array.nbytes} bytes", depth)
        else:
            self.room -= array.nbytes
            ndim = array.ndim
            self.parts.append(_ARRAY[ndim].pack(b"a", code, ndim, *array.shape))
            self.parts.append(array.tobytes())

    def _dict(self, value: dict[Any, Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._replace(value, f"nested more than {MAX_DEPTH} deep", depth)
            return
        for key in value:
            if type(key) is not str:
                self._replace(value, "a dict whose keys are not all text", depth)
                return
        self.parts.append(_COUNT.pack(b"m", len(value)))
        for key, item in value.items():
            data = key.encode("utf-8", "replace")
            self.parts.append(_U32.pack(len(data)))
            self.parts.append(data)
            self.add(item, depth + 1)

    def _text(self, tag: bytes, text: str, depth: int) -> None:
        if len(text) > self.room:
            self._replace(text, f"a text of {len(text)} characters", depth)
            return
        data = text.encode("utf-8", "replace")
        self.room -= len(data)
        self.parts.append(_COUNT.pack(tag, len(data)))
        self.parts.append(data)

    def _rare(self, kind: type, value: Any, depth: int) -> None:
        code = SCALARS.get(kind)
        if code is not None:
            self.parts.append(bytes((ord("c"), code)) + np.asarray(value).tobytes())
        elif kind is Handle:
            self.parts.append(_NUMBER.pack(b"h", value.number))
        elif kind is Seed:
            self.parts.append(_NUMBER.pack(b"g", value.seed))
        elif kind is Stream and len(value.state) == STREAM_BYTES:
            self.parts.append(b"r" + value.state)
        elif kind is Unsupported:
            self._text(b"U", value.type_name, depth)
            self._text(b"s", value.detail, depth)
        elif kind is type and value in SCALARS:
            self.parts.append(bytes((ord("Y"), SCALARS[value])))
        elif issubclass(kind, np.dtype) and value in CODES:
            self.parts.append(bytes((ord("y"), CODES[value])))
        else:
            self._replace(value, "not plain data", depth)

    def _replace(self, value: Any, reason: str, depth: int) -> None:
        replacement = self.convert(value, reason)
        if type(replacement) not in (Handle, Seed, Stream, Unsupported):
            raise WireError(f"{type(value).__name__}: {reason}")
        self._rare(type(replacement), replacement, depth)
