"""The trusted side's end of the line to a worker: frames out, frames in, the log drained.

Two pipes, not a socket: the kernel then wakes the other side on the same processor, which makes a
small call ten times faster on a machine with several.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable

from autograder.sandbox.wire.frames import LENGTH, WireClosedError, WireError, frame_length

TICK_MS = 20
CHUNK = 2**18


class Channel:
    """Never blocks for longer than a tick without asking `watch`, which raises to give up."""

    def __init__(
        self, calls: int, answers: int, log: int, *, log_bytes: int, frame_bytes: int
    ) -> None:
        self._calls = calls
        self._answers = answers
        self._log = log
        self._frame_bytes = frame_bytes
        self._room = log_bytes
        self.log = bytearray()
        os.set_blocking(calls, False)
        os.set_blocking(log, False)
        self._incoming = select.poll()
        self._incoming.register(answers, select.POLLIN)
        self._incoming.register(log, select.POLLIN)

    def exchange(self, body: bytes, watch: Callable[[], None]) -> bytes | bytearray:
        """Send a frame and wait for the answer's frame."""
        if len(body) > self._frame_bytes:
            raise WireError(f"a frame of {len(body)} bytes; {self._frame_bytes} are allowed")
        self._send(LENGTH.pack(len(body)) + body, watch)
        return self.receive(watch)

    def _send(self, data: bytes, watch: Callable[[], None]) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._calls, view) :]
            except BlockingIOError:
                outgoing = select.poll()
                outgoing.register(self._calls, select.POLLOUT)
                outgoing.poll(TICK_MS)
                self.drain()
                watch()
            except OSError as error:
                raise WireClosedError(f"the worker is gone ({error.strerror})") from None

    def receive(self, watch: Callable[[], None]) -> bytes | bytearray:
        """Wait for one frame."""
        data: bytes | bytearray = self._some(watch)
        while len(data) < 4:
            watch()  # also here: bytes may drip for ever
            data += self._some(watch)
        length = frame_length(data, self._frame_bytes)
        if len(data) < 4 + length:
            data = bytearray(data)
            while len(data) < 4 + length:
                watch()
                data += self._some(watch)
        if len(data) > 4 + length:
            raise WireError("more bytes than the one answer that was asked for")
        if isinstance(data, bytearray):
            del data[:4]  # in place: no second copy of a large frame
            return data
        return data[4:]

    def _some(self, watch: Callable[[], None]) -> bytes:
        """Wait for bytes of the answer, draining the log meanwhile."""
        while True:
            events = self._incoming.poll(TICK_MS)
            for descriptor, _ in events:
                if descriptor == self._answers:
                    data = os.read(self._answers, CHUNK)
                    if not data:
                        raise WireClosedError("the worker closed the connection")
                    return data
                if not self.drain():
                    self._incoming.unregister(self._log)
            watch()

    def drain(self) -> bool:
        """Take what the student's code printed; False when nobody can print any more."""
        try:
            data = os.read(self._log, 65536)
        except BlockingIOError:
            return True
        self.log += data[: max(self._room, 0)]
        self._room -= len(data)
        return bool(data)

    def close(self) -> None:
        """Drain what is left of the log, and let go."""
        for _ in range(64):
            before = self._room
            if not self.drain() or self._room == before:
                break
        for descriptor in (self._calls, self._answers, self._log):
            os.close(descriptor)
