"""The jail: a freshly forked process gives up whatever the student's code must not have.

The order matters. Paths are opened and the scratch folder is entered before the user changes (an
interpreter below a closed home directory can't be opened after that); the filters come last,
because they forbid the calls that set up the rest.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
from pathlib import Path
from typing import Any

from . import landlock, namespaces, seccomp

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
SIGKILL = 9
INBOX, OUTBOX, PEER_IN, PEER_OUT = 3, 4, 5, 6  # descriptors in the jail

libc = ctypes.CDLL(None, use_errno=True)


class JailError(Exception):
    """A layer that was asked for could not be put up."""


def prctl(option: int, value: int = 0) -> None:
    """Set a property of this process, or raise JailError."""
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise JailError(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def enter(settings: dict[str, Any], descriptors: list[int], readable: list[int]) -> None:
    """Put up every layer of `settings["layers"]`; returns inside the jail or raises.

    `descriptors` are the log, two ends of pipes and perhaps two of a peer's; `readable` stand for
    what may be read besides the submission. Settings say "arranged" once the descriptors moved.
    """
    layers = settings["layers"]
    os.setsid()
    if "namespaces" in layers:
        os.umask(0o022)
        namespaces.cover(settings)
    os.umask(0o077)
    rules = -1
    if "landlock" in layers:
        devices = landlock.open_paths(["/dev/null"])
        own = landlock.open_paths([settings["folder"]] if settings["folder"] else [])
        scratch = landlock.open_paths([settings["scratch"]])
        rules = landlock.ruleset(readable + own, scratch + devices)
    rules = _arrange(descriptors, rules)
    settings["arranged"] = True
    os.chdir(settings["scratch"])
    for name in ("HOME", "TMPDIR"):  # one by one: `update` walks every class that is a mapping
        os.environ[name] = settings["scratch"]
    _limit(settings)
    if settings["uid"]:
        os.setgroups([])
        os.setresgid(settings["gid"], settings["gid"], settings["gid"])
        os.setresuid(settings["uid"], settings["uid"], settings["uid"])
    elif "namespaces" in layers:
        namespaces.drop_capabilities()
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    prctl(PR_SET_DUMPABLE, 0)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if "landlock" in layers:
        landlock.restrict(rules)
    if "seccomp" in layers:
        seccomp.install()


def _arrange(descriptors: list[int], rules: int) -> int:
    """Nothing on 0, the log on 1 and 2, then the pipes and the rules; all else closed."""
    kept = [*descriptors, rules] if rules >= 0 else descriptors
    log, *rest = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64) for fd in kept]
    nothing = os.open("/dev/null", os.O_RDWR)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for target, source in enumerate(rest, INBOX):
        os.dup2(source, target)
    os.closerange(INBOX + len(rest), 65536)
    return INBOX + len(rest) - 1


def _limit(settings: dict[str, Any]) -> None:
    pages = [int(word) for word in Path("/proc/self/statm").read_bytes().split()]
    page, memory = resource.getpagesize(), settings["memory"]
    wanted = {
        resource.RLIMIT_CPU: settings["cpu"],
        resource.RLIMIT_DATA: pages[5] * page + memory,
        resource.RLIMIT_AS: pages[0] * page + 2 * memory + 2**29,
        resource.RLIMIT_FSIZE: settings["file"],
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: settings["processes"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_STACK: 8 * 2**20,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))
