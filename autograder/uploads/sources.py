"""Finds the submissions below a path, under the names that learning platforms give them."""

import re
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from autograder.errors import UsageProblem
from autograder.uploads.archives import DOCUMENTS, FOREIGN, NOTEBOOK, SUFFIXES, is_archive
from autograder.uploads.clones import find_commit, is_clone
from autograder.uploads.spellings import original_name, wanted_part
from autograder.uploads.submission import Expected, Source, is_code
from autograder.uploads.upload import Refused, is_written

MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?.*")
CANVAS = re.compile(r"(?P<name>.+?)_(?P<late>LATE_)?(?P<number>\d+)_\d+_.+")


def find_sources(paths: Sequence[Path], expected: Expected) -> list[Source]:
    """The submissions in all paths, by student. UsageProblem where there is nothing to grade."""
    found: list[Source] = []
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise UsageProblem(f"{path} does not exist.")
        found += _sources_in(path, expected)
    if not found:
        names = ", ".join(map(str, paths))
        raise UsageProblem(
            f"Nothing to grade in {names}: name a folder that holds {expected.package}/, "
            "a .zip or .tar.gz file, or a folder of these."
        )
    return sorted(found, key=lambda source: source.id)


def without_doubles(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Sources whose student is clear, and a sentence for each student with several uploads."""
    by_id: dict[str, list[Source]] = {}
    for source in sources:
        by_id.setdefault(source.id.casefold(), []).append(source)
    single = [found[0] for found in by_id.values() if len(found) == 1]
    words = [
        f"{' and '.join(str(source.paths[0]) for source in found)} both belong to the student "
        f'"{found[0].id}", who was not graded: keep one, or grade them one after the other.'
        for found in by_id.values()
        if len(found) > 1
    ]
    return single, words


def as_committed(sources: Sequence[Source], ref: str | None) -> list[Source]:
    """Clones among the sources as the commits that they stand for; other sources as they are.

    For `ref` see find_commit. Usernames are what is left of folders' names after the part that all
    of them share, as in CLASSROOM-ASSIGNMENT-USERNAME.
    """
    clones = [source for source in sources if is_clone(source.paths[0])]
    if ref is not None and len(clones) < len(sources):
        plain = next(source for source in sources if source not in clones)
        raise UsageProblem(f"--ref is for clones of git repositories; {plain.paths[0]} is none.")
    if clones and shutil.which("git") is None:
        raise UsageProblem("These are clones of git repositories: install git to read them.")
    shared = _shared_prefix([source.id for source in clones])
    found = []
    for source in sources:
        if source not in clones:
            found.append(source)
            continue
        named = replace(source, id=source.id[len(shared) :])
        try:
            commit = find_commit(source.paths[0], ref)
        except Refused as refusal:
            found.append(replace(named, refused=str(refusal)))
            continue
        moment = source.submitted_at or commit.moment
        found.append(replace(named, commit=commit.id, submitted_at=moment))
    return found


def _shared_prefix(names: Sequence[str]) -> str:
    """CLASSROOM-ASSIGNMENT-, where every name begins with it and has something after it."""
    shared: list[str] = []
    for parts in zip(*(name.split("-")[:-1] for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{part}-" for part in shared) if len(names) > 1 and len(shared) > 1 else ""


def _sources_in(path: Path, expected: Expected) -> list[Source]:
    if not path.is_dir() or path.is_symlink():
        return [_source(path)]
    if is_clone(path):
        return [replace(_source(path), id=safe_id(path.resolve().name))]
    lone = any((path / one).exists() for one in expected.files)
    among_archives = any(is_archive(entry.name) for entry in path.iterdir())
    if (path / expected.package).exists() or (lone and not among_archives):
        return [replace(_source(path), id=safe_id(path.resolve().name))]
    entries = sorted(
        entry for entry in path.iterdir() if not entry.name.startswith((".", "__MACOSX"))
    )
    metadata = path / "metadata.yml"
    listed = read_gradescope(metadata) if metadata.is_file() else {}
    sources = []
    loose: dict[str, list[Path]] = {}
    written: list[Path] = []
    for entry in entries:
        if entry.name in listed:
            sources.append(replace(listed[entry.name], paths=(entry,)))
        elif is_code(entry.name) and not entry.is_dir():
            loose.setdefault(_loose_id(entry, expected), []).append(entry)
        elif _is_loose_written(entry):
            written.append(entry)
        elif _is_upload(entry):
            sources.append(_source(entry))
    for who, files in loose.items():
        sources.append(replace(_source(files[0]), id=who, paths=tuple(files)))
    return _with_written(sources, written)


def _is_loose_written(entry: Path) -> bool:
    """Whether a platform put a student's written work beside the code, under the student's name."""
    named = CANVAS.fullmatch(entry.name) and is_written(PurePosixPath(original_name(entry.name)))
    return bool(named) and not entry.is_dir()


def _with_written(sources: list[Source], written: Sequence[Path]) -> list[Source]:
    """Written work after the code of the same student; by itself where there is no code."""
    found = {source.id: source for source in sources}
    for path in written:
        lone = _source(path)
        code = found.get(lone.id)
        found[lone.id] = replace(code, paths=(*code.paths, path)) if code else lone
    if len({source.id for source in sources}) < len(sources):
        return [*sources, *map(_source, written)]  # two uploads of one student: told elsewhere
    return list(found.values())


def _loose_id(entry: Path, expected: Expected) -> str:
    """Whose a single file is: Canvas says it, or what stands before the file's own name."""
    if CANVAS.fullmatch(entry.name):
        return _source(entry).id
    part = wanted_part(entry.name, expected.files)
    return safe_id(part[0] if part else re.sub(r"\.py(\.txt)?$", "", entry.name))


def _is_upload(entry: Path) -> bool:
    if entry.is_dir() and not entry.is_symlink():
        match = MOODLE.fullmatch(entry.name)
        return not match or match["kind"] == "file"
    return entry.name.lower().endswith((*SUFFIXES, *FOREIGN, *DOCUMENTS, NOTEBOOK))


def _source(path: Path) -> Source:
    """Who handed it in, by the name of the upload."""
    name = unicodedata.normalize("NFC", path.name)
    if match := MOODLE.fullmatch(name):
        return Source(safe_id(f"{match['name']}_{match['number']}"), (path,))
    if match := CANVAS.fullmatch(name):
        late = bool(match["late"])
        return Source(safe_id(f"{match['name']}_{match['number']}"), (path,), late=late)
    for suffix in (*SUFFIXES, *FOREIGN, *DOCUMENTS, NOTEBOOK):
        if not path.is_dir() and name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    return Source(safe_id(name), (path,))


def safe_id(name: str) -> str:
    """A student's id that is safe as a file name and in a table."""
    text = unicodedata.normalize("NFC", name).strip()
    text = re.sub(r"[^\w.@+ -]+", "_", text).strip(". ")
    return text[:80] or "unnamed"


def read_gradescope(path: Path) -> dict[str, Source]:
    """Who stands behind each `submission_N` folder, from the export's metadata.yml.

    Only the few keys that are needed are looked for: a whole YAML reader is not worth its weight.
    """
    found: dict[str, Source] = {}
    folder = ""
    people: list[dict[str, str]] = []
    moment: datetime | None = None

    def keep() -> None:
        if folder and people:
            members = tuple(dict.fromkeys(_identity(person) for person in people))
            found[folder] = Source(
                safe_id("+".join(members)), (path,), members=members, submitted_at=moment
            )

    in_submitters = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := re.fullmatch(r"(submission_\d+):\s*", line):
            keep()
            folder, people, moment, in_submitters = match[1], [], None, False
        elif match := re.fullmatch(r"  :?(\w+):\s*(.*)", line):
            in_submitters = match[1] == "submitters"
            if match[1] == "created_at" and moment is None:
                moment = _moment(_plain(match[2]))
        elif in_submitters and (match := re.fullmatch(r"\s*(- )?\s*:?(\w+):\s*(.*)", line)):
            if match[1]:
                people.append({})
            if people:
                people[-1][match[2]] = _plain(match[3])
    keep()
    return found


def _identity(person: dict[str, str]) -> str:
    email = person.get("email", "").partition("@")[0]
    return person.get("sid") or email or person.get("name") or "unnamed"


def _plain(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _moment(text: str) -> datetime | None:
    """`2026-10-01 12:00:00.000000000 Z`, as Gradescope writes it."""
    match = re.match(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?", text)
    if not match:
        return None
    zone = (match[3] or "Z").replace("Z", "+00:00")
    return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
