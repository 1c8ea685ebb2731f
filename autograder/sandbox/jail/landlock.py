"""Landlock: the process gives up every file but the ones that it needs, and the network with it.

Needs no privilege. Paths are opened while the process may still reach them; the rules then hold for
the opened folders, whatever the user id becomes.
"""

from __future__ import annotations

import ctypes
import functools
import os
import stat
import struct
from collections.abc import Sequence
from typing import Any

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
PATH_BENEATH = 1
ASK_VERSION = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_DIR, REMOVE_FILE = 16, 32
MAKE_DIR, MAKE_REGULAR = 128, 256
REFER, TRUNCATE = 1 << 13, 1 << 14
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REGULAR | REFER | TRUNCATE
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
TCP_BOTH = 3  # bind and connect
SCOPE_BOTH = 3  # abstract unix sockets and signals


@functools.cache
def _syscall() -> Any:
    """The C library's `syscall`; looked up late, since Windows has none."""
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return function


def version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    return max(int(_syscall()(CREATE_RULESET, None, 0, ASK_VERSION)), 0)


def handled(abi: int) -> tuple[int, int, int]:
    """What a ruleset of this version governs: file access, TCP, scopes."""
    files = (1 << 13) - 1
    for first_abi, right in ((2, REFER), (3, TRUNCATE), (5, 1 << 15)):
        files |= right if abi >= first_abi else 0
    return files, TCP_BOTH if abi >= 4 else 0, SCOPE_BOTH if abi >= 6 else 0


def open_paths(paths: Sequence[str]) -> list[int]:
    """Descriptors that stand for folders and files in rules; absent ones are left out."""
    found = []
    for path in paths:
        try:
            found.append(os.open(path, os.O_PATH | os.O_CLOEXEC))
        except FileNotFoundError:
            continue
    return found


def ruleset(readable: Sequence[int], writable: Sequence[int]) -> int:
    """A descriptor of rules: these may be read, these read and written, all else is closed."""
    abi = version()
    files, tcp, scopes = handled(abi)
    attributes = struct.pack("<QQQ", files, tcp, scopes)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = int(_syscall()(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    if rules < 0:
        raise OSError(ctypes.get_errno(), "landlock: " + os.strerror(ctypes.get_errno()))
    for descriptors, rights in ((readable, READ), (writable, WRITE)):
        for descriptor in descriptors:
            folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            allowed = rights & files & (files if folder else OF_FILES)
            rule = struct.pack("<Qi", allowed, descriptor)
            if _syscall()(ADD_RULE, rules, PATH_BENEATH, rule, 0) != 0:
                raise OSError(ctypes.get_errno(), "landlock: a rule was refused")
    return rules


def restrict(rules: int) -> None:
    """Hold this process, for ever, to the rules."""
    if _syscall()(RESTRICT_SELF, rules, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock: " + os.strerror(ctypes.get_errno()))
    os.close(rules)
