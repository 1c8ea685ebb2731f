"""The wire: its words, its limits, and frames of a known length.

Both sides of the trust boundary use it (with `encoder` and `decoder`), so it knows nothing of the
rest of the kit. A body has two parts: the form of its values, where one byte says what follows, and
the data of its arrays and numbers, each at a multiple of 8. Only plain data can be said: None,
bool, int, float, str, list, tuple, dict with text as keys, arrays and scalars of the dtypes below,
dtypes, and four stand-ins (`Handle`, `Seed`, `Stream`, `Unsupported`). Every limit is checked
before memory is taken; whatever does not fit ends in a `WireError` and in nothing else.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_FRAME = 64 * 2**20  # bytes of one frame
MAX_DEPTH = 16  # levels of nesting
MAX_NODES = 200_000  # values of one frame
MAX_DIMENSIONS = 32
MAX_LENGTH = 2**40  # of one axis, which only an empty array could reach


class WireError(Exception):
    """Bytes or a value that the wire refuses, or a partner that is gone."""


class WireClosedError(WireError):
    """The other side closed the connection."""


@dataclass(frozen=True, slots=True)
class Handle:
    """An object that stays where it was made."""

    number: int


@dataclass(frozen=True, slots=True)
class Seed:
    """Stands for `np.random.default_rng(seed)` in a call."""

    seed: int


@dataclass(frozen=True, slots=True)
class Stream:
    """The state of a PCG64 generator: 16 + 16 + 1 + 4 bytes."""

    state: bytes


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Stands for a value that is not plain data."""

    type_name: str
    detail: str


Convert = Callable[[Any, str], Any]

DTYPES = tuple(
    np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64"),
    )
)
CODES = {dtype: code for code, dtype in enumerate(DTYPES)}
SCALARS: dict[type, int] = {dtype.type: code for code, dtype in enumerate(DTYPES)}
SCALARS[np.dtype("longlong").type] = CODES[np.dtype("int64")]
SCALARS[np.dtype("ulonglong").type] = CODES[np.dtype("uint64")]
ITEM_BYTES = tuple(dtype.itemsize for dtype in DTYPES)
STREAM_BYTES = 37

LENGTH = struct.Struct("<I")


def padded(size: int) -> int:
    """The bytes that data of a size take in a frame: all begin at multiples of 8."""
    return (size + 7) & ~7


def write_frame(descriptor: int, body: bytes) -> None:
    """Send one frame, waiting as long as it takes."""
    data = memoryview(LENGTH.pack(len(body)) + body)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError as error:
        raise WireClosedError(f"the connection is gone ({error.strerror})") from None


def read_frame(descriptor: int, limit: int = MAX_FRAME) -> bytes | bytearray:
    """Receive one frame, waiting as long as it takes; partners speak in turn."""
    try:
        data = os.read(descriptor, 65536)
        while len(data) < 4:
            more = os.read(descriptor, 4 - len(data))
            if not more:
                raise WireClosedError("the connection is closed")
            data += more
        length = frame_length(data, limit)
        if len(data) > 4 + length:
            raise WireError("more bytes than one frame")
        return data[4:] if len(data) == 4 + length else _read_rest(descriptor, data, length)
    except OSError as error:
        raise WireClosedError(f"the connection is gone ({error.strerror})") from None


def frame_length(data: bytes | bytearray, limit: int) -> int:
    """The announced length of a frame, if it is allowed."""
    length: int = LENGTH.unpack_from(data)[0]
    if length > limit:
        raise WireError(f"a frame of {length} bytes; {limit} are allowed")
    return length


def _read_rest(descriptor: int, data: bytes, length: int) -> bytearray:
    body = bytearray(length)
    filled = len(data) - 4
    body[:filled] = data[4:]
    view = memoryview(body)
    while filled < length:
        got = os.readv(descriptor, [view[filled:]])
        if not got:
            raise WireClosedError("the connection closed inside a frame")
        filled += got
    return body
