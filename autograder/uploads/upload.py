"""An upload as names that can be read, and what it may hold. Folders are read here."""

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MEGABYTE = 1_000_000
WRITTEN = re.compile(r"(?:written|derivations?)(?:[ _.-]+(?P<what>.*))?", re.IGNORECASE)
WRITTEN_SUFFIXES = (".md", ".txt", ".pdf", ".png", ".jpg", ".jpeg")
IGNORED_FOLDERS = ("__MACOSX", "__pycache__", "node_modules", "site-packages", "venv")


class Refused(Exception):
    """This upload can't be graded; the message is for the student."""


@dataclass(frozen=True)
class UploadLimits:
    """What an upload may hold."""

    file_bytes: int = 2 * MEGABYTE
    total_bytes: int = 20 * MEGABYTE
    names: int = 2_000
    ratio: int = 100  # unpacked over packed size, once more than a megabyte is unpacked


@dataclass(frozen=True)
class Entry:
    """One name in an upload. `odd` says what it is if it is not a regular file."""

    path: PurePosixPath
    odd: str = ""


Read = Callable[[set[PurePosixPath]], dict[PurePosixPath, bytes]]


@dataclass(frozen=True)
class Upload:
    """The names in an upload, and a way to read some of them."""

    entries: list[Entry]
    read: Read
    packed: str = ""  # of an archive: the digest of its bytes


def shown(text: str, most: int = 60) -> str:
    """A name that a student chose, safe to print on one line."""
    clean = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def open_folder(folder: Path, limits: UploadLimits) -> Upload:
    entries = []
    where: dict[PurePosixPath, Path] = {}
    for path in _walk(folder):
        relative = PurePosixPath(unicodedata.normalize("NFC", path.relative_to(folder).as_posix()))
        information = path.lstat()
        odd = "" if stat.S_ISREG(information.st_mode) else odd_kind(information.st_mode)
        if not odd and information.st_nlink > 1:
            odd = "a hard link (hand in a copy)"
        entries.append(Entry(relative, odd))
        where[relative] = path
        check_totals(len(entries), 0, 0, limits)
    return Upload(entries, lambda wanted: {one: read_file(where[one], limits) for one in wanted})


def read_file(path: Path, limits: UploadLimits) -> bytes:
    """A regular file, within the limit for one file."""
    return limited(read_regular(path, limits.file_bytes), PurePosixPath(path.name), limits)


def _walk(folder: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder; links are not followed."""
    with os.scandir(folder) as listing:
        found = sorted(listing, key=lambda item: item.name)
    for item in found:
        if ignored(PurePosixPath(item.name)):
            continue
        if item.is_dir(follow_symlinks=False):
            yield from _walk(Path(item.path))
        else:
            yield Path(item.path)


def read_regular(path: Path, most: int) -> bytes:
    """A regular file's first `most` + 1 bytes; never follows a link, never waits for a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused(f"{shown(path.name)} is not a regular file")
        return file.read(most + 1)


def packed_digest(name: str, data: bytes) -> str:
    """An archive's name and bytes in one digest: it is read by its name's ending."""
    return hashlib.sha256(f"{name}\0".encode(errors="surrogateescape") + data).hexdigest()


def ignored(path: PurePosixPath) -> bool:
    """Hidden files and folders, and those that tools leave behind."""
    return any(part.startswith(".") or part in IGNORED_FOLDERS for part in path.parts)


def is_written(path: PurePosixPath) -> bool:
    """Whether a file's name, or its folder's, says that it is written work."""
    named = WRITTEN.fullmatch(path.stem) or WRITTEN.fullmatch(path.parent.name)
    return bool(named) and path.suffix.casefold() in WRITTEN_SUFFIXES


def written_stem(path: PurePosixPath) -> str:
    """What the name of written work says beyond that: `03` of `written_03.md`."""
    match = WRITTEN.fullmatch(path.stem)
    return (match["what"] or "") if match else path.stem


def check_totals(names: int, unpacked: int, packed: int, limits: UploadLimits) -> None:
    if names > limits.names:
        raise Refused(
            f"the upload holds {names:,} names; at most {limits.names:,} are allowed: "
            "leave out virtual environments, data and build folders"
        )
    if unpacked > limits.total_bytes:
        raise Refused(
            f"the upload unpacks to {megabytes(unpacked)}; "
            f"at most {megabytes(limits.total_bytes)} are allowed"
        )
    if unpacked > MEGABYTE and unpacked > limits.ratio * packed:
        raise Refused(
            f"the archive unpacks to {unpacked // max(packed, 1):,} times its size; "
            f"at most {limits.ratio} times is allowed"
        )


def limited(block: bytes, path: PurePosixPath, limits: UploadLimits) -> bytes:
    if len(block) > limits.file_bytes:
        raise Refused(
            f'"{shown(str(path))}" has more than {megabytes(limits.file_bytes)}, '
            "which is the most for one file"
        )
    return block


def megabytes(count: int) -> str:
    return f"{count / MEGABYTE:,.1f} MB".replace(".0 MB", " MB")


def odd_kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFBLK: "a device",
        stat.S_IFCHR: "a device",
        stat.S_IFDIR: "a folder",
    }
    return kinds.get(stat.S_IFMT(mode), "not a regular file")
