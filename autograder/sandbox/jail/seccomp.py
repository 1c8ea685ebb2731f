"""The system call filter: an allow-list, compiled to the kernel's packet filter language.

What is not listed answers EPERM (ENOSYS where it is newer than the list, so that the C library
falls back to older calls); another architecture's calls kill the process. A few calls are allowed
for some arguments only: `clone` makes threads but no processes, signals go to the process itself.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import struct

from .syscalls import ARCHITECTURES, numbers

PR_SET_SECCOMP, MODE_FILTER = 22, 2
KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
LOAD, JUMP_EQUAL, JUMP_ABOVE, JUMP_BITS, MASK, RETURN = 0x20, 0x15, 0x25, 0x45, 0x54, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in the kernel's seccomp_data

CLONE_THREAD = 0x00010000
MAP_SHARED_ANONYMOUS = 0x21
X32_BIT = 0x40000000
NEWEST_KNOWN = 423  # calls above it are answered as if the kernel were older

# by name: (argument, the only values that are allowed)
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1031, 1032)  # no F_SETOWN: it sends signals
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # terminals' questions, FIOCLEX …
_PRCTL = (3, 15, 16, 21, 0x53564D41)  # names, and what glibc's allocator calls

_ANY_PID = 0x7FFF4B49  # stands for a process that is not born yet; beyond the kernel's largest

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def build(machine: str, pid: int) -> list[Instruction]:
    """The filter of one process."""
    audit, _ = ARCHITECTURES[machine]
    calls = numbers(machine)
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    if machine == "x86_64":
        program += [(JUMP_BITS, 0, 1, X32_BIT), (RETURN, 0, 0, KILL)]
    one_of = {
        "kill": (0, (pid,)),
        "tkill": (0, (pid,)),
        "tgkill": (0, (pid,)),
        "prlimit64": (0, (0, pid)),
        "fcntl": (1, _FCNTL),
        "ioctl": (1, _IOCTL),
        "prctl": (0, _PRCTL),
    }
    for name, (argument, values) in one_of.items():
        program += _when(calls.pop(name), _only(argument, values))
    program += _when(calls.pop("clone"), _with_bits(0, CLONE_THREAD))
    program += _when(calls.pop("mmap"), _without_all_bits(3, MAP_SHARED_ANONYMOUS))
    for number in sorted(calls.values()):
        program += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    return [
        *program,
        (JUMP_ABOVE, 0, 1, NEWEST_KNOWN),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
        (RETURN, 0, 0, ERRNO | errno.EPERM),
    ]


def _when(number: int, block: list[Instruction]) -> list[Instruction]:
    """Run a block, which always returns, for one call only."""
    return [(JUMP_EQUAL, 0, len(block), number), *block]


def _only(argument: int, values: tuple[int, ...]) -> list[Instruction]:
    """Allow where the argument's lower half is one of the values."""
    tests: list[Instruction] = [
        (JUMP_EQUAL, len(values) - k, 0, value & 0xFFFFFFFF) for k, value in enumerate(values)
    ]
    return [(LOAD, 0, 0, ARGUMENTS + 8 * argument), *tests, *_refuse_or_allow()]


def _with_bits(argument: int, bits: int) -> list[Instruction]:
    load: Instruction = (LOAD, 0, 0, ARGUMENTS + 8 * argument)
    return [load, (JUMP_BITS, 1, 0, bits), *_refuse_or_allow()]


def _without_all_bits(argument: int, bits: int) -> list[Instruction]:
    load: Instruction = (LOAD, 0, 0, ARGUMENTS + 8 * argument)
    return [load, (MASK, 0, 0, bits), (JUMP_EQUAL, 0, 1, bits), *_refuse_or_allow()]


def _refuse_or_allow() -> list[Instruction]:
    return [(RETURN, 0, 0, ERRNO | errno.EPERM), (RETURN, 0, 0, ALLOW)]


@functools.cache
def _compiled() -> bytes:
    """The filter as the kernel wants it, with a number in the place of the process's."""
    return b"".join(
        struct.pack("<HBBI", *instruction) for instruction in build(platform.machine(), _ANY_PID)
    )


def prepare() -> None:
    """Do beforehand, in the fork server, what every process would do again."""
    if not supported():
        _compiled()


def install() -> None:
    """Put this process, and every thread that it will start, under the filter."""
    code = _compiled().replace(struct.pack("<I", _ANY_PID), struct.pack("<I", os.getpid()))
    buffer = ctypes.create_string_buffer(code)
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp: " + os.strerror(ctypes.get_errno()))


def supported() -> str:
    """Why there is no filter for this machine, or nothing."""
    if platform.machine() not in ARCHITECTURES:
        return f"no list of system calls for the architecture {platform.machine()}"
    return ""
