"""The server: runs the reference's functions for one worker, in a jail of its own.

Which functions it gives was fixed by the trusted side when it was forked; a worker can ask for
nothing else. What the worker sends was chosen by a student: it is bounded, and meets nothing here
but the reference.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..wire import frames
from ..wire.decoder import Decoder
from ..wire.encoder import encode
from .streams import from_stream, get_stream

MAX_CACHES = 10_000


class RefusedError(Exception):
    """The worker asked for more than it may have."""


class Server:
    """Answers a worker until it goes, or until it has asked too often."""

    def __init__(
        self,
        pipes: tuple[int, int],
        package: str,
        served: Mapping[str, tuple[str, tuple[str, ...]]],
        max_calls: int,
    ) -> None:
        self.inbox, self.outbox = pipes
        self.functions = {
            name: (getattr(sys.modules[f"{package}.{module}"], name), returns)
            for name, (module, returns) in served.items()
        }
        self.calls_left = max_calls
        self.objects: dict[int, Any] = {}
        self.made = 0
        self.check = -1
        self.streams: list[np.random.Generator] = []

    def serve(self) -> None:
        """Answer until the worker is gone."""
        while True:
            try:
                frame = frames.read_frame(self.inbox)
                self.calls_left -= 1
                if self.calls_left < 0:
                    os._exit(0)
                frames.write_frame(self.outbox, self.answer(frame))
            except frames.WireError:
                os._exit(0)

    def answer(self, frame: bytes | bytearray) -> bytes:
        """One call's reply: the parts of its result, or what it raised."""
        self.streams = []
        try:
            return self._call(Decoder(frame, self._resolve))
        except MemoryError:
            self.objects.clear()
            return encode([("raised", "MemoryError", "not enough memory")])
        except Exception as error:
            return encode([("raised", type(error).__name__, str(error)[:500])])

    def _call(self, decoder: Decoder) -> bytes:
        check, name, count, names = decoder.value()
        if check != self.check:
            self.check = check
            self.objects.clear()
        if name not in self.functions:
            raise RefusedError("this function is not served")
        function, returns = self.functions[name]
        values = decoder.rest()
        result = function(*values[:count], **dict(zip(names, values[count:], strict=True)))
        parts = (result,) if len(returns) == 1 else result
        kept = [
            self._keep(part) if role == "opaque" else part
            for role, part in zip(returns, parts, strict=True)
        ]
        states = tuple(frames.Stream(get_stream(stream)) for stream in self.streams)
        return encode([("value", states), *kept])

    def _keep(self, value: Any) -> frames.Handle:
        if len(self.objects) >= MAX_CACHES:
            raise RefusedError(f"more than {MAX_CACHES} caches in one check")
        self.made += 1
        self.objects[self.made] = value
        return frames.Handle(self.made)

    def _resolve(self, value: Any) -> Any:
        if type(value) is frames.Handle:
            if value.number not in self.objects:
                raise RefusedError("this cache is not kept any more")
            return self.objects[value.number]
        if type(value) is frames.Stream:
            self.streams.append(from_stream(value.state))
            return self.streams[-1]
        return value
