"""Names and texts as computers spoil them: what a browser, a mail or a shell made of a file."""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from autograder.uploads.upload import Entry, Refused, Upload, shown

COPY = re.compile(
    r"(?P<stem>.+?)(?: \(\d+\)|-\d+| - Cop(?:y|ie)| copy(?: \d+)?)?\.py(?:\.txt)?", re.IGNORECASE
)
BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def original_name(name: str) -> str:
    """`kimada_123_456_layernorm-1.py` as the student named it: `layernorm.py`."""
    match = re.fullmatch(r".+?_(?:LATE_)?\d+_\d+_(.+)", name)
    plain = match[1] if match else name
    return re.sub(r"-\d+(?=\.\w+$)", "", plain)


def plain_name(name: str) -> str:
    """A file's name before somebody copied it: of `layernorm (1).py` or `layernorm.py.txt`."""
    match = COPY.fullmatch(name)
    return f"{match['stem']}.py" if match else name


def wanted_part(name: str, wanted: Collection[str]) -> tuple[str, str] | None:
    """Who and what a loose file is: `ada_layernorm.py` is ("ada", "layernorm.py")."""
    for file in sorted(wanted, key=len, reverse=True):
        if match := re.fullmatch(rf"(.+?)[_ .-]+{re.escape(file)}", plain_name(name)):
            return match[1], file
    return None


def respelled(upload: Upload, wanted: Collection[str]) -> tuple[Upload, list[str]]:
    """The upload with spoilt names put right where the plain name is missing, and notes of it."""
    present = {entry.path for entry in upload.entries}
    real: dict[PurePosixPath, PurePosixPath] = {}
    entries: list[Entry] = []
    notes: list[str] = []
    for entry in upload.entries:
        plain = plain_name(entry.path.name)
        path = entry.path.with_name(plain)
        if plain not in wanted or path in present:
            entries.append(entry)
            continue
        if path in real:
            first, second = shown(real[path].name), shown(entry.path.name)
            raise Refused(f'"{first}" and "{second}" could both be "{plain}": keep one')
        real[path] = entry.path
        entries.append(Entry(path, entry.odd))
        notes.append(f'"{shown(entry.path.name)}" was taken for "{plain}".')

    def read(names: set[PurePosixPath]) -> dict[PurePosixPath, bytes]:
        found = upload.read({real.get(name, name) for name in names})
        return {name: found[real.get(name, name)] for name in names}

    return Upload(entries, read), notes


def as_utf8(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """Files as Python reads them: a Windows shell's `>` writes UTF-16, which it can't."""
    found: dict[str, bytes] = {}
    notes: list[str] = []
    for name, content in files.items():
        found[name] = content
        if encoding := BOMS.get(content[:2]) or _unmarked(content):
            try:
                found[name] = content.decode(encoding).encode()
            except UnicodeDecodeError:
                continue
            notes.append(f'"{shown(name)}" was text in UTF-16; it was read as that.')
    return found, notes


def _unmarked(content: bytes) -> str | None:
    """UTF-16 without its mark: code has letters of the first 256 nearly everywhere."""
    high, low = content[1:2000:2], content[:2000:2]
    if len(content) < 8 or len(content) % 2:
        return None
    if high.count(0) > 0.9 * len(high) and not low.count(0):
        return "utf-16-le"
    if low.count(0) > 0.9 * len(low) and not high.count(0):
        return "utf-16-be"
    return None
