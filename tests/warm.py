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
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MOST = 2**20  # bytes of an order


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
            order = json.dumps([words, dict(environment), str(folder)]).encode()
            socket.send_fds(self._line, [order], [out.fileno(), err.fileno()])
            self._line.settimeout(more.get("timeout"))
            answer = self._line.recv(100)
            if not answer:
                raise RuntimeError("the server of commands has died")
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode().replace("\r\n", "\n"))
        return subprocess.CompletedProcess(words, int(answer), *texts)

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
            line.close()
            words, environment, folder = json.loads(order)
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
