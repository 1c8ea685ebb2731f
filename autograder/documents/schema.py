"""Reads plain data (TOML tables, JSON documents) into frozen dataclasses, and writes them back.

One reader serves manifests, course.toml and results, so that every one of them answers a slip with
the file, the key, what was expected and, for an unknown key, the nearest known one.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal, TypeVar, cast

from autograder.documents import quick
from autograder.errors import KitError, UsageProblem

T = TypeVar("T")
PLAIN = frozenset((type(None), str, int, float, bool))
KINDS = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}


def decode(cls: type[T], data: object, source: object) -> T:
    """`data` as an instance of the dataclass `cls`; `source` names the file in error messages."""
    try:
        return cast(T, quick.read(cls, data))
    except quick.Unfit:
        return cast(T, _Reader(str(source)).read(cls, data, ""))


def encode(value: Any) -> Any:
    """The plain data of a dataclass, ready for `json.dumps`."""
    if type(value) in PLAIN:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((name, getattr(value, name)) for name in _plan(type(value)).kinds)
        return {name: one if type(one) in PLAIN else encode(one) for name, one in fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def nearest(word: str, known: Iterable[str]) -> str:
    """' (did you mean "points"?)', or nothing where no known word is near."""
    import difflib  # here: it takes a millisecond, and few words are wrong

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{found[0]}"?)' if found else ""


@dataclass(frozen=True)
class _Plan:
    """A dataclass's fields: their types, and the names of those without a default."""

    kinds: Mapping[str, Any]
    required: frozenset[str]


@functools.cache
def _plan(cls: type) -> _Plan:
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)
    missing = dataclasses.MISSING
    return _Plan(
        {field.name: hints[field.name] for field in fields},
        frozenset(
            field.name
            for field in fields
            if field.default is missing and field.default_factory is missing
        ),
    )


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source

    def read(self, kind: Any, data: object, key: str) -> Any:
        if type(data) is kind and kind in KINDS:
            return data
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if kind is Any or kind is object:
            return data
        if dataclasses.is_dataclass(kind):
            return self._table(cast(type, kind), data, key)
        if origin in (typing.Union, types.UnionType):
            return self._union(arguments, data, key)
        if origin is Literal:
            return self._choice(arguments, data, key)
        if origin is tuple:
            if not isinstance(data, (list, tuple)):
                self._refuse(key, "a list", data)
            return tuple(
                self.read(arguments[0], item, f"{key}[{number}]")
                for number, item in enumerate(cast("list[object]", data), 1)
            )
        if isinstance(origin, type) and issubclass(origin, Mapping):
            if not isinstance(data, Mapping):
                self._refuse(key, "a table", data)
            table = cast("Mapping[str, object]", data)
            return {
                name: self.read(arguments[1], item, _join(key, name))
                for name, item in table.items()
            }
        return self._scalar(kind, data, key)

    def _table(self, cls: type, data: object, key: str) -> Any:
        if not isinstance(data, Mapping):
            self._refuse(key, "a table", data)
        table = cast("Mapping[str, object]", data)
        plan = _plan(cls)
        for name in table:
            if name not in plan.kinds:
                hint = nearest(name, plan.kinds)
                raise UsageProblem(
                    f'{self.source}: unknown key "{_join(key, name)}"{hint}. '
                    f"Known here: {', '.join(plan.kinds)}."
                )
        for name in plan.kinds:
            if name in plan.required and name not in table:
                raise UsageProblem(f'{self.source}: the key "{_join(key, name)}" is missing.')
        return cls(
            **{
                name: self.read(plan.kinds[name], item, _join(key, name))
                for name, item in table.items()
            }
        )

    def _union(self, kinds: tuple[Any, ...], data: object, key: str) -> Any:
        if data is None and type(None) in kinds:
            return None
        inner = [kind for kind in kinds if kind is not type(None)]
        for kind in inner[:-1]:
            try:
                return self.read(kind, data, key)
            except KitError:
                continue
        return self.read(inner[-1], data, key)

    def _choice(self, choices: tuple[Any, ...], data: object, key: str) -> Any:
        if data not in choices:
            wanted = " or ".join(f'"{choice}"' for choice in choices)
            self._refuse(key, wanted, data)
        return data

    def _scalar(self, kind: Any, data: object, key: str) -> Any:
        if kind is datetime:
            return self._moment(data, key)
        if isinstance(kind, type) and issubclass(kind, Enum):
            try:
                return kind(data)
            except ValueError:
                self._refuse(key, " or ".join(f'"{one.value}"' for one in kind), data)
        if kind is float and type(data) is int:
            return float(data)
        if type(data) is not kind:
            self._refuse(key, KINDS.get(kind, str(kind)), data)
        return data

    def _moment(self, data: object, key: str) -> datetime:
        if isinstance(data, datetime):
            return data
        try:
            return datetime.fromisoformat(str(data))
        except ValueError:
            self._refuse(key, "a date and time such as 2027-01-18T23:59:00", data)

    def _refuse(self, key: str, expected: str, data: object) -> typing.NoReturn:
        found = repr(data)
        found = found if len(found) <= 60 else found[:57] + "..."
        place = f'"{key}"' if key else "the document"
        raise UsageProblem(f"{self.source}: {place} should be {expected}, found {found}.")


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
