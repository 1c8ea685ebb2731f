"""A probe: inside a fresh jail, try what must fail and what must work, and tell."""

from __future__ import annotations

import errno
import importlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LATE_MODULE = "colorsys"  # of the standard library, and not loaded in advance


def look_around(settings: dict[str, Any]) -> dict[str, str]:
    """What is wrong, by name: a layer that does not hold, or "work" where honest code fails."""
    wrong: dict[str, str] = {}
    layers = settings["layers"]
    if settings["uid"] and os.getuid() != settings["uid"]:
        wrong["uid"] = "the user id did not change"
    if "seccomp" in layers and not (_refused(_socket) and _refused(_process)):
        wrong["seccomp"] = "a socket or a process could be made"
    if "landlock" in layers and not _refused(lambda: os.listdir("/etc")):  # noqa: PTH208
        wrong["landlock"] = "a folder outside could be read"
    if "namespaces" in layers and os.getpid() != 1:
        wrong["namespaces"] = "the process has an ordinary number"
    try:
        Path("probe").write_bytes(b"1")
        Path("probe").unlink()
        thread = threading.Thread(target=lambda: np.ones((8, 8)) @ np.ones((8, 8)))
        thread.start()
        thread.join()
    except Exception as error:
        wrong["work"] = f"{type(error).__name__}: {error}"
    try:
        importlib.import_module(LATE_MODULE)
    except ImportError:
        wrong["late imports"] = "only modules that were loaded in advance can be imported"
    return wrong


def _refused(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError as error:
        return error.errno in (errno.EPERM, errno.EACCES)
    return False


def _socket() -> None:
    socket.socket().close()


def _process() -> None:
    if os.fork() == 0:
        os._exit(0)
