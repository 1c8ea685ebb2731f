"""What a frame says before its bytes of data: the forms of its values, each read once and kept.

A form is a tree of nodes, which build the value from the frame's data.
"""

from __future__ import annotations

import struct
from typing import Any

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
    padded,
)
from .nodes import (
    ArrayNode,
    ConstantNode,
    Node,
    NumberNode,
    ScalarNode,
    SequenceNode,
    StandInNode,
    TableNode,
)

MAX_KEPT = 256  # forms that are kept
MAX_KEPT_NODES, MAX_KEPT_BYTES = 512, 2**14  # of one of these: texts of students are part of it

_SHAPE = tuple(struct.Struct(f"<{n}Q") for n in range(MAX_DIMENSIONS + 1))
_U32 = struct.Struct("<I")
_Q = struct.Struct("<q")
_D = struct.Struct("<d")


class Form:
    """The form of one value, and what its data take in a frame."""

    __slots__ = ("node", "nodes", "size")

    def __init__(self, text: bytes) -> None:
        """Parse it. Raises WireError where it says nothing sound."""
        reader = _Reader(text)
        try:
            self.node = reader.node(0)
        except (struct.error, IndexError, ValueError, OverflowError) as error:
            raise WireError(f"a malformed frame ({type(error).__name__})") from None
        if reader.position != len(text):
            raise WireError("a form with something behind it")
        self.size = reader.at
        self.nodes = reader.nodes


_kept: dict[bytes, Form] = {}
_together: dict[bytes, tuple[list[Form], int]] = {}  # all forms of a frame, and its length


def forms_of(body: bytes | bytearray) -> tuple[list[Form], int]:
    """The forms of a frame's values, whose data fill the rest of it, and where those begin."""
    if len(body) < _U32.size:
        raise WireError("a frame without forms")
    end = _U32.size + _U32.unpack_from(body)[0]
    if end > len(body):
        raise WireError("forms larger than their frame")
    said = bytes(body[_U32.size : end])
    found = _together.get(said)
    if found is None:
        found = _read_forms(said)
        _keep(_together, said, sum(form.nodes for form in found[0]), found)
    if found[1] != len(body):
        raise WireError("a frame whose data don't fit its forms")
    return found[0], padded(end)


def _read_forms(said: bytes) -> tuple[list[Form], int]:
    found, position, nodes = [], 0, 0
    length = padded(_U32.size + len(said))
    while position < len(said):
        begin = position + _U32.size
        if begin > len(said):
            raise WireError("a frame that ends too early")
        position = begin + _U32.unpack_from(said, begin - _U32.size)[0]
        if position > len(said):
            raise WireError("a form larger than its frame")
        form = _form(said[begin:position])
        nodes += form.nodes
        if nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES} values in one frame")
        length += form.size
        found.append(form)
    return found, length


def _keep(kept: dict[bytes, Any], text: bytes, nodes: int, value: Any) -> None:
    """Keep what a text says, unless it is large."""
    if nodes <= MAX_KEPT_NODES and len(text) <= MAX_KEPT_BYTES:
        if len(kept) >= MAX_KEPT:
            kept.clear()
        kept[text] = value


def _form(text: bytes) -> Form:
    """The form that a text says."""
    form = _kept.get(text)
    if form is None:
        form = Form(text)
        _keep(_kept, text, form.nodes, form)
    return form


class _Reader:
    """Reads a form's text; `at` is where the next data begin behind the start of the value's."""

    __slots__ = ("at", "nodes", "position", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.position = self.at = self.nodes = 0

    def node(self, depth: int) -> Node:
        tag = self.text[self.position]
        self.position += 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES} values in one frame")
        if tag == 97:  # a
            return self._array()
        if tag == 100:  # d
            return NumberNode(float, _D, self._data(8))
        if tag == 105:  # i
            return NumberNode(int, _Q, self._data(8))
        if tag == 115:  # s
            return ConstantNode(self._text())
        if tag == 78:  # N
            return ConstantNode(None)
        if tag == 84 or tag == 70:  # T, F
            return ConstantNode(tag == 84)
        if tag == 109:  # m
            return self._table(depth)
        if tag == 116 or tag == 108:  # t, l
            count = self._container(depth)
            kind = tuple if tag == 116 else list
            return SequenceNode(kind, [self.node(depth + 1) for _ in range(count)])
        return self._rare(tag)

    def _data(self, size: int) -> int:
        at = self.at
        self.at += padded(size)
        return at

    def _array(self) -> Node:
        code, ndim = self.text[self.position], self.text[self.position + 1]
        if code >= len(DTYPES) or ndim > MAX_DIMENSIONS:
            raise WireError("an array of an unknown kind")
        shape = _SHAPE[ndim].unpack_from(self.text, self.position + 2)
        self.position += 2 + 8 * ndim
        count = 1
        for length in shape:
            count *= length
        if not count and max(shape) > MAX_LENGTH:
            raise WireError("an array larger than its frame")
        size = count * ITEM_BYTES[code]
        at = self._data(size)
        return ArrayNode(code, shape, at, at + size)

    def _take(self, count: int) -> bytes:
        start = self.position
        if count > len(self.text) - start:
            raise WireError("a frame that ends too early")
        self.position = start + count
        return self.text[start : start + count]

    def _count(self) -> int:
        count: int = _U32.unpack(self._take(_U32.size))[0]
        if count > len(self.text) - self.position:
            raise WireError("a count larger than its frame")
        return count

    def _text(self) -> str:
        return self._take(self._count()).decode()

    def _container(self, depth: int) -> int:
        if depth >= MAX_DEPTH:
            raise WireError(f"nested more than {MAX_DEPTH} deep")
        return self._count()

    def _table(self, depth: int) -> Node:
        items = [(self._text(), self.node(depth + 1)) for _ in range(self._container(depth))]
        if len(dict(items)) != len(items):
            raise WireError("a key that comes twice")
        return TableNode(items)

    def _rare(self, tag: int) -> Node:
        if tag == 99:  # c
            code = self._take(1)[0]
            return ScalarNode(code, self._data(ITEM_BYTES[code]))
        if tag == 89 or tag == 121:  # Y, y
            dtype = DTYPES[self._take(1)[0]]
            return StandInNode(None, value=dtype.type if tag == 89 else dtype)
        if tag == 85:  # U
            name = self._text()
            if self._take(1) != b"s":
                raise WireError("a marker without its detail")
            return StandInNode(None, value=Unsupported(name, self._text()))
        if tag == 104 or tag == 103:  # h, g
            return StandInNode(Handle if tag == 104 else Seed, self._data(8))
        if tag == 114:  # r
            return StandInNode(Stream, self._data(STREAM_BYTES))
        raise WireError(f"an unknown tag ({tag})")
