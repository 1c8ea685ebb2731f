"""The worker: runs a submission's functions and answers with data, never with a verdict.

It lives in the jail, beside the student's code, and nothing that it says is believed: the trusted
side checks every answer. What it does carefully, it does for honest students.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..wire import frames
from ..wire.decoder import Decoder
from ..wire.encoder import encode, mark
from .loading import Functions, MissingError, Report, Submission, tell
from .served import Peer

MAX_WARNINGS = 20


class Worker:
    """Answers calls, one after the other, until the connection closes."""

    def __init__(
        self,
        pipes: tuple[int, int],
        folder: str,
        package: str,
        served: tuple[Peer, Mapping[str, Functions]] | None,
    ) -> None:
        self.inbox, self.outbox = pipes
        self.folder = folder
        self.peer = served[0] if served else None
        self.submission = Submission(folder, package, served[1] if served else {})
        self.streams = (sys.stdout, sys.stderr)
        self.warnings: list[str] = []
        self.objects: dict[int, Any] = {}  # opaque results of the running check, by handle
        self.made = 0
        self._targets: dict[str, tuple[Any, str, tuple[str, ...]]] = {}
        self.check = -1
        warnings.simplefilter("always")
        warnings.showwarning = self._warned

    def serve(self) -> None:
        """Answer until the trusted side is gone; nothing of the student's runs after that."""
        while True:
            try:
                frame = frames.read_frame(self.inbox)
            except frames.WireError:
                os._exit(0)
            reply = self.answer(frame)
            for stream in self.streams:
                try:
                    stream.flush()
                except BaseException:
                    continue
            frames.write_frame(self.outbox, reply)

    def answer(self, frame: bytes | bytearray) -> bytes:
        """One request's reply."""
        number = 0
        try:
            decoder = Decoder(frame, self._resolve, owned=True)
            number, check, target, count, names = decoder.value()
            if check != self.check:
                self.check = check
                self.objects.clear()
                if self.peer is not None:
                    self.peer.check = check
            self.warnings.clear()
            return self._call(decoder, number, target, count, names)
        except MissingError as error:
            return encode([("missing", number, str(error))])
        except _FailedImportError as error:
            return self._raised(number, error.report)
        except BaseException as error:
            return self._raised(number, tell(error, self.folder))

    def _raised(self, number: int, report: Report) -> bytes:
        return encode([("raised", number, *report, tuple(self.warnings))])

    def _call(
        self,
        decoder: Decoder,
        number: int,
        target: str,
        count: int,
        names: tuple[str, ...],
    ) -> bytes:
        values = decoder.rest()
        function, name, returns = self._targets.get(target) or self._find(target)
        result = function(*values[:count], **dict(zip(names, values[count:], strict=True)))
        if len(returns) == 1:
            parts: tuple[Any, ...] = (result,)
        elif isinstance(result, tuple) and len(result) == len(returns):
            parts = result
        else:
            got = f"a tuple of {len(result)}" if type(result) is tuple else mark(result, "")
            text = got if isinstance(got, str) else got.type_name
            message = f"{name} returned {text}; expected {len(returns)} values"
            return encode([("structure", number, message)])
        parts = tuple(
            self._keep(part) if role == "opaque" else part
            for role, part in zip(returns, parts, strict=True)
        )
        mutated = tuple(
            f"argument {k + 1 if k < count else names[k - count]}" for k in decoder.changed(values)
        )
        head = ("value", number, mutated, tuple(self.warnings))
        try:
            return encode([head, *parts], mark)
        except frames.WireError as error:
            part = frames.Unsupported(type(result).__name__[:100], str(error)[:200])
            return encode([head, *(part if role == "value" else None for role in returns)])

    def _find(self, target: str) -> tuple[Any, str, tuple[str, ...]]:
        """The function behind `module.name:parts of its result`, imported if need be."""
        path, _, returns = target.partition(":")
        module, _, name = path.partition(".")
        try:
            function = self.submission.find(module, name)
        except MissingError:
            failure = self.submission.failure(module)
            if failure is None:
                raise
            raise _FailedImportError(failure) from None
        self._targets[target] = function, name, tuple(returns.split(","))
        return self._targets[target]

    def _keep(self, value: Any) -> frames.Handle:
        self.made += 1
        self.objects[self.made] = value
        return frames.Handle(self.made)

    def _resolve(self, value: Any) -> Any:
        if type(value) is frames.Handle:
            return self.objects[value.number]
        if type(value) is frames.Seed:
            return np.random.default_rng(value.seed)
        return value

    def _warned(
        self, message: Any, category: Any, filename: str, lineno: int, *_: Any, **__: Any
    ) -> None:
        """Keep a warning as text, with the student's innermost line where there is one."""
        if len(self.warnings) >= MAX_WARNINGS:
            return
        frame = sys._getframe(1)
        own = self.folder + "/"
        while not filename.startswith(own) and frame is not None:
            if frame.f_code.co_filename.startswith(own):
                filename, lineno = frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        place = f" ({filename.rpartition('/')[2]}, line {lineno})"
        text = f"{category.__name__}: {str(message)[:300]}{place}"
        if text not in self.warnings:
            self.warnings.append(text)


class _FailedImportError(Exception):
    """A module failed to import, earlier, and was filled from the reference."""

    def __init__(self, report: Report) -> None:
        super().__init__(report[1])
        self.report = report
