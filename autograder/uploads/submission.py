"""Turns what was handed in into submissions: a student, and the files that the jail may read."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from autograder.uploads.archives import (
    NOTEBOOK,
    Entry,
    Refused,
    Upload,
    UploadLimits,
    is_archive,
    open_bytes,
    open_upload,
    read_file,
    shown,
)
from autograder.uploads.clones import open_commit
from autograder.uploads.spellings import as_utf8, original_name, respelled, wanted_part

NEVER = {"sitecustomize.py", "usercustomize.py", "conftest.py", "check.py", "setup.py"}
NEVER_FOLDERS = {"autograder", "assignments", "handouts", "solutions", "tests"}
DEEPEST = 3  # folders around the package's folder


@dataclass(frozen=True)
class Expected:
    """What the course asks for: the package's name, its modules, the files of this assignment."""

    package: str
    modules: Collection[str]
    files: Collection[str]


@dataclass(frozen=True)
class Source:
    """One student's upload, not yet read."""

    id: str
    paths: tuple[Path, ...]
    members: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    late: bool = False
    commit: str = ""  # of a clone: what is read instead of the files that lie there
    refused: str = ""  # why there is nothing to read

    @property
    def name(self) -> str:
        return self.paths[0].name


@dataclass(frozen=True)
class Submission:
    """One student's upload, read: the files that are put where the jail can see them."""

    id: str
    name: str
    files: Mapping[str, bytes]
    digest: str
    members: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    packed: str = ""
    """The digest of the archive that was read, or the commit; empty for other uploads."""


@dataclass
class _Choice:
    """Where each wanted entry of an upload goes in the staged folder."""

    targets: dict[PurePosixPath, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, entry: Entry, *targets: str) -> None:
        if entry.odd:
            raise Refused(f'"{shown(str(entry.path))}" is {entry.odd}: hand in the file itself')
        self.targets[entry.path] = list(targets)


def read_submission(
    source: Source, expected: Expected, limits: UploadLimits | None = None
) -> Submission:
    """Read an upload. Raises Refused, with one sentence for the student."""
    limits = limits or UploadLimits()
    if source.refused:
        raise Refused(source.refused)
    files: dict[str, bytes] = {}
    notes: list[str] = []
    packed = f"commit {source.commit}" if source.commit else ""
    loose = [path for path in source.paths if is_code(path.name)]
    try:
        if source.commit:
            upload = open_commit(source.paths[0], source.commit, limits)
        elif loose:
            upload = _loose_files(loose, expected, limits)
        else:
            upload = open_upload(lone_archive(source.paths[0]), limits)
            packed = upload.packed
            upload = _unwrapped(upload, limits)
        files, notes = _gather(upload, expected)
        if source.commit:
            notes.append(f"Graded as it was committed in {source.commit[:10]}.")
    except OSError as error:
        raise Refused(f"it can't be read ({error.strerror})") from error
    if sum(map(len, files.values())) > limits.total_bytes:
        raise Refused(f"its Python files have more than {limits.total_bytes // 1_000_000} MB")
    return Submission(
        id=source.id,
        name=source.name,
        files=files,
        digest=digest_of(files),
        members=source.members,
        submitted_at=source.submitted_at,
        late=source.late,
        notes=tuple(notes),
        packed=packed,
    )


def opened(source: Source, limits: UploadLimits) -> Upload:
    """An upload that is a folder, an archive or a clone."""
    if source.commit:
        return open_commit(source.paths[0], source.commit, limits)
    return _unwrapped(open_upload(lone_archive(source.paths[0]), limits), limits)


def unread(source: Source, reason: str) -> Submission:
    """What stands for an upload that could not be read."""
    digest = hashlib.sha256(f"{source.name}\0{reason}".encode()).hexdigest()
    return Submission(
        source.id, source.name, {}, digest, source.members, source.submitted_at, source.late
    )


