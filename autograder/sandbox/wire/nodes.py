"""The nodes of a form: each builds a value from a frame's bytes, and knows it again.

A node's data lie behind `frame.start`, where those of the value that it is a part of begin.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

import numpy as np

from .frames import DTYPES, ITEM_BYTES, STREAM_BYTES, Stream, WireError

U64 = struct.Struct("<Q")


class Frame(Protocol):
    """What nodes need of a frame that is being read."""

    body: bytes | bytearray
    start: int
    owned: bool

    def resolved(self, value: Any) -> Any:
        """What stands for something that is not data."""


class Node:
    """A value's form."""

    __slots__ = ()
    stands_in = False
    """Whether a part of the value is no data."""

    def build(self, frame: Frame) -> Any:
        """The value."""
        raise NotImplementedError

    def same(self, frame: Frame, value: Any) -> bool:
        """Whether a value is what `build` gave, in type and content."""
        raise NotImplementedError


class ArrayNode(Node):
    __slots__ = ("at", "dtype", "end", "shape", "truth")

    def __init__(self, code: int, shape: tuple[int, ...], at: int, end: int) -> None:
        self.dtype, self.truth = DTYPES[code], code == 0
        self.shape, self.at, self.end = shape, at, end

    def build(self, frame: Frame) -> Any:
        if self.at == self.end:
            return np.zeros(self.shape, self.dtype)
        array: Any = np.ndarray(self.shape, self.dtype, frame.body, frame.start + self.at)
        if self.truth and array.view(np.uint8).max() > 1:
            raise WireError("a truth value that is neither 0 nor 1")
        return array.copy() if frame.owned else array

    def same(self, frame: Frame, value: Any) -> bool:
        return (
            type(value) is np.ndarray
            and value.shape == self.shape
            and value.dtype == self.dtype
            and value.tobytes() == frame.body[frame.start + self.at : frame.start + self.end]
        )


class NumberNode(Node):
    __slots__ = ("at", "kind", "packed")

    def __init__(self, kind: type, packed: struct.Struct, at: int) -> None:
        self.kind, self.packed, self.at = kind, packed, at

    def build(self, frame: Frame) -> Any:
        return self.packed.unpack_from(frame.body, frame.start + self.at)[0]

    def same(self, frame: Frame, value: Any) -> bool:
        if type(value) is not self.kind:
            return False
        before = self.build(frame)
        return bool(value == before) or (value != value and before != before)


class ConstantNode(Node):
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def build(self, frame: Frame) -> Any:  # noqa: ARG002  (the same for all frames)
        return self.value

    def same(self, frame: Frame, value: Any) -> bool:  # noqa: ARG002
        return type(value) is type(self.value) and bool(value == self.value)


class ScalarNode(Node):
    __slots__ = ("at", "dtype", "end")

    def __init__(self, code: int, at: int) -> None:
        self.dtype, self.at, self.end = DTYPES[code], at, at + ITEM_BYTES[code]

    def build(self, frame: Frame) -> Any:
        item = self._item(frame)
        if self.dtype == bool and item > b"\1":
            raise WireError("a truth value that is neither 0 nor 1")
        return np.frombuffer(item, self.dtype)[0]

    def same(self, frame: Frame, value: Any) -> bool:
        return type(value) is self.dtype.type and value.tobytes() == self._item(frame)

    def _item(self, frame: Frame) -> bytes:
        return bytes(frame.body[frame.start + self.at : frame.start + self.end])


class TableNode(Node):
    __slots__ = ("items", "stands_in")

    def __init__(self, items: list[tuple[str, Node]]) -> None:
        self.items = items
        self.stands_in = any(node.stands_in for _, node in items)

    def build(self, frame: Frame) -> Any:
        return {key: node.build(frame) for key, node in self.items}

    def same(self, frame: Frame, value: Any) -> bool:
        """The order of its keys does not count."""
        if type(value) is not dict or len(value) != len(self.items):
            return False
        return all(key in value and node.same(frame, value[key]) for key, node in self.items)


class SequenceNode(Node):
    __slots__ = ("items", "kind", "stands_in")

    def __init__(self, kind: Any, items: list[Node]) -> None:
        self.kind, self.items = kind, items
        self.stands_in = any(node.stands_in for node in items)

    def build(self, frame: Frame) -> Any:
        return self.kind([node.build(frame) for node in self.items])

    def same(self, frame: Frame, value: Any) -> bool:
        if type(value) is not self.kind or len(value) != len(self.items):
            return False
        return all(node.same(frame, item) for node, item in zip(self.items, value, strict=True))


class StandInNode(Node):
    """A dtype, a marker, or what stays where it was made."""

    __slots__ = ("at", "kind", "value")
    stands_in = True

    def __init__(self, kind: Any, at: int = -1, value: Any = None) -> None:
        self.kind, self.at, self.value = kind, at, value

    def build(self, frame: Frame) -> Any:
        if self.kind is None:
            return frame.resolved(self.value)
        if self.kind is Stream:
            at = frame.start + self.at
            return frame.resolved(Stream(bytes(frame.body[at : at + STREAM_BYTES])))
        return frame.resolved(self.kind(U64.unpack_from(frame.body, frame.start + self.at)[0]))
