"""Served functions, on the worker's side: stand-ins that ask the reference's server.

The server is another jailed process; the two talk over pipes of their own. Its caches stay
there; here they are `ServedCache` objects that can only be handed back.
"""

from __future__ import annotations

import builtins
import functools
import os
import random
import threading
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from ..wire import frames
from ..wire.decoder import Decoder
from ..wire.encoder import encode
from .streams import get_stream, set_stream

_PLACE = "the call"


class ServedCache:
    """A cache that the reference made; only its own functions can read it."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number


class ServedGoneError(RuntimeError):
    """The server of the reference's functions ended."""


class Peer:
    """The line to the server. One call at a time, whichever thread asks."""

    def __init__(self, inbox: int, outbox: int) -> None:
        self._inbox, self._outbox = inbox, outbox
        self._lock = threading.Lock()
        self.check = 0

    def functions(
        self, package: str, served: Mapping[str, tuple[str, tuple[str, ...]]]
    ) -> dict[str, dict[str, Callable[..., Any]]]:
        """Stand-ins for functions (module and parts of the result by name), by module."""
        found: dict[str, dict[str, Callable[..., Any]]] = {}
        for name, (module, returns) in served.items():
            call = functools.partial(self.call, name, returns)
            found.setdefault(f"{package}.{module}", {})[name] = _stand_in(name, call)
        return found

    def call(self, served_name: str, returns: tuple[str, ...], /, *args: Any, **kwargs: Any) -> Any:
        """Ask the server, and raise here what the reference raised there."""
        generators: list[np.random.Generator] = []

        def convert(value: Any, reason: str) -> Any:
            if type(value) is ServedCache:
                return frames.Handle(value._number)
            if type(value) is np.random.Generator:
                generators.append(value)
                return frames.Stream(get_stream(value))
            raise TypeError(f"{served_name}: can't take a {type(value).__name__} ({reason})")

        head = (self.check, served_name, len(args), tuple(kwargs))
        body = encode([head, *args, *kwargs.values()], convert)
        try:
            with self._lock:
                frames.write_frame(self._outbox, body)
                decoder = Decoder(frames.read_frame(self._inbox), _resolve, owned=True)
        except frames.WireError:
            raise ServedGoneError("the reference's functions are not answering any more") from None
        answer = decoder.value()
        if answer[0] == "raised":
            kind = getattr(builtins, answer[1], RuntimeError)
            raise kind(answer[2])
        for generator, state in zip(generators, answer[1], strict=True):
            set_stream(generator, state)
        parts = tuple(decoder.value() for _ in returns)
        return parts[0] if len(parts) == 1 else parts


def _resolve(value: Any) -> Any:
    if type(value) is frames.Handle:
        return ServedCache(value.number)
    return value.state if type(value) is frames.Stream else value


def _template(*args: Any, **kwargs: Any) -> Any:
    call: Any = "the call"
    return call(*args, **kwargs)


def _stand_in(name: str, call: Callable[..., Any]) -> FunctionType:
    """A plain function without a closure, so that its code can take the place of another's."""
    code = _template.__code__
    constants = tuple(call if constant == _PLACE else constant for constant in code.co_consts)
    return FunctionType(code.replace(co_consts=constants, co_name=name), {}, name)


def reseed() -> None:
    """Give a forked process random numbers of its own."""
    random.seed()
    np.random.seed(int.from_bytes(os.urandom(4), "little"))  # noqa: NPY002  (half the time of none)
