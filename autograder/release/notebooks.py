"""Lab notebooks: the handout's text, its code, the public checks and experiments, cell by cell.

The students' code stays in the package's files; a notebook runs it. No outputs are kept, and cell
ids come from headings, so that the same course gives the same bytes.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from autograder.course.course import AssignedFunction, Assignment, Course, slug
from autograder.errors import KitError
from autograder.release.handouts import handout_text

FILE_NAME = "lab.ipynb"
EXPERIMENTS = "lab.py"
FIGURES = "figures/"
LIBRARIES = {"numpy", "matplotlib"}
ORDER = "what-to-write-in-order"  # the handout's section that the functions follow

HOW = """\
**This notebook runs your code; you don't write it here.** Your functions stand in
`{package}/`, in {files}. Open these files beside the notebook, save, and run a cell again: it
uses what you saved. Cells that need a function that isn't written yet say so and wait."""

SETUP = """\
import sys
from pathlib import Path

ROOT = next(f for f in (Path.cwd(), *Path.cwd().parents) if (f / "check.py").is_file())
sys.path.insert(0, str(ROOT))

%load_ext autoreload
%autoreload 2
%load_ext autograder.student.notebook"""


@dataclass(frozen=True)
class Cell:
    """One cell. `checks` names the function whose public checks it runs."""

    id: str
    kind: Literal["markdown", "code"]
    source: str
    checks: AssignedFunction | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A piece of a handout or of lab.py, before it is a cell: text, or code as it stands there."""

    kind: Literal["markdown", "code"]
    source: str


def lab_notebook(course: Course, assignment: Assignment) -> str:
    """An assignment's notebook as the template has it, beside its handout."""
    return to_json(lab_cells(course, assignment))


def lab_cells(course: Course, assignment: Assignment, figures: str = FIGURES) -> list[Cell]:
    """All cells in order. `figures`: the folder of the handout's figures, from the notebook."""
    maker = _Maker(course)
    parts = list(handout_parts(assignment, course))
    cells: list[Cell] = []
    section = ""
    for number, part in enumerate(parts):
        heading = _heading(part)
        if section == ORDER and heading:
            cells += maker.own_part(assignment)
        section = heading or section
        cells.append(maker.cell(_with_figures(part, figures)))
        if number == 0:
            names = " and ".join(f"`{name}`" for name in assignment.files)
            text = HOW.format(package=course.package, files=names)
            cells += [Cell("how-it-works", "markdown", text), Cell("setup", "code", SETUP)]
    if not any(cell.checks for cell in cells):
        cells += maker.own_part(assignment)
    return cells


def to_json(cells: list[Cell]) -> str:
    """The notebook document."""
    document = {
        "cells": [_plain(cell) for cell in cells],
        "metadata": {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def handout_parts(assignment: Assignment, course: Course) -> Iterator[Part]:
    """The handout cut at its sections and around its Python blocks."""
    lines: list[str] = []
    code: list[str] | None = None
    for line in handout_text(course, assignment).splitlines():
        folded = sum(one.count("<details") - one.count("</details") for one in lines)
        if code is not None:
            if line.strip() == "```":
                block = "\n".join(code)
                if _runs(block, course.package):
                    yield from _text(lines)
                    lines = []
                    yield Part("code", block)
                else:
                    lines += ["```python", *code, "```"]
                code = None
            else:
                code.append(line)
        elif line == "```python" and not folded:
            code = []
        else:
            if line.startswith("## "):
                yield from _text(lines)
                lines = []
            lines.append(line)
    yield from _text(lines)


def experiment_parts(assignment: Assignment) -> Iterator[Part]:
    """The cells of `lab.py`, which is written in the percent format: `# %%`, `# %% [markdown]`."""
    path = assignment.folder / EXPERIMENTS
    if not path.is_file():
        return
    pieces = re.split(r"^# %%(.*)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for kind, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if kind.strip() == "[markdown]":
            yield Part("markdown", re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE))
        elif kind.strip():
            raise KitError(f"{path}: a cell begins with `# %%` or `# %% [markdown]`, not {kind!r}.")
        else:
            yield Part("code", body.strip())


class _Maker:
    """Gives cells their ids, and code what it needs."""

    def __init__(self, course: Course) -> None:
        self.course, self.package = course, course.package
        self.written = {one.name for item in course.assignments for one in item.functions}
        self.place = "start"
        self.count: Counter[str] = Counter()

    def cell(self, part: Part) -> Cell:
        self.place = _heading(part) or self.place
        source = part.source
        needed = self._needed(source) if part.kind == "code" else []
        if needed:
            source = f"%%needs {' '.join(needed)}\n{source}"
        stem = f"{'text' if part.kind == 'markdown' else 'code'}-{self.place[:50]}"
        self.count[stem] += 1
        return Cell(f"{stem}-{self.count[stem]}", part.kind, source)

    def own_part(self, assignment: Assignment) -> Iterator[Cell]:
        """What a handout has not: a place for each function, and the experiments."""
        for function in assignment.functions:
            file = f"{self.course.contract.functions[function.name].module}.py"
            number = assignment.sections.get(function.section, "")
            place = f", section {number}" if number else ""
            text = f"### `{function.name}`\n\nIn `{self.package}/{file}`{place}; "
            text += f"{function.points:g} point{'' if function.points == 1 else 's'}."
            yield Cell(f"function-{function.name}"[:64], "markdown", text)
            source = f'check("{function.name}")'
            yield Cell(f"check-{function.name}"[:64], "code", source, checks=function)
        for part in experiment_parts(assignment):
            yield self.cell(part)

    def _needed(self, source: str) -> list[str]:
        """Students' functions that a cell imports, in the order in which it names them."""
        names = [
            alias.name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(self.package)
            for alias in node.names
        ]
        return [name for name in dict.fromkeys(names) if name in self.written]


def _runs(source: str, package: str) -> bool:
    """Whether a block of a handout can be run with what every student has."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return False
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    return roots <= {package, *LIBRARIES, *sys.stdlib_module_names}


def _heading(part: Part) -> str:
    """The anchor of the heading that a text begins with."""
    match = re.match(r"#{1,3} (.+)", part.source) if part.kind == "markdown" else None
    return slug(match[1]) if match else ""


def _text(lines: list[str]) -> Iterator[Part]:
    text = "\n".join(lines).strip()
    if text:
        yield Part("markdown", text)


def _with_figures(part: Part, folder: str) -> Part:
    if part.kind == "markdown" and folder != FIGURES:
        return Part(part.kind, part.source.replace(f"]({FIGURES}", f"]({folder}"))
    return part


def _plain(cell: Cell) -> dict[str, Any]:
    """A cell as the notebook format has it."""
    plain: dict[str, Any] = {"cell_type": cell.kind}
    if cell.kind == "code":
        plain["execution_count"] = None
    plain |= {"id": cell.id, "metadata": dict(cell.metadata)}
    if cell.kind == "code":
        plain["outputs"] = []
    plain["source"] = cell.source.splitlines(keepends=True)
    return plain
