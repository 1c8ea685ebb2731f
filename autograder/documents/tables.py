"""CSV files that people and spreadsheets write: read with slips told, appended to, escaped."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.documents.schema import nearest
from autograder.errors import KitError, UsageProblem

NUMBER = re.compile(r"-\d+(\.\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """A text cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text[:1] in FORMULA else text


def uncell(text: str) -> str:
    """The text of a cell again."""
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


def csv_text(rows: Iterable[Sequence[object]], line_end: str = "\n") -> str:
    """Rows as CSV; text that a spreadsheet would run is escaped, numbers are not."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end)
    for row in rows:
        writer.writerow([cell(one) if isinstance(one, str) else one for one in row])
    return out.getvalue()


@dataclass(frozen=True)
class Row:
    """One line of a file, by column."""

    source: Path
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def place(self) -> str:
        return f"{self.source}, line {self.line}"


@dataclass(frozen=True)
class Table:
    """A file as it is: its columns, its separator, its rows."""

    columns: tuple[str, ...]
    separator: str
    rows: tuple[Row, ...]


def read_table(path: Path) -> Table:
    """A CSV file with a header. Commas or semicolons; UTF-8, with a byte order mark or without."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageProblem(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageProblem(
            f'{path} is not in UTF-8: save it as "CSV UTF-8" and try again.'
        ) from error
    head = text.partition("\n")[0]
    separator = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows = []
    columns: tuple[str, ...] = ()
    for cells in reader:
        plain = [uncell(one.strip(" ")) for one in cells]
        if not any(plain):
            continue
        if not columns:
            columns = tuple(plain)
            continue
        if len(plain) > len(columns):
            raise UsageProblem(
                f"{path}, line {reader.line_num}: {len(plain)} cells, but the header has "
                f"{len(columns)} columns. Put a text with a {separator} in it in quotes."
            )
        rows.append(Row(path, reader.line_num, dict(zip(columns, plain, strict=False))))
    if not columns:
        raise UsageProblem(f"{path} is empty: its first line should name the columns.")
    return Table(columns, separator, tuple(rows))


def read_rows(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Iterable[Row]:
    """The rows of a file with exactly known columns."""
    table = read_table(path)
    known = [*required, *optional]
    for name in table.columns:
        if name not in known:
            raise UsageProblem(
                f'{path}: unknown column "{name}"{nearest(name, known)}. '
                f"Known here: {', '.join(known)}."
            )
    for name in required:
        if name not in table.columns:
            raise UsageProblem(f'{path}: the column "{name}" is missing.')
    for row in table.rows:
        for name in required:
            if not row[name]:
                raise UsageProblem(f'{row.place}: "{name}" is empty.')
    return table.rows


def append_row(path: Path, values: Mapping[str, str]) -> None:
    """Add one line at the end, in one write; a new file gets its header first."""
    columns, separator, before = tuple(values), ",", ""
    if path.is_file() and path.stat().st_size:
        table = read_table(path)
        columns, separator = table.columns, table.separator
        before = "" if path.read_bytes().endswith((b"\n", b"\r")) else "\n"
        if missing := [name for name in values if name not in columns]:
            raise UsageProblem(f'{path}: the column "{missing[0]}" is missing.')
    else:
        before = ",".join(columns) + "\n"
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    texts = [values.get(name, "") for name in columns]
    writer.writerow([text if NUMBER.fullmatch(text) else cell(text) for text in texts])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(path, mode, 0o666)
        with os.fdopen(descriptor, "ab") as file:
            file.write((before + out.getvalue()).encode())
    except OSError as error:
        raise KitError(f"{path} can't be written: {error.strerror}.") from error
