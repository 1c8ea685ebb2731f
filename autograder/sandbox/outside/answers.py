"""What a worker said, checked: the trusted side believes nothing that it has not looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checker.contract import OPAQUE, Function
from autograder.checker.finding import cut
from autograder.checker.implementation import CallResult
from autograder.checker.outcome import (
    ImplementationMissing,
    ImplementationRaised,
    ImplementationStopped,
    Opaque,
    Unsupported,
    Verdict,
    WrongStructure,
)
from autograder.sandbox.wire import frames
from autograder.sandbox.wire.decoder import Decoder

MESSAGE = 500
MAX_TEXTS = 40


def read_answer(
    body: bytes | bytearray, function: Function, number: int, worker: int, memory_mb: int
) -> CallResult:
    """The result of call `number`, or the exception that tells how it ended.

    Raises WireError for everything that an honest worker would not have sent.
    """
    reader = _Reader(body, worker)
    head = reader.value()
    if type(head) is not tuple or [type(part) for part in head[:2]] != [str, int]:
        raise frames.WireError("an answer without a head")
    if head[1] != number:
        raise frames.WireError("an answer to another call")
    match head:
        case ("value", _, mutated, warnings):
            parts = tuple(
                reader.handle() if role == OPAQUE else reader.value() for role in function.returns
            )
            reader.finish()
            value = parts[0] if len(parts) == 1 else parts
            return CallResult(value, _arguments(mutated, function), _texts(warnings))
        case ("raised", _, kinds, str(message), str(where), warnings):
            reader.finish()
            _texts(warnings)
            names = _texts(kinds)
            if "MemoryError" in names:
                raise ImplementationStopped(
                    Verdict.OUT_OF_MEMORY,
                    f"needs more memory than the {memory_mb} MB that it may use",
                )
            raise ImplementationRaised(names, clean(message, MESSAGE), clean(where, 240))
        case ("missing", _, str(message)):
            reader.finish()
            raise ImplementationMissing(function.name, clean(message, MESSAGE))
        case ("structure", _, str(message)):
            reader.finish()
            raise WrongStructure(clean(message, MESSAGE))
    raise frames.WireError("an answer of an unknown kind")


class _Reader:
    """Decodes an answer, keeping handles where the contract has them and nowhere else."""

    def __init__(self, body: bytes | bytearray, worker: int) -> None:
        self._decoder = Decoder(body, self._resolve)
        self._worker = worker
        self._handle = False

    def value(self) -> Any:
        return self._decoder.value()

    def handle(self) -> Opaque:
        self._handle = True
        value = self._decoder.value()
        self._handle = False
        if type(value) is not frames.Handle:
            raise frames.WireError("data where a handle was expected")
        return Opaque((self._worker, value.number))

    def finish(self) -> None:
        if not self._decoder.done:
            raise frames.WireError("an answer with something behind it")

    def _resolve(self, value: Any) -> Any:
        if type(value) is frames.Unsupported:
            return Unsupported(clean(value.type_name, 100), clean(value.detail, 200))
        if type(value) is frames.Handle and self._handle:
            return value
        if isinstance(value, type | np.dtype):
            return Unsupported("numpy.dtype")
        raise frames.WireError("a stand-in where data was expected")


def _arguments(value: Any, function: Function) -> tuple[str, ...]:
    """Names of arguments, which students read: an honest worker sends none but these."""
    texts = _texts(value)
    for text in texts:
        name = text.removeprefix("argument ")
        numbered = name.isascii() and name.isdigit() and len(name) <= 2
        if not text.startswith("argument ") or not (numbered or name in function.parameters):
            raise frames.WireError("something else where an argument's name was expected")
    return texts


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not tuple or any(type(text) is not str for text in value):
        raise frames.WireError("something else where texts were expected")
    return tuple(clean(text, MESSAGE) for text in value[:MAX_TEXTS])


def clean(text: str, limit: int) -> str:
    """Text of a student's, capped, with control characters (but line ends) escaped."""
    shown = cut(text, limit)
    if shown.isprintable():
        return shown
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in shown
    )
