"""Marks of written tasks: the newest of each, saved so that none is lost and none counts twice.

A save has three steps: a line in marking.jsonl, which is the promise; a row in adjustments.csv,
written by the ledger's own code; and the word that the row is there. Whatever a kill leaves undone
is done when the desk opens next.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.course import Assignment, Course
from autograder.course.rubric import Task
from autograder.desk.journal import Journal, LineMark, Mark, sync_file
from autograder.documents.tables import read_rows, uncell
from autograder.errors import KitError
from autograder.gradebook.ledger import (
    ADJUSTMENT_COLUMNS,
    ADJUSTMENTS,
    Ledger,
    add_adjustment,
    adjustment_row,
    now,
)

Key = tuple[str, str, str]
Row = tuple[tuple[str, str], ...]


class Stale(Exception):
    """Somebody else has marked the same since; nothing was saved."""

    def __init__(self, current: Mark) -> None:
        super().__init__(f"{current.who} has marked this meanwhile")
        self.current = current


@dataclass(frozen=True)
class Draft:
    """A mark as a form sends it."""

    id: str
    """Of the form: the same form sent twice is saved once."""
    version: int
    """Of the mark that the form showed; 0 where there was none."""
    given: Sequence[float]
    comment: str
    who: str


class Store:
    """All marks of a gradebook's folder. Used by several threads."""

    def __init__(
        self, course: Course, folder: Path, journal: Journal, refresh: Callable[[str], None]
    ) -> None:
        """`refresh` brings a student's feedback up to date."""
        self.course, self.folder, self.journal, self.refresh = course, folder, journal, refresh
        self.lock = threading.RLock()
        self._history: dict[Key, list[Mark]] = {}
        self._by_id: dict[str, Mark] = {}
        self._open: dict[str, Mark] = {}
        self._doubtful: set[str] = set()
        for entry in journal.entries:
            if entry.mark is not None:
                self._take(entry.mark)
            else:
                self._open.pop(entry.entered, None)
        self._doubtful |= set(self._open)

    def repair(self) -> int:
        """Finish saves that a kill has cut short; how many there were."""
        with self.lock:
            count = len(self._open)
            self._enter_all()
            return count

    def history(self, assignment: str, task: str, student: str) -> list[Mark]:
        """All marks of one student's task, oldest first."""
        with self.lock:
            return list(self._history.get((assignment, task, student), ()))

    def current(self, assignment: str, task: str, student: str) -> Mark | None:
        """The mark that holds."""
        found = self.history(assignment, task, student)
        return found[-1] if found else None

    def marks(self, assignment: str, task: str) -> dict[str, Mark]:
        """The marks that hold of one task, by student."""
        with self.lock:
            return {
                student: found[-1]
                for (where, what, student), found in self._history.items()
                if (where, what) == (assignment, task)
            }

    def comments(self, assignment: str, task: str) -> list[str]:
        """Comments' lines that were used on this task, the most frequent first."""
        lines = Counter(
            line.strip()
            for mark in self.marks(assignment, task).values()
            for line in mark.comment.splitlines()
            if line.strip()
        )
        return [line for line, _ in lines.most_common()]

    def save(self, assignment: Assignment, task: Task, student: str, draft: Draft) -> Mark:
        """Keep a mark. When this returns, it is on the disk. Stale where another one is newer."""
        with self.lock:
            if earlier := self._by_id.get(draft.id):
                return earlier
            Ledger.load(self.folder, self.course)  # a slip in the files is told before any line
            before = self.current(assignment.name, task.id, student)
            if before and before.version != draft.version:
                raise Stale(before)
            mark = self._marked(assignment, task, student, draft, before)
            self.journal.add(mark=mark)
            self._take(mark)
            return mark

    def enter(self) -> str:
        """Bring saved marks into adjustments.csv and feedback; what went wrong, or nothing."""
        try:
            with self.lock:
                self._enter_all()
        except KitError as error:
            return str(error)
        return ""

    def _marked(
        self, assignment: Assignment, task: Task, student: str, draft: Draft, before: Mark | None
    ) -> Mark:
        lines = tuple(
            LineMark(line.text, round(given, 4), line.points)
            for line, given in zip(task.line, draft.given, strict=True)
        )
        total = round(sum(line.points for line in lines), 4)
        return Mark(
            id=draft.id,
            assignment=assignment.name,
            task=task.id,
            student=student,
            version=before.version + 1 if before else 1,
            line=lines,
            points=total,
            adds=round(total - (before.points if before else 0.0), 4) + 0.0,
            comment=draft.comment,
            who=draft.who,
            when=now(self.course),
            why=reason(task, lines, total, draft.comment, before),
        )

    def _take(self, mark: Mark) -> None:
        self._history.setdefault((mark.assignment, mark.task, mark.student), []).append(mark)
        self._by_id[mark.id] = mark
        self._open[mark.id] = mark

    def _enter_all(self) -> None:
        if not self._open:
            return
        path = self.folder / ADJUSTMENTS
        there = _rows(path) if self._doubtful else Counter()
        for mark in list(self._open.values()):
            row = _row(mark)
            if mark.id in self._doubtful and there[row]:
                there[row] -= 1  # a kill came between the row and the word that it is there
            else:
                self._doubtful.add(mark.id)
                add_adjustment(
                    self.folder,
                    self.course,
                    mark.student,
                    mark.assignment,
                    mark.adds,
                    who=mark.who,
                    why=mark.why,
                    when=mark.when,
                )
                sync_file(path)
            self.refresh(mark.student)
            self.journal.add(entered=mark.id)
            del self._open[mark.id]
            self._doubtful.discard(mark.id)


def reason(
    task: Task, lines: Sequence[LineMark], total: float, comment: str, before: Mark | None
) -> str:
    """What the student reads: the points, what is missing, and the marker's words, on one line."""
    missing = [
        f"{line.text} (-{line.most - line.points:g})" for line in lines if line.points < line.most
    ]
    text = f"written task, {task.title}: {total:g} of {task.points:g}"
    if before is not None:
        text += f" instead of {before.points:g}"
    if missing and total:
        text += f"; missing: {'; '.join(missing)}"
    if comment.strip():
        text += f". {comment}"
    return " ".join(text.split())


def _row(mark: Mark) -> Row:
    row = adjustment_row(mark.student, mark.assignment, mark.adds, mark.who, mark.when, mark.why)
    return tuple((name, uncell(text.strip(" "))) for name, text in row.items())


def _rows(path: Path) -> Counter[Row]:
    """The rows of adjustments.csv as they are compared, with how often each is there."""
    if not path.is_file() or not path.stat().st_size:
        return Counter()
    names = ADJUSTMENT_COLUMNS
    rows = read_rows(path, names[:3], names[3:])
    return Counter(tuple((name, row[name]) for name in names) for row in rows)
