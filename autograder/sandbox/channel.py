"""The trusted side's end of the line to a worker: frames out, frames in, the log drained."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable

from autograder.sandbox.wire import LENGTH, WireClosedError, WireError, frame_length

TICK_MS = 20
CHUNK = 2**18


class Channel:
    """Never blocks for longer than a tick without asking `watch`, which raises to give up."""

    def __init__(self, line: socket.socket, log: int, log_bytes: int, frame_bytes: int) -> None:
        self._line = line
        self._log = log
        self._frame_bytes = frame_bytes
        self._room = log_bytes
        self.log = bytearray()
        self.log_cut = False
        line.setblocking(False)
        os.set_blocking(log, False)
        self._poll = select.poll()
        self._poll.register(line, select.POLLIN)
        self._poll.register(log, select.POLLIN)

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
                view = view[self._line.send(view) :]
            except BlockingIOError:
                self._poll.modify(self._line, select.POLLIN | select.POLLOUT)
                self._wait(watch)
                self._poll.modify(self._line, select.POLLIN)
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
        return data[4:]

    def _some(self, watch: Callable[[], None]) -> bytes:
        while True:
            try:
                data = self._line.recv(CHUNK)
            except BlockingIOError:
                self._wait(watch)
                continue
            except OSError as error:
                raise WireClosedError(f"the worker is gone ({error.strerror})") from None
            if not data:
                raise WireClosedError("the worker closed the connection")
            return data

    def _wait(self, watch: Callable[[], None]) -> None:
        """Sleep until there is something to do, draining the log meanwhile."""
        events = self._poll.poll(TICK_MS)
        if not events:
            watch()
        for descriptor, event in events:
            if descriptor == self._log:
                if not self.drain():
                    self._poll.unregister(self._log)
                watch()
            elif event & select.POLLNVAL:
                raise WireClosedError("the connection is closed")

    def drain(self) -> bool:
        """Take what the student's code printed; False when nobody can print any more."""
        try:
            data = os.read(self._log, 65536)
        except BlockingIOError:
            return True
        kept = data[: max(self._room, 0)]
        self._room -= len(data)
        self.log += kept
        self.log_cut = self.log_cut or len(kept) < len(data)
        return bool(data)

    def close(self) -> None:
        """Drain what is left of the log, and let go."""
        for _ in range(64):
            before = self._room
            if not self.drain() or self._room == before:
                break
        self._line.close()
        os.close(self._log)
