"""Fingerprints of uploads: whether one is still what was read before, without reading it again.

Two are used. The first is of what the file system says of each file. Size and time of change can be
set by anybody, but the time of the last change of a file's record (ctime) is the kernel's own: each
write, rename, link and `touch` sets it to now. It is believed only on file systems known to keep
it, and only for files that had been left alone for a minute when they were looked at: a second
write in the same tick of the clock, or one through a memory map, could leave no trace in it before
that. Where it is not believed, the digest of an archive's bytes stands in, which is cheaper than
unpacking.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.uploads.submission import Expected, Source, is_code, lone_archive
from autograder.uploads.upload import Refused, UploadLimits, ignored, packed_digest, read_regular

TRUSTED = frozenset({"ext2", "ext3", "ext4", "xfs", "f2fs", "zfs"})
SETTLED = 60_000_000_000  # nanoseconds: longer than a kernel keeps changed pages to itself
MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Fingerprint:
    """What the file system said of an upload's files; `names` is empty where it is not believed."""

    names: str
    settled: bool


NONE = Fingerprint("", False)


def fingerprint(source: Source, limits: UploadLimits | None = None) -> Fingerprint:
    """What the file system says now of everything in an upload that reading it looks at."""
    if source.commit or source.refused:
        return NONE
    moment = time.time_ns()
    most = (limits or UploadLimits()).names
    whole, newest, count = hashlib.sha256(), 0, 0
    try:
        for name, told in _everything(source.paths):
            count += 1
            newest = max(newest, told.st_ctime_ns)
            if count > most or not _keeps_ctime(told.st_dev):
                return NONE
            whole.update(f"{len(name)}\0{name}\0{_shown(told)}\0".encode(errors="surrogateescape"))
    except OSError:
        return NONE
    return Fingerprint(whole.hexdigest(), newest + SETTLED < moment)


def packed(source: Source, limits: UploadLimits | None = None) -> str:
    """The digest of an archive's bytes, or a clone's commit; empty for other uploads."""
    if source.commit:
        return f"commit {source.commit}"
    if source.refused or any(is_code(path.name) for path in source.paths):
        return ""
    most = (limits or UploadLimits()).total_bytes
    try:
        path = lone_archive(source.paths[0])
        if not stat.S_ISREG(path.lstat().st_mode):
            return ""
        data = read_regular(path, most)
    except (OSError, Refused):
        return ""
    return packed_digest(path.name, data) if len(data) <= most else ""


def way_of_reading(expected: Expected, limits: UploadLimits | None = None) -> str:
    """A digest of all but the upload on which it depends what is read of it."""
    whole = hashlib.sha256()
    asked = expected.package, sorted(expected.modules), sorted(expected.files)
    whole.update(repr((asked, limits or UploadLimits())).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _everything(paths: tuple[Path, ...]) -> Iterator[tuple[str, os.stat_result]]:
    for path in paths:
        told = path.lstat()
        yield path.name, told
        if stat.S_ISDIR(told.st_mode):
            yield from _below(path, path.name)


def _below(folder: Path | str, name: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every name in a folder. What is never read (`ignored`) is named, and not gone into."""
    with os.scandir(folder) as listing:
        found = sorted(listing, key=lambda item: item.name)
    for item in found:
        inside = f"{name}/{item.name}"
        yield inside, item.stat(follow_symlinks=False)
        if item.is_dir(follow_symlinks=False) and not ignored(PurePosixPath(item.name)):
            yield from _below(item.path, inside)


def _shown(told: os.stat_result) -> str:
    """What changes when a file does. Of a folder, its names tell that."""
    if stat.S_ISDIR(told.st_mode):
        return f"{told.st_mode} {told.st_dev}"
    return (
        f"{told.st_mode} {told.st_dev} {told.st_ino} {told.st_nlink} {told.st_size} "
        f"{told.st_mtime_ns} {told.st_ctime_ns}"
    )


def _keeps_ctime(device: int) -> bool:
    return _kinds().get(f"{os.major(device)}:{os.minor(device)}", "") in TRUSTED


@functools.cache
def _kinds() -> dict[str, str]:
    """The kind of file system on each device, as this process sees them."""
    found = {}
    try:
        for line in MOUNTS.read_text(errors="replace").splitlines():
            place, _, rest = line.partition(" - ")
            found[place.split()[2]] = rest.split()[0]
    except (OSError, IndexError):
        return {}
    return found
