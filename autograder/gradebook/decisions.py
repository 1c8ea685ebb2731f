"""Decisions about one student, checked before they are written down: who is meant, and what."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from autograder.course.course import Assignment, Course
from autograder.documents.schema import nearest
from autograder.errors import UsageProblem
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.ledger import (
    Extension,
    Ledger,
    add_adjustment,
    add_extension,
    read_moment,
    read_points,
)
from autograder.gradebook.marks import Books


@dataclass(frozen=True)
class Place:
    """A course, its gradebook, and a student of it who is surely meant."""

    course: Course
    assignment: Assignment
    student: str
    gradebook: Path

    @property
    def folder(self) -> Path:
        """Where the ledger's files lie."""
        return self.gradebook.parent

    @classmethod
    def find(
        cls,
        course: Course,
        assignment: Assignment,
        student: str,
        gradebook: Path,
        people: Collection[str],
    ) -> Place:
        """UsageProblem where neither roster nor gradebook knows the student: a slip."""
        members: dict[str, str] = {}
        known = set(people)
        if gradebook.is_file():
            with Gradebook(gradebook) as book:
                for name in book.assignments():
                    for one, attempts in book.standings(name).items():
                        known.add(one)
                        if name == assignment.name and len(attempts[-1].members) > 1:
                            members |= dict.fromkeys(attempts[-1].members, one)
        if group := members.get(student):
            raise UsageProblem(
                f'{student} handed in {assignment.name} with others, as "{group}": name that.'
            )
        found = [one for one in known if one.casefold() == student.casefold()]
        if not found:
            roster = "the roster" if people else "a roster"
            raise UsageProblem(
                f'Nobody is called "{student}"{nearest(student, known)}: neither {gradebook} nor '
                f"{roster} has it."
            )
        return cls(course, assignment, found[0], gradebook)

    def score(self) -> float | None:
        """The mark as it is now. Reading it also tells slips in the ledger's files, before any
        line is added to them."""
        ledger = Ledger.load(self.folder, self.course)
        with Gradebook(self.gradebook) as book:
            marks = Books(self.course, book, ledger).marks()
        mark = marks.get(self.assignment.name, {}).get(self.student)
        return mark.score if mark else None

    def adjust(self, points: str, *, who: str, why: str) -> float | None:
        """Give or take points. The mark of before."""
        value = read_points(points, "POINTS")
        if not value:
            raise UsageProblem("POINTS is 0, which changes nothing.")
        before = self.score()
        add_adjustment(
            self.folder, self.course, self.student, self.assignment.name, value, who=who, why=why
        )
        return before

    def extend(self, deadline: str, *, who: str, why: str) -> float | None:
        """Give a later deadline. The mark of before."""
        moment = read_moment(deadline, self.course, "DEADLINE")
        due = self.course.deadlines.get(self.assignment.name)
        if due is None:
            toml = self.course.root / "assignments" / "course.toml"
            raise UsageProblem(
                f"{self.assignment.name} has no deadline that could be extended: write it into "
                f"{toml}, below [deadlines]."
            )
        if moment <= due:
            raise UsageProblem(
                f"{moment.isoformat(sep=' ')} is not after the deadline of everybody, "
                f"{due.isoformat(sep=' ')}."
            )
        before = self.score()
        extension = Extension(self.student, self.assignment.name, moment, why)
        add_extension(self.folder, self.course, extension, who)
        return before
