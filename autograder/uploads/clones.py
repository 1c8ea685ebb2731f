"""Clones of students' git repositories: what is committed there, read without running anything.

A stranger's repository may name programs in its configuration (hooks, filters, pagers, transports).
None of it is read: git works on a repository of ours, with nothing in it, and only takes objects
from the clone's store; branches and tags are read here.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from autograder.uploads.upload import (
    Entry,
    Refused,
    Upload,
    UploadLimits,
    check_totals,
    ignored,
    limited,
    read_regular,
    shown,
)

SECONDS = 60  # for one call of git
MOST_REFS = 10_000
REF_BYTES = 2_000_000
HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MOMENT = re.compile(rb"^(?:tagger|committer) .*> (\d+) [+-]\d{4}$", re.MULTILINE)
TARGET = re.compile(rb"^object ([0-9a-f]+)$", re.MULTILINE)
ODD = {"120000": "a link", "160000": "a submodule"}


@dataclass(frozen=True)
class Commit:
    """A commit that stands for a hand-in, and when it says that it was made."""

    id: str
    moment: datetime | None


def is_clone(path: Path) -> bool:
    """Whether a folder is a clone."""
    git = path / ".git"
    return path.is_dir() and not path.is_symlink() and git.is_dir() and not git.is_symlink()


def find_commit(clone: Path, ref: str | None) -> Commit:
    """The commit that a reference of a clone names. Refused where there is none.

    `ref` is a branch, a tag, a pattern such as "submit/*" (of these tags the newest one counts) or
    a commit's full id; without it, what the clone has checked out.
    """
    with _git(clone) as git:
        if ref is None:
            return _commit(git, _head(clone))
        if HEX.fullmatch(ref):
            return _commit(git, ref)
        refs = _refs(clone)
        for kind in ("refs/tags", "refs/heads", "refs/remotes/origin"):
            if target := refs.get(f"{kind}/{ref}"):
                return _commit(git, target)
        tags = [refs[name] for name in refs if fnmatchcase(name, f"refs/tags/{ref}")]
        if commits := [_commit(git, target) for target in tags]:
            earliest = datetime.min.replace(tzinfo=UTC)
            return max(commits, key=lambda commit: commit.moment or earliest)
    raise Refused(f'the repository has no branch or tag "{shown(ref)}": nothing was handed in')


def open_commit(clone: Path, commit: str, limits: UploadLimits) -> Upload:
    """The files of a commit, as an upload. Nothing is checked out, no filter is applied."""
    with _git(clone) as git:
        listing = _run(git, "ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    entries, blobs = [], {}
    for line in filter(None, listing.split(b"\0")):
        head, _, name = line.partition(b"\t")
        mode, _, blob, size = head.decode("ascii").split()
        text = unicodedata.normalize("NFC", name.decode("utf-8", "replace"))
        path = PurePosixPath(text)
        if ignored(path) or ".." in path.parts:
            continue
        entries.append(Entry(path, ODD.get(mode, "")))
        blobs[path] = (blob, int(size) if size.isdigit() else 0)
        check_totals(len(entries), 0, 0, limits)

    def read(wanted: set[PurePosixPath]) -> dict[PurePosixPath, bytes]:
        check_totals(0, sum(blobs[path][1] for path in wanted), limits.total_bytes, limits)
        with _git(clone) as git:
            return {path: _blob(git, path, *blobs[path], limits) for path in wanted}

    return Upload(entries, read)


def _blob(
    git: dict[str, str], path: PurePosixPath, blob: str, size: int, limits: UploadLimits
) -> bytes:
    if size > limits.file_bytes:
        return limited(bytes(limits.file_bytes + 1), path, limits)
    return limited(_run(git, "cat-file", "blob", blob), path, limits)


def _commit(git: dict[str, str], target: str) -> Commit:
    """The commit behind a name: annotated tags are followed, and their time is what counts."""
    moment = None
    for _ in range(5):
        kind = _run(git, "cat-file", "-t", target).strip()
        if kind not in (b"tag", b"commit"):
            break
        text = _run(git, "cat-file", kind.decode(), target).partition(b"\n\n")[0]
        if moment is None and (match := MOMENT.search(text)):
            moment = _moment(int(match[1]))
        if kind == b"commit":
            return Commit(target, moment)
        if not (follow := TARGET.search(text)):
            break
        target = follow[1].decode()
    raise Refused("its reference names no commit")


def _moment(seconds: int) -> datetime | None:
    """None for times that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


@contextmanager
def _git(clone: Path) -> Iterator[dict[str, str]]:
    """An environment in which git knows our empty repository and the clone's objects."""
    store = clone / ".git" / "objects"
    if store.is_symlink() or not store.is_dir():
        raise Refused("its .git folder holds no objects: clone it again")
    if (store / "info" / "alternates").exists() or (store / "info" / "alternates").is_symlink():
        raise Refused("its .git folder borrows objects from another place: clone it again")
    with tempfile.TemporaryDirectory(prefix="autograder-git-") as own:
        for folder in ("objects", "refs"):
            (Path(own) / folder).mkdir()
        (Path(own) / "HEAD").write_text("ref: refs/heads/none\n")
        version, extra = "0", ""
        if _is_sha256(clone):
            version, extra = "1", "[extensions]\n\tobjectformat = sha256\n"
        (Path(own) / "config").write_text(
            f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extra}"
        )
        yield {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": own,
            "LC_ALL": "C",
            "GIT_DIR": own,
            "GIT_OBJECT_DIRECTORY": str(store.absolute()),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }


def _is_sha256(clone: Path) -> bool:
    """Whether the clone's objects have the longer names: by its own word, as text."""
    try:
        text = read_regular(clone / ".git" / "config", REF_BYTES)
    except (OSError, Refused):
        return False
    return bool(re.search(rb"^\s*objectformat\s*=\s*sha256\s*$", text, re.MULTILINE | re.I))


def _run(environment: dict[str, str], *arguments: str) -> bytes:
    """What a plumbing command of git prints. Refused where it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise Refused("its git repository can't be read in a minute") from None
    except subprocess.CalledProcessError:
        raise Refused("its git repository is damaged or incomplete: clone it again") from None
    return done.stdout


def _head(clone: Path) -> str:
    """What is checked out."""
    text = _text(clone / ".git" / "HEAD").strip()
    if HEX.fullmatch(text):
        return text
    name = text.removeprefix("ref: ")
    target = _refs(clone).get(name, "")
    if not target:
        raise Refused("its git repository has no commit: nothing was handed in")
    return target


def _refs(clone: Path) -> dict[str, str]:
    """Every branch and tag with the object that it names."""
    git = clone / ".git"
    if (git / "reftable").exists():
        raise Refused("its git repository keeps its references in a reftable: clone it again")
    found = {}
    for line in _text(git / "packed-refs").splitlines():
        target, _, name = line.partition(" ")
        if HEX.fullmatch(target):
            found[name] = target
    for folder, folders, names in os.walk(git / "refs"):
        folders[:] = [one for one in folders if not (Path(folder) / one).is_symlink()]
        for name in names:
            path = Path(folder) / name
            target = _text(path).strip()
            if HEX.fullmatch(target):
                found[path.relative_to(git).as_posix()] = target
            if len(found) > MOST_REFS:
                raise Refused(f"its git repository has more than {MOST_REFS:,} references")
    return found


def _text(path: Path) -> str:
    """A small file of a stranger's .git folder; empty where there is none to read."""
    try:
        return read_regular(path, REF_BYTES).decode("utf-8", "replace")
    except (OSError, Refused):
        return ""
