"""The trusted side of a zygote: start it, order forks, learn how workers ended."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import KitError
from autograder.sandbox.outside import start
from autograder.sandbox.wire.decoder import decode
from autograder.sandbox.wire.encoder import encode
from autograder.sandbox.wire.frames import WireError

START_SECONDS = 60.0
ANSWER_SECONDS = 20.0
MAX_ANSWER = 2**16


class SandboxFault(KitError):
    """The sandbox itself failed; no submission is to blame."""


@dataclass(frozen=True)
class Ending:
    """How a worker ended: wait status, CPU seconds, largest resident size in bytes."""

    status: int
    cpu_seconds: float
    peak_bytes: int


class ZygoteHost:
    """One zygote process. `reference` is the folder it serves from, or None."""

    def __init__(
        self, reference: Path | None = None, modules: Sequence[str] = (), *, namespaces: bool = True
    ) -> None:
        started = start.take()
        self._link, self._process = started.link, started.process
        settings = {
            "reference": str(reference.resolve()) if reference else None,
            "modules": list(modules),
            "namespaces": namespaces,
        }
        self._link.settimeout(START_SECONDS)
        self._ready = False
        self._namespaces_missing = ""
        with contextlib.suppress(OSError):  # where it has died, that is told when it is asked
            self._link.send(encode([settings]))

    def fork(self, settings: dict[str, Any], descriptors: Sequence[int]) -> int:
        """A fresh jailed child with these descriptors; its process id."""
        kind, pid = self._ask(("fork", settings), descriptors)
        if kind != "forked" or type(pid) is not int:
            raise SandboxFault("the sandbox's fork server gave a strange answer")
        return pid

    def end(self, pid: int) -> Ending:
        """Kill a child, and everything that it started."""
        _, status, cpu_seconds, peak = self._ask(("end", pid), ())
        return Ending(status, cpu_seconds, peak)

    def _ask(self, order: tuple[Any, ...], descriptors: Sequence[int]) -> tuple[Any, ...]:
        self._wait_ready()
        try:
            socket.send_fds(self._link, [encode([order])], list(descriptors))
            answer: tuple[Any, ...] = decode(self._link.recv(MAX_ANSWER) or self._gone())[0]
        except (OSError, WireError):
            self._gone()
        return answer

    @property
    def namespaces_missing(self) -> str:
        """Why this zygote could not leave the machine's namespaces, or nothing."""
        self._wait_ready()
        return self._namespaces_missing

    @property
    def answers(self) -> bool:
        """Whether an answer waits to be read, or the zygote has ended."""
        waiting = select.poll()
        waiting.register(self._link, select.POLLIN)
        return bool(waiting.poll(0))

    def _wait_ready(self) -> None:
        if self._ready:
            return
        try:
            answer = decode(self._link.recv(MAX_ANSWER) or self._gone())[0]
        except (OSError, WireError):
            self._gone()
        self._namespaces_missing = str(answer[1])
        self._ready = True
        self._link.settimeout(ANSWER_SECONDS)

    def _gone(self) -> Any:
        self._process.kill()
        stream = self._process.stderr
        error = stream.read() if stream and not stream.closed else b""
        lines = error.decode("utf-8", "replace").strip().splitlines()
        raise SandboxFault(
            "the sandbox's fork server ended" + (f": {lines[-1]}" if lines else "")
        ) from None

    @property
    def alive(self) -> bool:
        """Whether the zygote process runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the zygote; with its link closed it kills what it started."""
        self._link.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            with contextlib.suppress(OSError):
                self._process.stderr.close()

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._link.detach())
