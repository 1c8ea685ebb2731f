"""The folder of the pages: whole files or none, and only those that changed are written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from autograder.documents.files import replace_file
from autograder.errors import KitError, UsageProblem

MADE = ".made.json"


class Folder:
    """A folder that remembers from what each of its pages was made."""

    def __init__(self, path: Path, *, anonymous: bool) -> None:
        self.path, self.anonymous = path, anonymous
        self.written: list[str] = []
        self.before = self._read()
        self.now: dict[str, str] = {}

    def current(self, name: str, key: str) -> bool:
        """Whether the page is there and was made from the same; it is kept then."""
        entry = self.before.get(name)
        if entry is None or entry.partition(" ")[0] != key:
            return False
        try:
            size = (self.path / name).stat().st_size
        except OSError:
            return False
        if str(size) != entry.partition(" ")[2]:
            return False
        self.now[name] = entry
        return True

    def write(self, name: str, text: str, key: str = "") -> None:
        """Write a page; it is either the old one or the new one, never half of it."""
        content = text.encode()
        self._replace(name, content)
        self.now[name] = f"{key or digest(text)} {len(content)}"

    def finish(self) -> None:
        """Remove pages of what is gone, and remember the rest."""
        for name in set(self.before) - set(self.now):
            (self.path / name).unlink(missing_ok=True)
        self.before = {}
        self.remember()

    def remember(self) -> None:
        """Keep what is known so far; pages not reached stay as they were."""
        pages = dict(sorted({**self.before, **self.now}.items()))
        text = json.dumps({"anonymous": self.anonymous, "pages": pages}, indent=0)
        self._replace(MADE, text.encode() + b"\n", told=False)

    def _replace(self, name: str, content: bytes, *, told: bool = True) -> None:
        path = self.path / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            changed = replace_file(path, content)
        except OSError as error:
            raise KitError(
                f"{path} can't be written: {error.strerror}. Make room or name another folder "
                "with --to DIR, and run the same command again."
            ) from error
        if told and changed:
            self.written.append(name)

    def _read(self) -> dict[str, str]:
        path = self.path / MADE
        try:
            data = json.loads(path.read_bytes())
            pages, anonymous = dict(data["pages"]), bool(data["anonymous"])
        except (OSError, ValueError, KeyError, TypeError):
            named = (self.path / "students").is_dir()
            pages, anonymous = {"students": ""} if named else {}, not named and self.anonymous
        if anonymous is not self.anonymous and pages:
            kind = "pages with names" if self.anonymous else "pages without names"
            raise UsageProblem(
                f"{self.path} holds {kind}, and the two should not be mixed: name another folder "
                "with --to DIR."
            )
        return {str(name): str(entry) for name, entry in pages.items()}


def digest(*texts: str) -> str:
    """A short name for what a page was made from."""
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass"))
        found.update(b"\0")
    return found.hexdigest()
