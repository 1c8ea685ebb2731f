"""Reads uploads without trusting them: names first, then only the files that are wanted.

Nothing is ever extracted: bytes are read one file at a time, up to a limit, so that a bomb costs
no more than the limit. Every refusal is one sentence that a student can act on.
"""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

from autograder.uploads.upload import (
    MEGABYTE,
    Entry,
    Read,
    Refused,
    Upload,
    UploadLimits,
    check_totals,
    ignored,
    is_written,
    limited,
    megabytes,
    odd_kind,
    open_folder,
    packed_digest,
    read_file,
    read_regular,
    shown,
)

__all__ = [
    "DOCUMENTS",
    "FOREIGN",
    "NOTEBOOK",
    "SUFFIXES",
    "Entry",
    "Refused",
    "Upload",
    "UploadLimits",
    "is_archive",
    "open_bytes",
    "open_upload",
    "read_file",
    "shown",
]

SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar")
FOREIGN = (".rar", ".7z", ".zipx")
DOCUMENTS = (".docx", ".doc", ".odt", ".pages", ".pdf", ".rtf")
NOTEBOOK = ".ipynb"
XZ_MEMORY = 128 * MEGABYTE

ROOT = PurePosixPath("root")
DAMAGE = (  # what the standard library raises on archives that are broken, or made to be
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    OSError,  # of bz2
    gzip.BadGzipFile,
    struct.error,
    EOFError,
    ValueError,
    RuntimeError,
    LookupError,
    ArithmeticError,
)


def is_archive(name: str) -> bool:
    """Whether a file's name says that it is an archive that can be read."""
    return name.lower().endswith(SUFFIXES)


def open_upload(path: Path, limits: UploadLimits) -> Upload:
    """A folder or an archive as names that can be read."""
    if path.is_dir() and not path.is_symlink():
        return open_folder(path, limits)
    if path.name.lower().endswith(FOREIGN):
        raise Refused(f"{shown(path.name)} can't be read: hand in a .zip or a .tar.gz file")
    if path.name.lower().endswith(NOTEBOOK):
        raise Refused(
            f"{shown(path.name)} is a notebook: hand in the .py files of the package, which the "
            "notebook is for trying out"
        )
    if path.name.lower().endswith(DOCUMENTS):
        raise Refused(
            f"{shown(path.name)} is a document, not code: hand in the package's .py files in a "
            ".zip file"
        )
    information = path.lstat()
    if not stat.S_ISREG(information.st_mode):
        raise Refused(f"{shown(path.name)} is {odd_kind(information.st_mode)}, not an archive")
    if information.st_size > limits.total_bytes:
        raise Refused(
            f"the archive has {megabytes(information.st_size)}; "
            f"at most {megabytes(limits.total_bytes)} are allowed"
        )
    if information.st_size == 0:
        raise Refused("the archive is empty (0 bytes): the upload was cut short, hand it in again")
    data = read_regular(path, limits.total_bytes)
    upload = open_bytes(path.name, data, limits)
    return replace(upload, packed=packed_digest(path.name, data))


def open_bytes(name: str, data: bytes, limits: UploadLimits) -> Upload:
    """An archive's bytes, by its name, as names that can be read."""
    try:
        if name.lower().endswith(".zip"):
            return _open_zip(data, limits)
        return _open_tar(data, limits)
    except DAMAGE as error:
        raise Refused(
            f"the archive is damaged or not what its name says ({shown(str(error))}): pack it again"
        ) from error


def _clean(name: str) -> PurePosixPath | None:
    """The name inside the upload, or None for the root. Refuses names that lead outside."""
    text = unicodedata.normalize("NFC", name.replace("\\", "/"))
    if text.startswith("/") or text[1:3] == ":/":
        raise Refused(f'the archive holds an absolute name ("{shown(name)}")')
    if "\0" in text:
        raise Refused(f'the archive holds a broken name ("{shown(name)}")')
    path = PurePosixPath(text)
    if ".." in path.parts:
        raise Refused(f'the archive holds a name outside its folder ("{shown(name)}")')
    return path if path.parts else None


