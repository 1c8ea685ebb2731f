"""What saves a second grading its time: which uploads were read, and which files were written.

Nothing here decides a mark. A row is used only where it proves that doing the work again would give
the same; without any of them everything is read and written anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.gradebook.attempts import Gradebook
from autograder.uploads.fingerprints import Fingerprint, packed
from autograder.uploads.submission import Source, Submission


@dataclass(frozen=True)
class Known:
    """The uploads of one assignment that were read before, in one way of reading."""

    gradebook: Gradebook
    assignment: str
    way: str

    def digest(self, source: Source, looked: Fingerprint) -> str | None:
        """The digest of the submission that an unchanged upload holds; None if it must be read."""
        rows = self.gradebook.uploads(self.assignment, source.id, self.way)
        if not rows:
            return None
        for digest, names, settled, _ in rows:
            if settled and names and names == looked.names:
                return digest
        if any(row[3] for row in rows) and (whole := packed(source)):
            for digest, _, _, before in rows:
                if before == whole:
                    self._keep(source, digest, looked, whole)
                    return digest
        return None

    def keep(self, source: Source, submission: Submission, looked: Fingerprint) -> None:
        """Remember what was read of an upload; `looked` is from before it was read."""
        self._keep(source, submission.digest, looked, submission.packed)

    def _keep(self, source: Source, digest: str, looked: Fingerprint, whole: str) -> None:
        if looked.names or whole:
            row = (digest, self.way, looked.names, int(looked.settled), whole)
            self.gradebook.remember_upload(self.assignment, source.id, row)


@dataclass(frozen=True)
class Written:
    """Files that hold what followed from a cause, as long as nobody has touched them."""

    gradebook: Gradebook

    def holds(self, path: Path, files: tuple[Path, ...], cause: str) -> bool:
        """Whether these files are still those that were written for this cause."""
        row = self.gradebook.written(_place(path))
        return row is not None and row == (cause, _stats(files))

    def keep(self, path: Path, files: tuple[Path, ...], cause: str) -> None:
        """Remember that these files have just been written for this cause."""
        self.gradebook.remember_written(_place(path), cause, _stats(files))


def _place(path: Path) -> str:
    return str(path.absolute())


def _stats(files: tuple[Path, ...]) -> str:
    """What the file system says of files; empty, which nothing equals, where one is missing."""
    found = []
    for file in files:
        try:
            told = os.lstat(file)
        except OSError:
            return f"{file} is missing"
        found.append(
            f"{told.st_mode} {told.st_ino} {told.st_size} {told.st_mtime_ns} {told.st_ctime_ns}"
        )
    return "; ".join(found)
