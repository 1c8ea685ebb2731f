"""Levels of isolation: their names in order, what each holds, and what this machine reaches."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import KitError
from autograder.sandbox.jail import landlock, seccomp

PROCESS, SECCOMP, LANDLOCK, NAMESPACES = "process", "seccomp", "landlock", "namespaces"

# In order; each holds what the ones before it hold.
LEVELS: Mapping[str, str] = {
    PROCESS: "another process with limits on CPU, memory and files, and as root a user of its own; "
    "an ordinary user's files, processes and network are open to it",
    SECCOMP: "no sockets, no new processes, no signals, no tracing; as root also no foreign files",
    LANDLOCK: "no file but Python's, NumPy's and the submission's own, whoever runs it",
    NAMESPACES: "also no sight of other processes, and temporary folders of its own",
}

WHAT_TO_DO: Mapping[str, str] = {
    SECCOMP: "grade on x86-64 or aarch64 Linux, outside a container that forbids seccomp",
    LANDLOCK: "grade on Linux 5.13 or newer with landlock in the kernel's `lsm=` list",
    NAMESPACES: "grade as root, or where unprivileged user namespaces are allowed",
}


class IsolationUnavailable(KitError):
    """This machine does not reach the isolation that was asked for."""


@dataclass(frozen=True)
class Isolation:
    """What a sandbox really puts between student code and the machine."""

    level: str
    layers: tuple[str, ...]
    missing: Mapping[str, str] = field(default_factory=dict)  # by level: why it is not reached
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " + ".join(self.layers)

    def reaches(self, level: str) -> bool:
        """Whether this is at least a level."""
        return list(LEVELS).index(self.level) >= list(LEVELS).index(level)


def layers_of(level: str, is_root: bool) -> tuple[str, ...]:
    """The layers that a level stands for, in the order in which they are shown."""
    first = "uid" if is_root else "process"
    count = list(LEVELS).index(level)
    return (first, *(("seccomp",), ("landlock", "seccomp"))[min(count, 2) - 1][: 2 * count]) + (
        ("namespaces",) if count == 3 else ()
    )


def find_isolation(
    try_layers: Callable[[tuple[str, ...]], Mapping[str, str]],
    *,
    is_root: bool,
    at_most: str | None = None,
    namespaces_missing: str = "",
) -> Isolation:
    """The strongest level that really works: `try_layers` puts layers up and tells what failed."""
    missing: dict[str, str] = {}
    known = {SECCOMP: seccomp.supported(), NAMESPACES: namespaces_missing}
    if not landlock.version():
        known[LANDLOCK] = f"the kernel ({platform.release()}) has no Landlock"
    names = list(LEVELS)
    for level in reversed(names[: names.index(at_most or NAMESPACES) + 1]):
        if reason := "; ".join(filter(None, map(known.get, names[: names.index(level) + 1]))):
            missing[level] = reason
            continue
        layers = layers_of(level, is_root)
        wrong = dict(try_layers(layers))
        late = wrong.pop("late imports", "")
        if not wrong:
            return Isolation(level, layers, missing, (late,) if late else ())
        missing[level] = "; ".join(f"{name}: {reason}" for name, reason in wrong.items())
    raise IsolationUnavailable(
        "no worker can be started on this machine: " + missing.get(PROCESS, "unknown reason")
    )


def demand(
    isolation: Isolation, at_least: str | None, *, is_root: bool, closed: Collection[Path] = ()
) -> None:
    """Refuse to go on below a level; by default below what may run strangers' code.

    Without Landlock that takes root (workers have users of their own) and file permissions that
    keep the folders `closed` from other users.
    """
    wanted = at_least or LANDLOCK
    if isolation.reaches(wanted):
        return
    if at_least is None and is_root and isolation.reaches(SECCOMP):
        if not (open_paths := [path for path in closed if open_to_all(path)]):
            return
        raise IsolationUnavailable(
            f"without Landlock, student code could read {open_paths[0]}: close it to other users "
            f"(chmod o-rwx {open_paths[0]}), or ask for less with --isolation {isolation.level}."
        )
    why = isolation.missing.get(wanted, "it was limited to less")
    raise IsolationUnavailable(
        f"isolation {wanted!r} is not reached here, only {isolation.level!r}: {why}. "
        f"To reach it, {WHAT_TO_DO[wanted]}; or ask for less with --isolation {isolation.level}, "
        "which is meant for code that you trust."
    )


def open_to_all(path: Path) -> bool:
    """Whether any user of the machine may look into a folder or file."""
    path = path.resolve()
    if not path.exists():
        return False
    wanted = 0o005 if path.is_dir() else 0o004
    passable = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    return passable and bool(path.stat().st_mode & wanted)


def demand_linux() -> None:
    """Jails exist on Linux only."""
    if platform.system() != "Linux":
        raise IsolationUnavailable(
            f"student code can't be jailed on {platform.system()}: grade on Linux (a virtual "
            "machine or a container will do). Checking your own work with check.py works here."
        )
