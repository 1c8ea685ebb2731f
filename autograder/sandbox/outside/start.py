"""Starts the process that becomes a zygote, ahead of time where that is known to be of use.

It takes a while to import all that workers may need; meanwhile its owner can do the same. Nothing
is imported here that takes long itself, and so no dataclasses either.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

LAUNCHER = Path(__file__).parent.parent / "inside" / "launch.py"

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    **dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1"
    ),
}


class Started(NamedTuple):
    """A process that warms up, and the line to it. `owner` is the process that started it."""

    process: subprocess.Popen[bytes]
    link: socket.socket
    owner: int


_ahead: list[Started] = []  # one at the most


def start() -> Started:
    """By exec, with a clean environment: it holds nothing of this process."""
    link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, *_options(), str(LAUNCHER), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    return Started(process, link, os.getpid())


def _options() -> list[str]:
    """Python's: compiled files are kept where the owner keeps its own, as they are a tenth."""
    return ["-I", *(["-B"] if sys.dont_write_bytecode else []), "-X", "utf8"]


def start_ahead() -> None:
    """Start one for the sandbox that this process will open next."""
    if sys.platform == "linux" and not (_ahead and _ahead[0].owner == os.getpid()):
        with contextlib.suppress(OSError):  # it is tried again, and told, when it is needed
            _ahead[:] = [start()]


def take() -> Started:
    """The one that was started ahead, or a new one."""
    if _ahead and _ahead[0].owner == os.getpid():
        return _ahead.pop()
    return start()


def drop() -> None:
    """End the one that nobody took."""
    while _ahead:
        unused = _ahead.pop()
        unused.link.close()
        if unused.owner == os.getpid():
            unused.process.kill()
            unused.process.wait()
            with contextlib.suppress(OSError):
                if unused.process.stderr:
                    unused.process.stderr.close()
