"""Namespaces: where the kernel lets it, a worker sees no other process, no network, an own /tmp.

The fork server leaves the network and the machine's IPC once, when it starts (as an ordinary user
in a user namespace of its own); each worker then gets its own process numbers and its own mounts.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from typing import Any

NEW_MOUNTS, NEW_UTS, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PID, NEW_NET = 0x10000000, 0x20000000, 0x40000000
NO_SUID, NO_DEVICES, NO_EXEC, BIND, RECURSIVE, PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
CAPSET_VERSION = 0x20080522
PR_CAPBSET_DROP = 24
CAPABILITIES = 64
COVERED = ("/tmp", "/var/tmp", "/dev/shm")

libc = ctypes.CDLL(None, use_errno=True)


def _call(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def leave_machine() -> None:
    """Once, in the fork server, while it is still dumpable and has one thread."""
    uid, gid = os.geteuid(), os.getegid()
    shared = NEW_MOUNTS | NEW_NET | NEW_IPC | NEW_UTS
    if uid == 0:
        _call(libc.unshare(shared), "unshare")
        return
    _call(libc.unshare(NEW_USER | shared), "unshare")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")


def own_numbers() -> int:
    """A descriptor of the fork server's own process numbers, where it may come back to them.

    -1 where the kernel does not let it: that takes rights over the machine's own namespace. A
    process that goes tries it, since nobody could undo a failure.
    """
    numbers = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    tried = os.fork()
    if tried == 0:
        os._exit(libc.unshare(NEW_PID) or libc.setns(numbers, NEW_PID))
    if os.waitpid(tried, 0)[1] == 0:
        return numbers
    os.close(numbers)
    return -1


def fork(numbers: int) -> int:
    """Like os.fork, but the child is the first process of a namespace of its own.

    `numbers` comes from `own_numbers`.
    """
    if numbers < 0:
        return _fork_twice()
    _call(libc.unshare(NEW_PID), "unshare")  # holds for the children to come
    child = -1
    try:
        child = os.fork()
    finally:
        if child:
            _call(libc.setns(numbers, NEW_PID), "setns")
    return child


def _fork_twice() -> int:
    """A process in between makes the namespace and goes.

    The fork server, which reaps orphans, becomes the child's parent before the child goes on.
    """
    number_out, number_in = os.pipe()
    go_out, go_in = os.pipe()
    between = os.fork()
    if between == 0:
        try:
            _call(libc.unshare(NEW_PID), "unshare")
            child = os.fork()
            if child == 0:
                os.close(go_in)
                os.close(number_in)
                os.read(go_out, 1)
                return 0
            os.write(number_in, str(child).encode())
        finally:
            if os.getpid() != 1:
                os._exit(0)
    os.close(number_in)
    os.waitpid(between, 0)
    answer = os.read(number_out, 32)
    os.write(go_in, b"!")
    for descriptor in (number_out, go_out, go_in):
        os.close(descriptor)
    if not answer:
        raise OSError("no process in a namespace of its own")
    return int(answer)


def cover(settings: dict[str, Any]) -> None:
    """Give a worker mounts of its own: small empty memory for /tmp, and its two folders in it."""
    _call(libc.unshare(NEW_MOUNTS), "unshare")
    _call(libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None), "mount")
    scratch, folder = settings["scratch"], settings["folder"]
    size = f"size={4 * settings['file']},nr_inodes={settings['entries']}"
    owner = f",uid={settings['uid']},gid={settings['gid']}" if settings["uid"] else ""
    _memory(scratch, f"{size},mode=700{owner}")
    kept = [(path, os.open(path, os.O_PATH)) for path in (scratch, folder) if path]
    for place in COVERED:
        if Path(place).is_dir():
            _memory(place, "size=64k,nr_inodes=64,mode=755")
    for path, descriptor in kept:
        if not path.startswith(COVERED):
            continue
        Path(path).mkdir(parents=True, exist_ok=True)
        source = f"/proc/self/fd/{descriptor}".encode()
        _call(libc.mount(source, path.encode(), None, BIND, None), "mount")
        os.close(descriptor)


def _memory(place: str, options: str) -> None:
    flags = NO_SUID | NO_DEVICES | NO_EXEC
    _call(libc.mount(b"tmpfs", place.encode(), b"tmpfs", flags, options.encode()), "mount")


def drop_capabilities() -> None:
    """Give up what a user namespace gave."""
    for capability in range(CAPABILITIES):
        if libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break
    header = struct.pack("<Ii", CAPSET_VERSION, 0)
    _call(libc.capset(header, bytes(24)), "capset")
