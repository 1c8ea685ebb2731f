"""Whose written work there is, in which order it is marked, and what was handed in."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.course.course import Assignment, Course
from autograder.course.rubric import Task
from autograder.desk.journal import Mark
from autograder.documents.results import Result
from autograder.errors import UsageProblem
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.marks import Books
from autograder.gradebook.marks import Mark as Standing
from autograder.gradebook.roster import Roster
from autograder.grading.grader import expected_of
from autograder.uploads.sources import as_committed, find_sources, without_doubles
from autograder.uploads.submission import Source, Submission, read_submission
from autograder.uploads.upload import Refused
from autograder.uploads.written import Wanted, Written, count_written, read_written

Sources = Mapping[str, Mapping[str, Source]]


@dataclass(frozen=True)
class Work:
    """One student's answer to one task. `key` names it in addresses, and says no name."""

    key: str
    student: str
    handed_in: bool
    files: int = 0
    mark: Mark | None = None
    held_by: str = ""
    """Who else has it open."""

    @property
    def open(self) -> bool:
        """Whether it waits for a marker."""
        return self.mark is None and not self.held_by


@dataclass(frozen=True)
class Classroom:
    """A course, its gradebook, its people and their uploads."""

    course: Course
    results: Path
    gradebook: Path
    roster: Roster
    sources: Sources
    """By assignment and student."""
    _counts: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def assignment(self, name: str) -> Assignment | None:
        """By its full name."""
        return next((one for one in self.course.assignments if one.name == name), None)

    def task(self, assignment: str, task: str) -> tuple[Assignment, Task] | None:
        """A written task by its names."""
        found = self.assignment(assignment)
        tasks = found.tasks if found else ()
        return next(((found, one) for one in tasks if found and one.id == task), None)

    def works(self, assignment: Assignment, task: Task, marks: Mapping[str, Mark]) -> list[Work]:
        """Everybody's answers to a task, in an order that says nothing about people."""
        handed, others = self._students(assignment)
        found = [
            Work(
                key_of(assignment.name, student),
                student,
                student in handed,
                self.count(assignment, task, student),
                marks.get(student),
            )
            for student in dict.fromkeys((*handed, *others, *marks))
        ]
        return sorted(found, key=lambda work: work.key)

    def _students(self, assignment: Assignment) -> tuple[set[str], set[str]]:
        """Ids of those who handed something in, and of the others in the roster."""
        handed = dict(self.sources.get(assignment.name, {}))
        members: set[str] = set()
        names = set(handed)
        if self.gradebook.is_file():
            with Gradebook(self.gradebook) as book:
                for student, attempts in book.standings(assignment.name).items():
                    names.add(student)
                    members |= {one.casefold() for one in attempts[-1].members if one != student}
        members |= {one.casefold() for source in handed.values() for one in source.members}
        known = members | {name.casefold() for name in names}
        return names, {one for one in self.roster.people if one.casefold() not in known}

    def written(self, assignment: Assignment, task: Task, student: str) -> list[Written]:
        """The files of a student's answer. Raises Refused where the upload can't be read."""
        source = self.sources.get(assignment.name, {}).get(student)
        return read_written(source, self._wanted(assignment, task)) if source else []

    def count(self, assignment: Assignment, task: Task, student: str) -> int:
        """How many files the answer has. Looked up once."""
        key = (assignment.name, task.id, student)
        if key not in self._counts:
            source = self.sources.get(assignment.name, {}).get(student)
            wanted = self._wanted(assignment, task)
            self._counts[key] = count_written(source, wanted) if source else 0
        return self._counts[key]

    def code(self, assignment: Assignment, student: str) -> Submission | None:
        """The submission as graders read it. Raises Refused."""
        source = self.sources.get(assignment.name, {}).get(student)
        if source is None:
            return None
        return read_submission(source, expected_of(self.course, assignment))

    def result(self, assignment: Assignment, student: str) -> Result | None:
        """The result that counts, with adjustments in its score."""
        if not self.gradebook.is_file():
            return None
        with Gradebook(self.gradebook) as book:
            found = book.attempts(assignment.name, student)
            books = Books(self.course, book, Ledger.load(self.gradebook.parent, self.course))
            if not found:
                return None
            newest = books.settle(found[-1])
            counted = (one for one in found if one.attempt == newest.counted_attempt)
            return books.settle(next(counted, newest))

    def standings(self) -> dict[str, dict[str, Standing]]:
        """All marks, by assignment and student."""
        if not self.gradebook.is_file():
            return {}
        with Gradebook(self.gradebook) as book:
            ledger = Ledger.load(self.gradebook.parent, self.course)
            return Books(self.course, book, ledger).marks()

    def _wanted(self, assignment: Assignment, task: Task) -> Wanted:
        return Wanted(
            assignment.name,
            {one.number for one in self.course.every if one.name != assignment.name},
            task.id,
            {one.id for one in assignment.tasks if one.id != task.id},
        )


@functools.cache
def key_of(assignment: str, student: str) -> str:
    """What stands for a student in an address of an assignment."""
    return hashlib.sha256(f"{assignment}\0{student}".encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Piles:
    """Answers to a task as they lie on a desk."""

    waiting: list[Work]
    """Handed in as files, not marked yet."""
    paper: list[Work]
    """Of those who handed in code only: what they wrote may lie there on paper."""
    marked: list[Work]
    others: list[Work]

    @classmethod
    def of(cls, works: Iterable[Work]) -> Piles:
        """Sorted, each in its order."""
        piles = cls([], [], [], [])
        for work in works:
            if work.mark is not None:
                piles.marked.append(work)
            elif work.files:
                piles.waiting.append(work)
            else:
                (piles.paper if work.handed_in else piles.others).append(work)
        return piles


def held(
    works: Iterable[Work],
    others: Mapping[tuple[str, str, str], str],
    task: Task,
    assignment: Assignment,
) -> list[Work]:
    """The same with who else has each of them open."""
    return [
        replace(work, held_by=others.get((assignment.name, task.id, work.student), ""))
        for work in works
    ]


def sources_of(course: Course, roster: Roster, paths: Sequence[str]) -> Sources:
    """Uploads by assignment: each path is `03=FOLDER`, or says by its folders' names what it is."""
    found: dict[str, dict[str, Source]] = {}
    for text in paths:
        for assignment, folder in _places(course, text):
            expected = expected_of(course, assignment)
            sources, _ = roster.apply(as_committed(find_sources([folder], expected), None))
            single, _ = without_doubles(sources)
            found.setdefault(assignment.name, {}).update({one.id: one for one in single})
    return found


def _places(course: Course, text: str) -> list[tuple[Assignment, Path]]:
    name, equals, rest = text.partition("=")
    if equals and not Path(text).exists():
        return [(course.assignment(name), Path(rest))]
    path = Path(text)
    if not path.is_dir():
        raise UsageProblem(f"--submissions {text}: there is no such folder.")
    by_name = {one.name: one for one in course.assignments}
    inside = [(one, path / name) for name, one in by_name.items() if (path / name).is_dir()]
    if inside:
        return inside
    if path.resolve().name in by_name:
        return [(by_name[path.resolve().name], path)]
    if len(course.assignments) == 1:
        return [(course.assignments[0], path)]
    raise UsageProblem(
        f"--submissions {text}: which assignment is that? Say it as 03={text}, or name a folder "
        f"that holds folders such as {course.assignments[0].name}."
    )


__all__ = ["Classroom", "Refused", "Sources", "Work", "held", "key_of", "sources_of"]
