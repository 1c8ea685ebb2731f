"""Folders that a worker sees: a copy of the submission to read, a scratch folder to write."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PREFIX = "autograder-sandbox-"
ABANDONED_SECONDS = 300.0
MAX_FILES = 2000
MAX_BYTES = 64 * 2**20
MEMORY = Path("/dev/shm")
SMALL = 4 * 2**20  # bytes of files that may lie in memory
ROOM = 2**28  # bytes that must be free there


@dataclass(frozen=True)
class Staged:
    """A submission's files where its workers may read them, and the group that may."""

    folder: Path
    group: int | None


class _Place:
    """A folder of the sandbox's own, which others find locked while it is in use."""

    def __init__(self, parent: Path) -> None:
        _remove_abandoned(parent)
        self.root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        self.root.chmod(0o711)
        self._lock = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        _lock(self._lock)

    def close(self) -> None:
        remove_tree(self.root)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


class Stage:
    """Places of the sandbox's own, removed at the end: below the temporary folder, and in memory.

    A disk may take longer over a submission's twenty small files than all its checks take; what
    workers write never lies in memory. Who sets TMPDIR chooses the only place.
    """

    def __init__(self) -> None:
        self._disk = _Place(Path(tempfile.gettempdir()))
        self._memory: _Place | None = None
        if "TMPDIR" not in os.environ and _has_room(MEMORY):
            with contextlib.suppress(OSError):
                self._memory = _Place(MEMORY)
        self._count = 0

    @property
    def roots(self) -> list[Path]:
        """The folders that everything lies in."""
        return [place.root for place in (self._disk, self._memory) if place is not None]

    def copy(self, submission: Path | None, gid: int | None) -> Staged:
        """Copy the regular files of a submission; links, devices and hidden names stay behind."""
        target = _make(self._next("s"), gid)
        if submission is not None:
            self._copy_folder(submission, target, [MAX_FILES, MAX_BYTES], gid, 0)
        return Staged(target, gid)

    def write(self, files: Mapping[str, bytes], gid: int | None) -> Staged:
        """Write down a submission's files, by their names below its folder."""
        if self._memory and sum(map(len, files.values())) <= SMALL and _has_room(MEMORY):
            folder = self._next("s", self._memory)
            try:
                return self._write(files, folder, gid)
            except OSError:  # somebody else has taken the room
                remove_tree(folder)
        return self._write(files, self._next("s"), gid)

    def _write(self, files: Mapping[str, bytes], folder: Path, gid: int | None) -> Staged:
        target = _make(folder, gid)
        folders = {PurePosixPath(): target}
        for name, data in files.items():
            path = PurePosixPath(name)
            if any(map(_left_out, path.parts)):
                continue
            for parent in reversed(path.parents):
                if parent not in folders:
                    folders[parent] = _make(target / parent, gid)
            _write(target / path, data, gid)
        return Staged(target, gid)

    def _copy_folder(
        self, source: Path, target: Path, room: list[int], gid: int | None, depth: int
    ) -> None:
        with os.scandir(source) as entries:
            for entry in entries:
                name = Path(entry.name)
                if _left_out(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < 16:
                        inner = _make(target / name, gid)
                        self._copy_folder(source / name, inner, room, gid, depth + 1)
                elif entry.is_file(follow_symlinks=False):
                    data = _read_regular(source / name, room[1])
                    room[0] -= 1
                    if data is None or room[0] < 0:
                        continue
                    room[1] -= len(data)
                    _write(target / name, data, gid)

    def scratch(self, uid: int | None, gid: int | None) -> Path:
        """An empty folder that one worker may write."""
        target = self._next("w")
        target.mkdir(0o700)
        target.chmod(0o700)
        if uid is not None and gid is not None:
            os.chown(target, uid, gid)
        return target

    def _next(self, kind: str, place: _Place | None = None) -> Path:
        self._count += 1
        return (place or self._disk).root / f"{kind}{self._count}"

    def close(self) -> None:
        """Remove everything."""
        for place in (self._disk, self._memory):
            if place is not None:
                place.close()


def _has_room(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= ROOM and os.access(folder, os.W_OK)


def _lock(handle: int) -> None:
    import fcntl  # here, since Windows has none, and imports this file before it is told no

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_abandoned(folder: Path) -> None:
    """Remove what graders left that were killed: own folders that nobody holds a lock on."""
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            young = time.time() - status.st_mtime < ABANDONED_SECONDS
            if young or not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                _lock(handle)
                remove_tree(path)
            finally:
                os.close(handle)


def _left_out(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"


def _make(path: Path, gid: int | None) -> Path:
    """A folder that the group may read, whatever the grader's umask is."""
    path.mkdir(0o700)
    if gid is not None:
        os.chown(path, 0, gid)
    path.chmod(0o750)
    return path


def _write(path: Path, data: bytes, gid: int | None) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if gid is not None:
            os.fchown(handle, 0, gid)
        os.fchmod(handle, 0o640)
    finally:
        os.close(handle)


def _read_regular(path: Path, room: int) -> bytes | None:
    """A regular file's bytes if they fit, without ever waiting for a pipe or a device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > room:
            return None
        with open(handle, "rb", closefd=False) as file:
            return file.read(room)
    finally:
        os.close(handle)


def usage(folder: Path, max_entries: int) -> tuple[int, int]:
    """Bytes and entries below a folder, counted up to a limit and never through a link."""
    total, count, waiting = 0, 0, [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                count += 1
                if count > max_entries:
                    return total, count
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
    return total, count


def remove_tree(folder: Path) -> None:
    """Remove a folder whatever was built in it: any depth, any mode, links not followed."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    with contextlib.suppress(OSError):  # what resists is tried again when the sandbox closes
        _flatten(folder)


def _flatten(folder: Path) -> None:
    """Lift deep folders up to the top one by one, so that no path grows long."""
    if os.geteuid() != 0:
        folder.chmod(0o700)
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    lifted = 0
    try:
        while names := os.listdir(top):  # noqa: PTH208
            for name in names:
                try:
                    os.unlink(name, dir_fd=top)
                    continue
                except OSError:  # a folder, then
                    os.chmod(name, 0o700, dir_fd=top)
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
                try:
                    for child in os.listdir(inner):  # noqa: PTH208
                        lifted += 1
                        if stat.S_ISDIR(os.lstat(child, dir_fd=inner).st_mode):
                            os.chmod(child, 0o700, dir_fd=inner)  # or it can't be moved
                        os.rename(child, f".lifted-{lifted}", src_dir_fd=inner, dst_dir_fd=top)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    folder.rmdir()
