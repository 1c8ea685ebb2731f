"""What every export is made from: the people, their marks, and the results behind them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.course.course import Assignment, Course
from autograder.documents.results import Result
from autograder.errors import UsageProblem
from autograder.gradebook.marks import Books, Mark
from autograder.gradebook.roster import Person, Roster


@dataclass(frozen=True)
class Sheet:
    """The marks of some assignments. Members of a group have a line each, with the same mark."""

    books: Books
    assignments: tuple[Assignment, ...]
    roster: Roster
    ids: Mapping[str, str] = field(default_factory=dict)
    """The platform's numbers of assignments, by our name."""
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def course(self) -> Course:
        return self.books.course

    def title(self, assignment: Assignment) -> str:
        """What the assignment is called on the platform."""
        return self.titles.get(assignment.name, f"{assignment.number} {assignment.title}")

    @functools.cached_property
    def _marks(self) -> dict[str, dict[str, Mark]]:
        """By assignment and person."""
        marks = self.books.marks()
        found: dict[str, dict[str, Mark]] = {}
        for assignment in self.assignments:
            by_person: dict[str, Mark] = {}
            for mark in marks.get(assignment.name, {}).values():
                for member in mark.members:
                    person = self.roster.person(member).student
                    if person in by_person:
                        raise _twice(person, by_person[person], mark)
                    by_person[person] = mark
            found[assignment.name] = by_person
        return found

    def mark(self, assignment: Assignment, person: Person) -> Mark | None:
        """A person's mark, or None."""
        return self._marks[assignment.name].get(person.student)

    def max_score(self, assignment: Assignment) -> float:
        """What the assignment is worth, without points that people add."""
        marks = self._marks[assignment.name].values()
        return max((mark.max_score for mark in marks), default=assignment.max_points)

    @functools.cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody of the roster, in its order; then those who only have marks."""
        return (*self.roster.people.values(), *self.strangers)

    @functools.cached_property
    def strangers(self) -> tuple[Person, ...]:
        """People with marks who are not in the roster."""
        names = {name for found in self._marks.values() for name in found}
        unknown = sorted(names - set(self.roster.people))
        return tuple(Person(name, name=name, sis_login_id=name) for name in unknown)

    @functools.cached_property
    def results(self) -> dict[tuple[str, str], Result]:
        """The result behind each mark, by assignment and the student it is kept under."""
        found = {}
        for assignment in self.assignments:
            counted = {mark.student: mark for mark in self._marks[assignment.name].values()}
            for result in self.books.gradebook.attempts(assignment.name):
                mark = counted.get(result.student)
                if mark is not None and mark.attempt == result.attempt:
                    found[assignment.name, result.student] = self.books.settle(result)
        return found


def _twice(person: str, first: Mark, second: Mark) -> UsageProblem:
    return UsageProblem(
        f'{person} has two marks in {first.assignment}, as "{first.student}" and as '
        f'"{second.student}", and only one can be exported. Grade that assignment into a new '
        "gradebook without the upload that should not count, or name in adjustments.csv and "
        "extensions.csv the student as the gradebook does."
    )
