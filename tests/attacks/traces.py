"""What a submission left on the machine: processes, files, shared memory."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder.sandbox.outside.identity import (
    FIRST_NARROW,
    FIRST_WIDE,
    NARROW,
    PER_PROCESS,
    Identities,
)

SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")
SYSV = ("shm", "sem", "msg")


class Traces:
    """Compares the machine with what it was, as far as it is the workers' doing.

    As root a worker is known by its user; else everything of this user's is looked at, which holds
    where the tests run as a user of their own.
    """

    def __init__(self, grader: Callable[[], object]) -> None:
        self.grader = grader
        self.as_root = os.geteuid() == 0
        self.uids = worker_uids()

    def remember(self) -> None:
        """What is here while nothing runs."""
        grader = self.grader()
        self.stage = grader.sandbox._stage.roots
        self.bystanders = frozenset[tuple[str, int]]()
        self.processes = set(self._processes())
        self.bystanders = frozenset(
            (entry.name, entry.inode())
            for entry in os.scandir("/proc")
            if entry.name.isdigit() and int(entry.name) not in self.processes
        )
        self.others: dict[str, set[str]] = {}
        self.entries = set(self._entries())
        ours = {str(path) for path in self.entries}
        self.others = {
            folder: {name for name in _names(folder) if f"{folder}/{name}" not in ours}
            for folder in self._folders()
        }
        self.objects = set(self._objects())

    def new(self) -> list[str]:
        """What has come since; judged while the grader lives, so its own processes may be new."""
        grader = self.grader()
        own = {
            host._process.pid for host in (grader.sandbox._workers, grader.sandbox._servers) if host
        }
        found = [
            f"process {pid} {_command(pid)}"
            for pid in set(self._processes()) - self.processes - own
        ]
        stage = grader.sandbox._stage.roots
        kept = {*stage, *self.stage, grader._folder}
        found += [
            f"file {path}" for path in set(self._entries()) - self.entries if path not in kept
        ]
        found += [f"System V {name}" for name in set(self._objects()) - self.objects]
        found += [f"staged {path.name}" for root in stage for path in root.glob("w*")]
        return sorted(found)

    def at_the_end(self) -> list[str]:
        """The same, after the grader has gone."""
        found = [
            f"process {pid} {_command(pid)}" for pid in set(self._processes()) - self.processes
        ]
        found += [f"file {path}" for path in set(self._entries()) - self.entries]
        found += [f"System V {name}" for name in set(self._objects()) - self.objects]
        return [*found, *(f"stage {root}" for root in self.stage if root.exists())]

    def _processes(self) -> Iterator[int]:
        for entry in os.scandir("/proc"):  # hundreds of times: faster than paths are
            if (entry.name, entry.inode()) in self.bystanders:
                continue  # it was here before any submission, and is somebody else's
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    uid = entry.stat().st_uid
                    effective = int(_status(entry.path, b"Uid:").split()[1])
                except (OSError, IndexError, ValueError):
                    continue
                if self._is_ours(uid) or self._is_ours(effective):
                    yield int(entry.name)

    def _is_ours(self, uid: int) -> bool:
        if not self.as_root:
            return uid == os.geteuid()
        return uid in self.uids

    def _entries(self) -> Iterator[Path]:
        for folder in self._folders():
            for name in _names(folder).difference(self.others.get(folder, ())):
                with contextlib.suppress(OSError):  # what others left there they alone can replace
                    if self._is_ours(os.lstat(f"{folder}/{name}").st_uid):
                        yield Path(folder, name)

    def _folders(self) -> set[str]:
        return {name for name in (*SHARED, tempfile.gettempdir()) if Path(name).is_dir()}

    def _objects(self) -> Iterator[str]:
        for kind in SYSV:
            path = Path("/proc/sysvipc") / kind
            if path.exists():
                head, *lines = (line.split() for line in path.read_text().splitlines())
                for line in lines:
                    if self._is_ours(int(line[head.index("cuid")])):
                        yield f"{kind} {line[1]}"


def _names(folder: str) -> set[str]:
    return set(os.listdir(folder))  # noqa: PTH208  (as above)


def worker_uids() -> range:
    """The user ids that this process may hand out to workers."""
    if Identities()._wide:
        first = FIRST_WIDE + os.getpid() * PER_PROCESS
        return range(first, first + PER_PROCESS)
    return range(FIRST_NARROW, FIRST_NARROW + NARROW)


def _status(entry: str, key: bytes) -> bytes:
    with open(f"{entry}/status", "rb", buffering=0) as file:  # noqa: PTH123  (as above)
        text = file.read(4096)
    start = text.find(b"\n" + key)
    return text[start + 1 :].partition(b"\n")[0] if start >= 0 else b""


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:80]
    except OSError:
        return "(gone)"
