"""A submission's code in colours, and what the grader and its reader found, with file and line."""

from __future__ import annotations

import ast
import functools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.documents.results import CheckResult, Result
from autograder.report.words import explain, visible

MOST_LINES = 3_000  # of one file
MOST_LETTERS = 200_000
PLACE = re.compile(r"([\w/]+\.py)\D{1,8}line (\d+)|line (\d+) of (?:your )?([\w/]+\.py)")


@dataclass(frozen=True)
class CodeLine:
    """A line of a file as HTML, and whether something was found in it."""

    number: int
    html: Markup
    found: bool


@dataclass(frozen=True)
class CodeFile:
    """A file. `id` names it within a page."""

    id: str
    name: str
    lines: tuple[CodeLine, ...]
    hidden: tuple[str, ...]
    """Characters in it that nobody would see: bidi controls and the like."""
    cut: bool


@dataclass(frozen=True)
class Finding:
    """A failed check, or a note for readers; `line` 0: where is not known."""

    title: str
    text: str
    kind: str
    about: str
    """The function that it is about, or what kind of note it is."""
    file: str = ""
    line: int = 0
    lost: float = 0.0
    anchor: str = ""
    """The line's id within the page."""


def code_files(
    files: Mapping[str, bytes],
    asked: Collection[str],
    found: Iterable[Finding],
    *,
    every: bool = False,
) -> list[CodeFile]:
    """The files that the assignment asks for, then others in which something was found, or all."""
    lines: dict[str, set[int]] = {}
    for finding in found:
        lines.setdefault(finding.file, set()).add(finding.line)
    return [
        _file(f"file-{number}", name, files[name], lines.get(name, set()))
        for number, name in enumerate(_ordered(files, asked), 1)
        if every or name in lines or PurePosixPath(name).name in asked
    ]


def _ordered(files: Iterable[str], asked: Collection[str]) -> list[str]:
    return sorted(files, key=lambda name: (PurePosixPath(name).name not in asked, name))


def _file(anchor: str, name: str, content: bytes, found: set[int]) -> CodeFile:
    rows, hidden, cut = _coloured(content)
    lines = tuple(CodeLine(at, Markup(html), at in found) for at, html in enumerate(rows, 1))
    return CodeFile(anchor, name, lines, hidden, cut)


@functools.lru_cache(maxsize=256)  # much of what a class hands in is the same
def _coloured(content: bytes) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """A file's lines as HTML, what nobody would see in it, and whether it was cut."""
    raw = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    hidden = sorted({_told(c) for c in raw if unicodedata.category(c) == "Cf"})
    rows = visible(raw).split("\n")
    whole = "\n".join(rows[:MOST_LINES])
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    html = highlight(whole[:MOST_LETTERS], lexer, HtmlFormatter(nowrap=True))
    cut = len(rows) > MOST_LINES or len(whole) > MOST_LETTERS
    return tuple(html.rstrip("\n").split("\n")), tuple(hidden), cut


def _told(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name').lower()}"


def findings(result: Result, files: Mapping[str, bytes], asked: Collection[str]) -> list[Finding]:
    """Failed checks, then review notes. A check's place is the line that it names, or the `def`."""
    order = _ordered(files, asked)
    defined = _definitions({name: files[name] for name in order})
    found = []
    for check in result.checks:
        if not check.passed:
            file, line = _place(check, order) or defined.get(check.function, ("", 0))
            found.append(
                Finding(
                    title=check.title,
                    about=check.function,
                    text=explain(check, "full"),
                    kind="check",
                    file=file,
                    line=line,
                    lost=check.max_points - check.points,
                    anchor=_anchor(order, file, line),
                )
            )
    for note in result.review:
        file = _named(note.file, order)
        anchor = _anchor(order, file, note.line)
        title, about = note.kind.replace("_", " "), "To look at; costs nothing"
        found.append(Finding(title, note.message, "note", about, file, note.line, anchor=anchor))
    return found


def grouped(found: Iterable[Finding]) -> dict[str, list[Finding]]:
    """By what they are about, in their order."""
    groups: dict[str, list[Finding]] = {}
    for one in found:
        groups.setdefault(one.about, []).append(one)
    return groups


def _anchor(order: list[str], file: str, line: int) -> str:
    return f"file-{order.index(file) + 1}-{line}" if file in order and line else ""


def _place(check: CheckResult, order: list[str]) -> tuple[str, int] | None:
    """The line of their own code that a check's words name."""
    for match in PLACE.finditer(f"{check.message}\n{check.details}"):
        if file := _named(match[1] or match[4], order):
            return file, int(match[2] or match[3])
    return None


def _named(name: str, order: list[str]) -> str:
    """A file of the submission by the end of its name."""
    return next((one for one in order if one == name or one.endswith(f"/{name}")), "")


def _definitions(files: Mapping[str, bytes]) -> dict[str, tuple[str, int]]:
    """Where each function is defined at the top of a file; the last definition holds."""
    found: dict[str, tuple[str, int]] = {}
    for name, content in files.items():
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        here = {
            node.name: (name, node.lineno)
            for node in tree.body
            if isinstance(node, ast.FunctionDef)
        }
        found = here | found
    return found