def digest_of(files: Mapping[str, bytes]) -> str:
    """Names and contents in one digest."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{len(files[name])}\0".encode())
        whole.update(files[name])
    return whole.hexdigest()


def is_code(name: str) -> bool:
    """Whether a single file with this name is taken for code."""
    return name.lower().endswith((".py", ".py.txt"))


def _loose_files(paths: Iterable[Path], expected: Expected, limits: UploadLimits) -> Upload:
    """Single files that a learning platform or a student renamed: the end of the name counts."""
    found: dict[PurePosixPath, Path] = {}
    for path in paths:
        name = original_name(path.name)
        part = wanted_part(name, expected.files)
        found[PurePosixPath(part[1] if part else name)] = path
    entries = [
        Entry(name, "a link" if path.is_symlink() else "") for name, path in sorted(found.items())
    ]
    return Upload(entries, lambda wanted: {one: read_file(found[one], limits) for one in wanted})


def lone_archive(path: Path) -> Path:
    """The archive in a folder that holds nothing else, as Moodle packs them; or the path itself."""
    if path.is_dir() and not path.is_symlink():
        found = [one for one in path.iterdir() if not one.name.startswith((".", "__MACOSX"))]
        if len(found) == 1 and is_archive(found[0].name):
            return found[0]
    return path


def _unwrapped(upload: Upload, limits: UploadLimits) -> Upload:
    """What an archive in an archive holds, where there is nothing else: one level, no more."""
    code = any(is_code(entry.path.name) for entry in upload.entries)
    inner = [one for one in upload.entries if is_archive(one.path.name) and not one.odd]
    if code or len(inner) != 1:
        return upload
    path = inner[0].path
    return open_bytes(path.name, upload.read({path})[path], limits)


def _gather(upload: Upload, expected: Expected) -> tuple[dict[str, bytes], list[str]]:
    modules = {f"{module}.py" for module in expected.modules}
    upload, notes = respelled(upload, {*modules, *expected.files})
    root = _package_root(upload.entries, expected)
    if root is not None:
        choice = _package_files(upload.entries, root, expected)
    else:
        choice = _lone_files(upload.entries, expected)
    blocks = upload.read(set(choice.targets))
    files = {name: blocks[path] for path, names in choice.targets.items() for name in names}
    folded: dict[str, str] = {}
    for name in files:
        if other := folded.get(name.casefold()):
            raise Refused(
                f'"{shown(other)}" and "{shown(name)}" differ in capital letters only: keep one'
            )
        folded[name.casefold()] = name
    files, decoded = as_utf8(files)
    return files, [*choice.notes, *notes, *decoded]


def _package_root(entries: Iterable[Entry], expected: Expected) -> PurePosixPath | None:
    """The folder that holds the package's folder: the outermost, and there must be one only."""
    roots: set[PurePosixPath] = set()
    near = ""
    for entry in entries:
        for depth, part in enumerate(entry.path.parts[:-1]):
            if depth <= DEEPEST and part == expected.package and entry.path.suffix == ".py":
                roots.add(PurePosixPath(*entry.path.parts[:depth]))
                break
            if part.casefold() == expected.package.casefold() and part != expected.package:
                near = part
        else:
            if entry.odd and entry.path.name == expected.package:
                raise Refused(
                    f'"{shown(str(entry.path))}" is {entry.odd}: hand in the folder itself'
                )
    if not roots:
        if near:
            raise Refused(f'the folder is named "{shown(near)}"; it must be "{expected.package}"')
        return None
    least = min(len(root.parts) for root in roots)
    outermost = sorted(root for root in roots if len(root.parts) == least)
    if len(outermost) > 1:
        names = " and ".join(f'"{shown(str(root / expected.package))}"' for root in outermost[:2])
        raise Refused(f"it holds two packages, {names}: hand in one")
    return outermost[0]


def _package_files(entries: Iterable[Entry], root: PurePosixPath, expected: Expected) -> _Choice:
    """The package's Python files, and helper modules beside it."""
    choice = _Choice()
    inside = [entry for entry in entries if entry.path.is_relative_to(root)]
    helpers = {
        entry.path.relative_to(root).parts[0]
        for entry in inside
        if entry.path.relative_to(root).parts[1:] == ("__init__.py",)
    }
    for entry in inside:
        relative = entry.path.relative_to(root)
        first = relative.parts[0]
        if relative.suffix != ".py" or relative.name in NEVER:
            continue
        beside = len(relative.parts) == 1 and not relative.name.startswith("test_")
        helper = first in helpers and first not in NEVER_FOLDERS
        if (first == expected.package and len(relative.parts) > 1) or beside or helper:
            choice.take(entry, str(relative))
    return choice


def _lone_files(entries: list[Entry], expected: Expected) -> _Choice:
    """The assignment's files without the package's folder around them, in one place only."""
    wanted = {name.casefold(): name for name in expected.files}
    places = {entry.path.parent for entry in entries if entry.path.name in expected.files}
    if not places:
        _refuse_nothing(entries, expected, wanted)
    if len(places) > 1:
        first, second = sorted(places)[:2]
        raise Refused(
            f'it holds the files of the assignment twice, in "{shown(str(first))}" and '
            f'"{shown(str(second))}": hand in one'
        )
    place = places.pop()
    choice = _Choice()
    for entry in entries:
        name = entry.path.name
        junk = entry.path.suffix != ".py" or name in NEVER or name.startswith("test_")
        if entry.path.parent != place or junk:
            continue
        if name.removesuffix(".py") in expected.modules or name == "__init__.py":
            choice.take(entry, f"{expected.package}/{name}")
        else:
            choice.take(entry, name, f"{expected.package}/{name}")
    choice.notes.append(
        f'The upload holds no folder "{expected.package}"; its files were taken for that folder\'s.'
    )
    return choice


def _refuse_nothing(entries: list[Entry], expected: Expected, wanted: Mapping[str, str]) -> None:
    for entry in entries:
        name = entry.path.name
        if name.casefold() in wanted:
            raise Refused(f'"{shown(name)}" must be named "{wanted[name.casefold()]}"')
    files = " or ".join(sorted(expected.files))
    ending = ""
    if not entries:
        ending = ": it is empty"
    elif any(entry.path.suffix == NOTEBOOK for entry in entries):
        ending = ": a notebook is for trying out, the functions belong into the .py files"
    elif packed := [entry.path.name for entry in entries if is_archive(entry.path.name)]:
        ending = f': it holds more archives ("{shown(packed[0])}"), unpack those first'
    raise Refused(f'it holds neither a folder "{expected.package}" nor {files}{ending}')
