"""The roster: who is in the course, and which uploads are whose.

It may be the kit's own `roster.csv`, or what Canvas, Moodle or Gradescope let an instructor
download: their columns are known by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.course.course import Course
from autograder.documents.tables import Row, read_table
from autograder.errors import UsageProblem
from autograder.gradebook.ledger import read_moment
from autograder.uploads.sources import safe_id
from autograder.uploads.submission import Source

FILE_NAME = "roster.csv"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "full name"),
    "first_name": ("first_name", "first name"),
    "last_name": ("last_name", "last name", "surname"),
    "email": ("email", "email address"),
    "section": ("section", "sections", "section name"),
    "canvas_id": ("canvas_id",),
    "sis_user_id": ("sis_user_id", "sis user id", "id number", "sid"),
    "sis_login_id": ("sis_login_id", "sis login id", "username"),
    "uploads": ("uploads", "upload"),
}


@dataclass(frozen=True)
class Person:
    """One line of the roster. `student` is the id under which grades are kept."""

    student: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    section: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    uploads: tuple[str, ...] = ()

    @property
    def sortable_name(self) -> str:
        """`King, Ada`."""
        if self.last_name:
            return f"{self.last_name}, {self.first_name}".removesuffix(", ")
        return self.name or self.student

    @property
    def names(self) -> tuple[str, str]:
        """First and last, as far as the roster tells them apart."""
        if self.last_name or self.first_name:
            return self.first_name, self.last_name
        last, comma, first = self.name.partition(",")
        if comma:
            return first.strip(), last.strip()
        first, _, last = self.name.rpartition(" ")
        return first, last


@dataclass(frozen=True)
class Roster:
    """Everybody, by id, and a way from an upload's name to its student."""

    people: Mapping[str, Person]
    path: Path | None = None

    @classmethod
    def load(cls, path: Path) -> Roster:
        """Read a roster. UsageProblem where a line names nobody, or two name the same."""
        people: dict[str, Person] = {}
        seen: dict[str, str] = {}
        for row in read_table(path).rows:
            person = _person(row)
            if person is None:
                continue
            if other := seen.get(person.student.casefold()):
                raise UsageProblem(f'{row.place}: "{person.student}" is there already ({other}).')
            seen[person.student.casefold()] = f"line {row.line}"
            people[person.student] = person
        if not people:
            raise UsageProblem(f"{path} names no students.")
        return cls(people, path)

    @classmethod
    def beside(cls, gradebook: Path, named: Path | None) -> Roster:
        """The roster that was named, or the one beside the gradebook, or an empty one."""
        path = named or gradebook.parent / FILE_NAME
        if named is None and not path.is_file():
            return cls({})
        return cls.load(path)

    def person(self, student: str) -> Person:
        """Somebody of the roster, or a person of whom only the id is known."""
        return self.people.get(student) or self._by_fold.get(
            student.casefold(), Person(student, name=student)
        )

    def of_upload(self, name: str) -> str | None:
        """The student whose upload is called this, or None. An ambiguous name is nobody's."""
        found = {
            person.student
            for person in self.people.values()
            if name.casefold() in _keys(person) or _by_number(name, person)
        }
        return found.pop() if len(found) == 1 else None

    def apply(self, sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
        """Uploads under their students' ids, and the names of those that are nobody's."""
        if not self.people:
            return list(sources), []
        named, strangers = [], []
        for source in sources:
            members = source.members or (source.id,)
            found = [self.of_upload(member) for member in members]
            strangers += [who for who, one in zip(members, found, strict=True) if one is None]
            ids = tuple(one or who for who, one in zip(members, found, strict=True))
            renamed = replace(
                source, id=safe_id("+".join(ids)), members=ids if source.members else ()
            )
            named.append(renamed)
        return named, strangers

    @property
    def _by_fold(self) -> dict[str, Person]:
        return {student.casefold(): person for student, person in self.people.items()}


def read_times(path: Path, course: Course) -> dict[str, datetime]:
    """When uploads came, by student or upload: a CSV file with `student,submitted_at`."""
    from autograder.documents.tables import read_rows

    return {
        row["student"].casefold(): read_moment(row["submitted_at"], course, row.place)
        for row in read_rows(path, ("student", "submitted_at"))
    }


def with_times(sources: Iterable[Source], times: Mapping[str, datetime]) -> list[Source]:
    """Uploads with the times told for them."""
    return [
        replace(source, submitted_at=times[source.id.casefold()])
        if source.id.casefold() in times
        else source
        for source in sources
    ]


def _person(row: Row) -> Person | None:
    """One line; None for Canvas' line of possible points."""
    cells = {name.casefold(): text for name, text in row.cells.items()}
    values = {
        field: next((cells[name] for name in names if cells.get(name)), "")
        for field, names in COLUMNS.items()
    }
    uploads = tuple(one.strip() for one in values.pop("uploads").split(";") if one.strip())
    student = cells.get("student", "")
    if "id" in cells:  # as Canvas writes it: "Student" is a name, "ID" is Canvas' own
        if student.strip().casefold() == "points possible" or student.startswith("Student, Test"):
            return None
        values["name"], student = student, ""
        values["canvas_id"] = cells["id"]
    for found in (
        student,
        values["sis_login_id"],
        values["email"].partition("@")[0],
        values["sis_user_id"],
        values["canvas_id"],
    ):
        if found:
            return Person(safe_id(found), uploads=uploads, **values)
    raise UsageProblem(
        f'{row.place}: nothing says who this is. A roster has a column "student", or is '
        "what Canvas, Moodle or Gradescope export, with a login, an e-mail address or a number."
    )


def _keys(person: Person) -> set[str]:
    """Names under which a person's uploads may come."""
    first, last = person.names
    names = {
        person.student,
        person.email,
        person.email.partition("@")[0],
        person.sis_user_id,
        person.sis_login_id,
        person.name,
        f"{first} {last}".strip(),
        "".join(re.findall(r"\w+", last + first)),  # as Canvas begins a file's name
        *person.uploads,
    }
    return {safe_id(name).casefold() for name in names if name}


def _by_number(name: str, person: Person) -> bool:
    """`kimada_123` by Canvas' number, `Ada Kim_2087` (Moodle) by the name before the number."""
    match = re.fullmatch(r"(.+)_(\d+)", name)
    if not match:
        return False
    if person.canvas_id:
        return match[2] == person.canvas_id
    return match[1].casefold() in _keys(person)
