"""Written tasks, `rubric.toml`: what is asked, and what each line of a rubric gives."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.course.manifest import read_toml
from autograder.documents.schema import decode, nearest
from autograder.errors import UsageProblem

FILE_NAME = "rubric.toml"


@dataclass(frozen=True)
class Line:
    """One line of a rubric: at most so many points, and for what."""

    points: float
    text: str


@dataclass(frozen=True)
class Task:
    """A written task that a person marks. Texts are Markdown with formulas between dollars."""

    id: str
    title: str
    points: float
    line: tuple[Line, ...]
    section: str = ""
    """The anchor of the handout's section that it asks about."""
    minutes: int = 0
    question: str = ""
    solution: str = ""
    advice: str = ""
    """What markers should agree on beyond the lines."""


@dataclass(frozen=True)
class Rubric:
    """`rubric.toml` as it is written."""

    task: tuple[Task, ...]


def read_tasks(path: Path, sections: Mapping[str, str]) -> tuple[Task, ...]:
    """The tasks of a file that makes sense; none where there is no file."""
    if not path.is_file():
        return ()
    tasks = decode(Rubric, read_toml(path), path).task
    for slip in _slips(tasks, sections):
        raise UsageProblem(f"{path}: {slip}")
    return tasks


def _slips(tasks: tuple[Task, ...], sections: Mapping[str, str]) -> Iterator[str]:
    names = [task.id for task in tasks]
    for task in tasks:
        place = f'task "{task.id}"'
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", task.id):
            yield (
                f'{place}: an "id" is lower-case letters, digits and hyphens, at most 41 of them '
                "(marks are kept under it)."
            )
        if names.count(task.id) > 1:
            yield f"{place} is there twice."
        if not task.title.strip():
            yield f'{place}: "title" is empty.'
        if not task.line:
            yield f'{place} has no lines: write at least one [[task.line]] with "points".'
        for number, line in enumerate(task.line, 1):
            if not 0 < line.points < math.inf:
                yield f"{place}, line {number}: points should be above 0, found {line.points:g}."
            if not line.text.strip():
                yield f'{place}, line {number}: "text" is empty.'
        together = round(sum(line.points for line in task.line), 6)
        if together != task.points:
            yield f"{place} has {task.points:g} points, but its lines come to {together:g}."
        if task.section and task.section not in sections:
            yield (
                f'{place}: "section" names "{task.section}", which is no section of the '
                f"handout{nearest(task.section, sections)}."
            )
