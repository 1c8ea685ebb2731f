"""Commands in processes of their own that need not import everything anew.

A server imports what a command needs and waits; each command is a fork of it, with its own
arguments, environment, folder and output, and ends as `python -m` would have let it end.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MOST = 2**20  # bytes of an order


class Running:
    """A command at work, with what `subprocess.Popen` has."""

    stdin = stdout = stderr = None

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.returncode: int | None = None
        self.pid = self._number(None)

    def _number(self, seconds: float | None) -> int:
        self._line.settimeout(seconds)
        answer = self._line.recv(100)
        if not answer:
            raise RuntimeError("the server of commands has died")
        return int(answer)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; TimeoutError if it still runs then."""
        if self.returncode is None:
            self.returncode = self._number(timeout)
        return self.returncode

    def poll(self) -> int | None:
        """Its exit code if it has ended."""
        with contextlib.suppress(BlockingIOError):
            return self.wait(0)
        return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Warm:
    """A server of commands, started when it is first asked."""

    def __init__(self, imports: Sequence[str]) -> None:
        self.imports = list(imports)
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self, arguments: Sequence[object], environment: Mapping[str, str], folder: Path, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m arguments`. What Python itself reads at its start needs a new process."""
        words = [str(word) for word in arguments]
        if self._process is None:
            self._start(environment)
        if python(environment) != self._python:
            command = [sys.executable, "-m", *words]
            return subprocess.run(
                command, env=environment, cwd=folder, capture_output=True, text=True, **more
            )
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            running = self._ask(words, environment, folder, out.fileno(), err.fileno(), False)
            status = running.wait(more.get("timeout"))
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode().replace("\r\n", "\n"))
        return subprocess.CompletedProcess(words, status, *texts)

    def start(
        self, arguments: Sequence[object], environment: Mapping[str, str], folder: Path
    ) -> Running:
        """Start one whose output nobody reads; it leads a group of processes of its own.

        The next may start when it has ended.
        """
        if self._process is None:
            self._start(environment)
        with Path(os.devnull).open("wb") as null:
            words = [str(word) for word in arguments]
            return self._ask(words, environment, folder, null.fileno(), null.fileno(), True)

    def _ask(
        self,
        words: list[str],
        environment: Mapping[str, str],
        folder: Path,
        out: int,
        err: int,
        leads: bool,
    ) -> Running:
        """leads: whether it leads a group of processes of its own."""
        order = json.dumps([words, dict(environment), str(folder), leads]).encode()
        socket.send_fds(self._line, [order], [out, err])
        return Running(self._line)

    def _start(self, environment: Mapping[str, str]) -> None:
        self._python = python(environment)
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.warm", str(theirs.fileno()), *self.imports]
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def close(self) -> None:
        """End it; a command that still runs is not waited for."""
        if self._process is not None:
            self._line.close()
            self._process.wait(10)


def python(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that Python reads before any command does."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


def next_order(line: socket.socket) -> list[str] | None:
    """Serve; in a fork, the words of its command."""
    while True:
        order, descriptors, _, _ = socket.recv_fds(line, MOST, 2)
        if not order:
            return None
        pid = os.fork()
        if not pid:
            words, environment, folder, leads = json.loads(order)
            if leads:
                os.setsid()
            line.send(str(os.getpid()).encode())
            line.close()
            for number, descriptor in zip((1, 2), descriptors, strict=True):
                os.dup2(descriptor, number)
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(folder)
            sys.path[0] = folder
            tempfile.tempdir = None  # another environment may name another
            list(map(os.close, descriptors))
            return list(words)
        list(map(os.close, descriptors))
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):
            line.send(str(os.waitstatus_to_exitcode(status)).encode())


def main(number: str, *imports: str) -> None:
    """Import, and serve until the other end is closed."""
    line = socket.socket(fileno=int(number))
    os.set_inheritable(line.fileno(), False)
    for name in imports:
        importlib.import_module(name)
    words = next_order(line)
    if words is not None:
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
