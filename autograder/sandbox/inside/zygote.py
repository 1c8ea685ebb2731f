"""The zygote: a warm process that is forked once for each worker.

It is started by exec, with a clean environment, before anything secret exists; it holds NumPy, an
allow-list of the standard library and, when it is to serve, the reference. It takes orders from
its control socket only, and it goes when that closes, with everything that it started.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
import sysconfig
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from ..jail import landlock, namespaces, process, seccomp
from ..wire import frames
from ..wire.decoder import decode
from ..wire.encoder import encode
from .probe import look_around
from .served import Peer, reseed
from .server import Server
from .worker import Worker

MAX_ORDER = 2**16
PR_SET_CHILD_SUBREAPER = 36

# What a submission may import: it is loaded here, since the interpreter may be unreadable later.
_NAMES = """
abc argparse array ast asyncio base64 bisect builtins cProfile cmath codecs collections
collections.abc concurrent.futures concurrent.futures.thread configparser contextlib copy copyreg
csv ctypes ctypes.util dataclasses datetime decimal difflib dis doctest encodings.ascii
encodings.cp1252 encodings.idna encodings.latin_1 encodings.unicode_escape encodings.utf_16
encodings.utf_32 encodings.utf_8 encodings.utf_8_sig enum errno fileinput fnmatch fractions
functools gc getpass gettext glob graphlib gzip hashlib heapq hmac importlib.abc
importlib.metadata importlib.resources importlib.util inspect io itertools json keyword linecache
locale logging logging.handlers math mmap multiprocessing multiprocessing.pool numbers opcode
operator optparse os pathlib pdb pickle pkgutil platform pprint profile pstats queue random re
reprlib resource runpy sched secrets selectors shutil signal socket stat statistics string struct
subprocess sysconfig tempfile textwrap threading time timeit token tokenize traceback tracemalloc
types typing unicodedata unittest unittest.mock uuid warnings weakref zipfile zlib numpy.char
numpy.ctypeslib numpy.dtypes numpy.exceptions numpy.fft numpy.lib.stride_tricks numpy.linalg
numpy.ma numpy.matlib numpy.polynomial numpy.random numpy.rec numpy.strings numpy.testing
numpy.typing
"""
PRELOADED = tuple(_NAMES.split())


def main(control: int) -> NoReturn:
    """Take orders until the control socket closes."""
    link = socket.socket(fileno=control)
    try:
        _preload()  # before it is told what for: it may be started ahead
        _settle()
        settings = decode(link.recv(MAX_ORDER))[0]
        missing = _leave_machine() if settings["namespaces"] else "not asked for"
        numbers = -1 if missing else namespaces.own_numbers()
        process.prctl(process.PR_SET_DUMPABLE, 0)
        process.prctl(PR_SET_CHILD_SUBREAPER, 1)
        zygote = Zygote(link, settings, numbers)
        zygote.load_reference()
        link.send(encode([("ready", missing)]))
        zygote.obey()
    finally:
        os._exit(0)


class Zygote:
    """Forks jailed workers (or servers of the reference) on demand, and reaps them."""

    def __init__(self, link: socket.socket, settings: dict[str, Any], numbers: int) -> None:
        self.link = link
        self.settings = settings
        self.numbers = numbers
        self.readable = landlock.open_paths(_read_only_folders())
        self.living: set[int] = set()
        self.sweeping = True

    def load_reference(self) -> None:
        """Import what is to be served, if anything is."""
        if self.settings["reference"]:
            sys.path.append(self.settings["reference"])
            for name in self.settings["modules"]:
                importlib.import_module(name)
            gc.freeze()

    def obey(self) -> None:
        """Carry out orders: fork, end, and the end of the link."""
        while True:
            order, descriptors, _, _ = socket.recv_fds(self.link, MAX_ORDER, 5)
            if not order:
                break
            kind, argument = decode(order)[0]
            if kind == "fork":
                answer: tuple[Any, ...] = ("forked", self._fork(argument, descriptors))
            else:
                answer = self._end(argument)
            self.link.send(encode([answer]))
        for child in self.living:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self._sweep(set())

    def _fork(self, settings: dict[str, Any], descriptors: list[int]) -> int:
        self.sweeping = "seccomp" not in settings["layers"]
        apart = "namespaces" in settings["layers"]
        child = namespaces.fork(self.numbers) if apart else os.fork()
        if child:
            for descriptor in descriptors:
                os.close(descriptor)
            self.living.add(child)
            return child
        try:
            process.enter(settings, descriptors, self.readable)
            reseed()
            if settings["probe"]:
                report = look_around(settings)
                frames.write_frame(process.OUTBOX, encode([("ready",), report]))
                os._exit(0)
            if not self.settings["reference"]:
                frames.write_frame(process.OUTBOX, encode([("ready",)]))
            self._live(settings)
        except BaseException as error:
            with contextlib.suppress(BaseException):
                text = f"{type(error).__name__}: {error}"
                channel = process.OUTBOX if settings.get("arranged") else descriptors[2]
                frames.write_frame(channel, encode([("broken", text)]))
        finally:
            os._exit(70)

    def _live(self, settings: dict[str, Any]) -> None:
        package, served = settings["package"], settings["served"]
        if self.settings["reference"]:
            Server((process.INBOX, process.OUTBOX), package, served, settings["calls"]).serve()
        stand_ins = None
        if served:
            peer = Peer(process.PEER_IN, process.PEER_OUT)
            stand_ins = peer, peer.functions(package, served)
        Worker((process.INBOX, process.OUTBOX), settings["folder"], package, stand_ins).serve()

    def _end(self, child: int) -> tuple[Any, ...]:
        """Kill a worker, with whatever it may have started, and tell how it had ended."""
        if child not in self.living:
            return "gone", 0, 0.0, 0
        os.kill(child, signal.SIGKILL)
        _, status, usage = os.wait4(child, 0)
        self.living.discard(child)
        self._sweep(self.living)
        return "gone", status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024

    def _sweep(self, keep: set[int]) -> None:
        """Kill and reap orphans: whatever a worker left behind became a child of this process."""
        while self.sweeping:
            children = _children() - keep
            if not children:
                return
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)


def _preload() -> None:
    """Load everything that a worker may import; from then on nothing is written by an import.

    numpy.matlib asks for all that NumPy has, its driver of Fortran compilers included: a third of
    the start, for what can't run in a jail. An empty module stands for it.
    """
    sys.modules["numpy.f2py"] = vars(np)["f2py"] = ModuleType("numpy.f2py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            importlib.import_module(name)
    sys.dont_write_bytecode = True


def _settle() -> None:
    """Touch BLAS once, and look like an interpreter that has just started.

    Nothing is collected of what is loaded: next to nothing of it is garbage.
    """
    warm = np.ones((8, 8))
    np.linalg.solve(warm @ warm + np.eye(8), warm)
    np.random.default_rng(0).normal(size=3)
    installed = {str(Path(folder).parent) for folder in np.__path__}
    sys.path[:] = [p for p in sys.path if p not in installed]
    seccomp.prepare()
    sys.modules["__main__"] = ModuleType("__main__")
    sys.argv[:] = [""]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    gc.freeze()
    gc.enable()


def _leave_machine() -> str:
    """Why namespaces can't be had here, or nothing."""
    try:
        namespaces.leave_machine()
    except OSError as error:
        return str(error)
    return ""


def _read_only_folders() -> list[str]:
    """What Python and NumPy may still open: their own files, and chance."""
    paths = sysconfig.get_paths()
    numpy = Path(np.__path__[0])
    return [
        *{paths["stdlib"], paths["platstdlib"], str(numpy), str(numpy.with_name("numpy.libs"))},
        *("/dev/urandom", "/dev/random", "/dev/zero"),
    ]


def _children() -> set[int]:
    own, found = str(os.getpid()).encode(), set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "stat").read_bytes().rpartition(b")")[2].split()[1] == own:
                    found.add(int(entry.name))
    return found