def _open_zip(data: bytes, limits: UploadLimits) -> Upload:
    _check_directory(data, limits)
    archive = zipfile.ZipFile(io.BytesIO(data))
    members = [one for one in archive.infolist() if not ignored(_clean(one.filename) or ROOT)]
    check_totals(len(members), sum(one.file_size for one in members), len(data), limits)
    entries, by_path = [], {}
    for member in members:
        path = _clean(member.filename)
        if path is None or member.is_dir():
            continue
        kind = stat.S_IFMT(member.external_attr >> 16)
        odd = odd_kind(kind) if kind and kind != stat.S_IFREG else ""
        if member.flag_bits & 0x1:
            odd = "encrypted (pack it without a password)"
        elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            odd = "packed by an unusual method (use your system's own tool)"
        if path in by_path:
            raise Refused(f'the archive holds "{shown(str(path))}" twice')
        entries.append(Entry(path, odd))
        by_path[path] = member

    def read(wanted: set[PurePosixPath]) -> dict[PurePosixPath, bytes]:
        found = {}
        for path in sorted(wanted):
            with archive.open(by_path[path]) as file:
                found[path] = limited(file.read(limits.file_bytes + 1), path, limits)
        return found

    return Upload(entries, _careful(read))


def _check_directory(data: bytes, limits: UploadLimits) -> None:
    """Refuse a table of contents too long to look at: `zipfile` would read all of it."""
    end = data.rfind(b"PK\5\6", -65_557)
    if end >= 0 and len(data) >= end + 22:
        size = int(struct.unpack("<L", data[end + 12 : end + 16])[0])
        if data[max(end - 20, 0) : end].startswith(b"PK\6\7"):
            raise Refused("the archive uses Zip64, which no upload of this size needs")
        if size > limits.names * 2048:  # room for a virtual environment, which is not looked at
            count = int(struct.unpack("<H", data[end + 10 : end + 12])[0])
            check_totals(max(count, limits.names + 1), 0, 0, limits)


class _Metered(io.RawIOBase):
    """Unpacked bytes that stop at a number of them, whatever asks for more."""

    def __init__(self, data: bytes, limits: UploadLimits) -> None:
        self.inner = _unpacked(data)
        self.packed = len(data)
        self.limits = limits
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self.inner.read(min(size, 65_536) if size >= 0 else 65_536)
        self.count += len(block)
        framing = self.limits.names * 1_536  # headers and padding
        check_totals(0, max(self.count - framing, 0), self.packed, self.limits)
        return block


class _Xz(io.RawIOBase):
    """An xz stream, with a limit for the memory that it may ask for."""

    def __init__(self, data: bytes) -> None:
        self.inner = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
        self.data = data

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.inner.eof:
            return b""
        block = self.inner.decompress(self.data, max_length=size)
        self.data = b""
        if not block and self.inner.needs_input and not self.inner.eof:
            raise EOFError("it was cut short")
        return block


def _unpacked(data: bytes) -> io.BufferedIOBase | io.RawIOBase:
    """The tar behind its packing, which its first bytes tell."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=io.BytesIO(data))
    if data.startswith(b"BZh"):
        return bz2.BZ2File(io.BytesIO(data))
    if data.startswith(b"\xfd7zXZ\0"):
        return _Xz(data)
    return io.BytesIO(data)


def _open_tar(data: bytes, limits: UploadLimits) -> Upload:
    """Only what may be wanted is kept on the way; its number and size are limited."""
    entries: list[Entry] = []
    kept: dict[PurePosixPath, bytes] = {}
    names = 0
    with tarfile.open(fileobj=_Metered(data, limits), mode="r|") as archive:
        for member in archive:
            path = _clean(member.name)
            if path is None or ignored(path):
                continue
            names += 1
            check_totals(names, 0, 0, limits)
            if member.isdir():
                continue
            odd = "" if member.isreg() and not member.issparse() else _odd_member(member)
            if path in kept or any(entry.path == path for entry in entries):
                raise Refused(f'the archive holds "{shown(str(path))}" twice')
            entries.append(Entry(path, odd))
            code = path.name.lower().endswith((".py", ".py.txt", *SUFFIXES))
            if not odd and (code or is_written(path)):
                file = archive.extractfile(member)
                if file is not None:
                    size = min(member.size, limits.file_bytes + 1)
                    kept[path] = file.read(size)

    def read(wanted: set[PurePosixPath]) -> dict[PurePosixPath, bytes]:
        return {path: limited(kept[path], path, limits) for path in sorted(wanted)}

    return Upload(entries, read)


def _careful(read: Read) -> Read:
    """Damage inside a zip shows only when a file is read."""

    def careful(wanted: set[PurePosixPath]) -> dict[PurePosixPath, bytes]:
        try:
            return read(wanted)
        except DAMAGE as error:
            raise Refused(f"the archive is damaged ({shown(str(error))}): pack it again") from error

    return careful


def _odd_member(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "a link"
    return "a named pipe" if member.isfifo() else "a device or a sparse file"
