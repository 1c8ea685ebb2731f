"""Written work in an upload: a text, a PDF or photographs, beside the code.

A file counts as written work if its name begins with `written` or `derivation`, or if it lies in a
folder with such a name. What comes after may name an assignment (`written_03.md`) or a task
(`written-rms.pdf`), and then it is for that one only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from autograder.uploads.spellings import original_name
from autograder.uploads.submission import Source, is_code, opened
from autograder.uploads.upload import (
    MEGABYTE,
    WRITTEN_SUFFIXES,
    Refused,
    Upload,
    UploadLimits,
    is_written,
    read_file,
    shown,
    written_stem,
)

LIMITS = UploadLimits(file_bytes=20 * MEGABYTE, total_bytes=60 * MEGABYTE)
Kind = Literal["text", "pdf", "image"]
SIGNS: Sequence[tuple[bytes, Kind, str]] = (
    (b"%PDF-", "pdf", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image", "image/png"),
    (b"\xff\xd8\xff", "image", "image/jpeg"),
)


@dataclass(frozen=True)
class Written:
    """One file of a student's written work. Its kind is what its first bytes say."""

    name: str
    kind: Kind
    media_type: str
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8-sig", errors="replace")


@dataclass(frozen=True)
class Wanted:
    """For which assignment and task, and what the others are called."""

    assignment: str
    others: Collection[str] = ()
    """Numbers of the course's other assignments."""
    task: str = ""
    other_tasks: Collection[str] = ()

    def fits(self, path: PurePosixPath) -> bool:
        """Whether a file is for this: it names it, or nothing else."""
        words = "-" + re.sub(r"[ _.-]+", "-", written_stem(path).casefold()) + "-"

        def named(names: Iterable[str]) -> bool:
            return any(f"-{name}-" in words for name in names)

        number = self.assignment.partition("_")[0]
        if not named((number,)) and named(self.others):
            return False
        return named((self.task,)) or not named(self.other_tasks)


def read_written(source: Source, wanted: Wanted) -> list[Written]:
    """The files of an upload that are for a task, by name. Raises Refused."""
    try:
        found = {name: read_file(path, LIMITS) for name, path in _loose(source.paths, wanted)}
        if upload := _packed(source):
            found |= {str(k): data for k, data in upload.read(_chosen(upload, wanted)).items()}
    except OSError as error:
        raise Refused(f"it can't be read ({error.strerror})") from error
    return [_written(name, data) for name, data in sorted(found.items())]


def count_written(source: Source, wanted: Wanted) -> int:
    """How many files an upload holds for a task; none where it can't be read."""
    try:
        upload = _packed(source)
    except (OSError, Refused):
        upload = None
    inside = len(_chosen(upload, wanted)) if upload else 0
    return inside + len(list(_loose(source.paths, wanted)))


def _packed(source: Source) -> Upload | None:
    """What a folder, an archive or a clone holds; None where single files were handed in."""
    first = source.paths[0]
    single = is_code(first.name) or first.name.lower().endswith(WRITTEN_SUFFIXES)
    return None if source.refused or (single and not first.is_dir()) else opened(source, LIMITS)


def _chosen(upload: Upload, wanted: Wanted) -> set[PurePosixPath]:
    return {
        entry.path
        for entry in upload.entries
        if not entry.odd and is_written(entry.path) and wanted.fits(entry.path)
    }


def _loose(paths: Iterable[Path], wanted: Wanted) -> Iterable[tuple[str, Path]]:
    """Files that were handed in by themselves."""
    for path in paths:
        if path.is_dir():
            continue
        name = PurePosixPath(original_name(path.name))
        lone = path.suffix.casefold() == ".pdf" and not is_written(name)
        if lone or (is_written(name) and wanted.fits(name)):
            yield shown(name.name), path


def _written(name: str, data: bytes) -> Written:
    for sign, kind, media_type in SIGNS:
        if data.startswith(sign):
            return Written(name, kind, media_type, data)
    return Written(name, "text", "text/plain; charset=utf-8", data)
