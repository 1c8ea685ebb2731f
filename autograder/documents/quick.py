"""Readers of plain data that is as it should be, made once a type: a term's results are read often.

They say only that something is not as it should be (`Unfit`); `schema.py` then reads the same data
step by step, and knows how to say what, where, and what was expected.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Literal

Reader = Callable[[Any], Any]


class Unfit(Exception):
    """The data do not fit the type, or are not read here."""


def read(kind: Any, data: object) -> Any:
    """`data` as a value of a type. Raises Unfit."""
    return _reader(kind)(data)


@functools.cache
def _reader(kind: Any) -> Reader:
    if kind is Any or kind is object:
        return lambda data: data
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _Table(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return _choice(arguments)
    if origin is tuple:
        return _row(_reader(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_reader(arguments[1]))
    if kind is datetime:
        return _moment
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    return _scalar(kind)


class _Table:
    """A dataclass. What its fields are read by is found when it is first used."""

    def __init__(self, cls: type) -> None:
        self.cls = cls

    @functools.cached_property
    def readers(self) -> dict[str, Reader]:
        hints = typing.get_type_hints(self.cls)
        return {field.name: _reader(hints[field.name]) for field in dataclasses.fields(self.cls)}

    def __call__(self, data: Any) -> Any:
        if type(data) is not dict:
            raise Unfit
        readers = self.readers
        try:
            return self.cls(**{name: readers[name](item) for name, item in data.items()})
        except (KeyError, TypeError) as error:  # a key too many or too few
            raise Unfit from error


def _union(kinds: tuple[Any, ...]) -> Reader:
    """One type or nothing; others are read step by step."""
    inner = [_reader(kind) for kind in kinds if kind is not type(None)]
    if len(inner) != 1 or len(kinds) != 2:
        return _unfit
    one = inner[0]
    return lambda data: None if data is None else one(data)


def _unfit(_data: object) -> Any:
    raise Unfit


def _choice(choices: tuple[Any, ...]) -> Reader:
    def choice(data: Any) -> Any:
        if data not in choices:
            raise Unfit
        return data

    return choice


def _row(inner: Reader) -> Reader:
    def row(data: Any) -> Any:
        if type(data) not in (list, tuple):
            raise Unfit
        return tuple(map(inner, data))

    return row


def _mapping(inner: Reader) -> Reader:
    def mapping(data: Any) -> Any:
        if type(data) is not dict:
            raise Unfit
        return {name: inner(item) for name, item in data.items()}

    return mapping


def _moment(data: Any) -> datetime:
    if isinstance(data, datetime):
        return data
    try:
        return datetime.fromisoformat(str(data))
    except ValueError as error:
        raise Unfit from error


def _enum(kind: type[Enum]) -> Reader:
    def enum(data: Any) -> Enum:
        try:
            return kind(data)
        except ValueError as error:
            raise Unfit from error

    return enum


def _scalar(kind: Any) -> Reader:
    def scalar(data: Any) -> Any:
        if type(data) is kind:
            return data
        if kind is float and type(data) is int:
            return float(data)
        raise Unfit

    return scalar
