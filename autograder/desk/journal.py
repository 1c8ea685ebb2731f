"""`marking.jsonl`: every mark that people gave to written tasks, a line each, only added to.

A line is on the disk before anybody is told that it is saved. A line that was cut short, by a kill
or a full disk, was never told as saved, and is taken away when the file is opened next.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.documents.schema import decode, encode
from autograder.errors import KitError, UsageProblem

FILE_NAME = "marking.jsonl"
SCHEMA = 1


@dataclass(frozen=True)
class LineMark:
    """What a line of the rubric gave. It holds the line's text, for the rubric may change."""

    text: str
    points: float
    most: float


@dataclass(frozen=True)
class Mark:
    """One saved mark. `version` counts the marks of one student's task, from 1."""

    id: str
    assignment: str
    task: str
    student: str
    version: int
    line: tuple[LineMark, ...]
    points: float
    adds: float
    """Points beyond those of the version before: what adjustments.csv gets."""
    comment: str
    who: str
    when: str
    why: str
    """The reason in adjustments.csv."""

    @property
    def most(self) -> float:
        return sum(line.most for line in self.line)

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.when)


@dataclass(frozen=True)
class Entry:
    """A line of the file: a mark, or the word that a mark's row is in adjustments.csv."""

    schema: int
    mark: Mark | None = None
    entered: str = ""


class Journal:
    """The file, held by one process at a time. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            mode = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, mode, 0o600)
        except OSError as error:
            raise KitError(f"{self.path} can't be opened: {error.strerror}.") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise UsageProblem(
                f"{self.path} is in use: another desk is open on this gradebook. Open that one's "
                "address, several people can mark there at once."
            ) from error
        try:
            sync_folder(folder)
            self.entries = list(self._read())
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def add(self, *, mark: Mark | None = None, entered: str = "") -> None:
        """Add a line; it is on the disk when this returns. KitError where it can't be."""
        plain: dict[str, Any] = {"schema": SCHEMA}
        plain |= {"mark": encode(mark)} if mark else {"entered": entered}
        block = (json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n").encode()
        size = os.fstat(self._descriptor).st_size
        try:
            written = os.write(self._descriptor, block)
            if written < len(block):
                raise OSError(28, "No space left on device")
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, size)
            raise KitError(
                f"{self.path} can't be written: {error.strerror}. This was not saved; make room "
                "and save again."
            ) from error

    def _read(self) -> Iterator[Entry]:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.ftruncate(self._descriptor, len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            place = f"{self.path}, line {number}"
            try:
                plain = json.loads(line)
            except ValueError as error:
                raise UsageProblem(
                    f"{place} is no JSON: the file was changed by hand. Take that line out, or "
                    "restore a copy."
                ) from error
            entry = decode(Entry, plain, place)
            if entry.schema != SCHEMA:
                raise UsageProblem(
                    f"{place} has schema version {entry.schema}; this kit reads version {SCHEMA}."
                )
            yield entry


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Put a file that others have written to, and its name, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)
