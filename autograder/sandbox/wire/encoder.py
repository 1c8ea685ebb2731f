"""Python values to the wire's frames."""

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

_INT = struct.Struct("<q")
_FLOAT = struct.Struct("<d")
_COUNT = struct.Struct("<cI")
_NUMBER = struct.Struct("<Q")
_ARRAY = tuple(struct.Struct(f"<cBB{n}Q") for n in range(MAX_DIMENSIONS + 1))
_U32 = struct.Struct("<I")
_PADDING = tuple(bytes(-size % 8) for size in range(8))  # by the last bits of what is padded


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
    forms: list[bytes] = []
    for value in values:
        encoder.form = []
        encoder.add(value, 0)
        form = b"".join(encoder.form)
        forms += (_U32.pack(len(form)), form)
    said = b"".join(forms)
    body = b"".join(
        (_U32.pack(len(said)), said, _PADDING[(_U32.size + len(said)) & 7], *encoder.data)
    )
    if len(body) > limit:
        raise WireError(f"a frame of {len(body)} bytes; {limit} are allowed")
    return body


class _Encoder:
    __slots__ = ("convert", "data", "form", "nodes", "room")

    def __init__(self, convert: Convert, limit: int) -> None:
        self.form: list[bytes] = []
        self.data: list[bytes] = []
        self.convert = convert
        self.room = limit
        self.nodes = 0

    def add(self, value: Any, depth: int) -> None:
        kind = type(value)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES} values in one frame")
        if kind is np.ndarray:
            code, ndim, size = CODES.get(value.dtype), value.ndim, value.nbytes
            if code is None or ndim > MAX_DIMENSIONS or size > self.room:
                self._no_array(value, depth)
                return
            self.room -= size
            self.form.append(_ARRAY[ndim].pack(b"a", code, ndim, *value.shape))
            self._data(value.tobytes())
        elif kind is dict:
            self._dict(value, depth)
        elif value is None:
            self.form.append(b"N")
        elif kind is int:
            if -(2**63) <= value < 2**63:
                self.form.append(b"i")
                self.data.append(_INT.pack(value))
            else:
                self._replace(value, "an integer of more than 64 bits", depth)
        elif kind is str:
            self._text(b"s", value, depth)
        elif kind is tuple or kind is list:
            if depth >= MAX_DEPTH:
                self._replace(value, f"nested more than {MAX_DEPTH} deep", depth)
                return
            self.form.append(_COUNT.pack(b"t" if kind is tuple else b"l", len(value)))
            for item in value:
                self.add(item, depth + 1)
        elif kind is float:
            self.form.append(b"d")
            self.data.append(_FLOAT.pack(value))
        elif kind is bool:
            self.form.append(b"T" if value else b"F")
        else:
            self._rare(kind, value, depth)

    def _no_array(self, array: Any, depth: int) -> None:
        if array.dtype not in CODES:
            self._replace(array, f"an array of dtype {array.dtype!s:.60}", depth)
        elif array.ndim > MAX_DIMENSIONS:
            self._replace(array, f"an array of {array.ndim} dimensions", depth)
        else:
            self._replace(array, f"an array of {array.nbytes} bytes", depth)

    def _data(self, data: bytes) -> None:
        self.data.append(data)
        if rest := len(data) & 7:
            self.data.append(_PADDING[rest])

    def _dict(self, value: dict[Any, Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._replace(value, f"nested more than {MAX_DEPTH} deep", depth)
            return
        for key in value:
            if type(key) is not str:
                self._replace(value, "a dict whose keys are not all text", depth)
                return
        self.form.append(_COUNT.pack(b"m", len(value)))
        for key, item in value.items():
            data = key.encode("utf-8", "replace")
            self.form.append(_U32.pack(len(data)) + data)
            self.add(item, depth + 1)

    def _text(self, tag: bytes, text: str, depth: int) -> None:
        if len(text) > self.room:
            self._replace(text, f"a text of {len(text)} characters", depth)
            return
        data = text.encode("utf-8", "replace")
        self.room -= len(data)
        self.form.append(_COUNT.pack(tag, len(data)))
        self.form.append(data)

    def _rare(self, kind: type, value: Any, depth: int) -> None:
        code = SCALARS.get(kind)
        if code is not None:
            self.form.append(bytes((ord("c"), code)))
            self._data(np.asarray(value).tobytes())
        elif kind is Handle:
            self.form.append(b"h")
            self.data.append(_NUMBER.pack(value.number))
        elif kind is Seed:
            self.form.append(b"g")
            self.data.append(_NUMBER.pack(value.seed))
        elif kind is Stream and len(value.state) == STREAM_BYTES:
            self.form.append(b"r")
            self._data(value.state)
        elif kind is Unsupported:
            self._text(b"U", value.type_name, depth)
            self._text(b"s", value.detail, depth)
        elif kind is type and value in SCALARS:
            self.form.append(bytes((ord("Y"), SCALARS[value])))
        elif issubclass(kind, np.dtype) and value in CODES:
            self.form.append(bytes((ord("y"), CODES[value])))
        else:
            self._replace(value, "not plain data", depth)

    def _replace(self, value: Any, reason: str, depth: int) -> None:
        replacement = self.convert(value, reason)
        if type(replacement) not in (Handle, Seed, Stream, Unsupported):
            raise WireError(f"{type(value).__name__}: {reason}")
        self._rare(type(replacement), replacement, depth)
