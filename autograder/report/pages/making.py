"""Makes the pages of a course out of its gradebook: reads each result once, writes what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.course import Assignment
from autograder.course.policy import Standing
from autograder.gradebook.marks import Books, Mark
from autograder.gradebook.roster import Person, Roster
from autograder.report.pages.assignment import Look, Summary, look_at, summarise
from autograder.report.pages.charts import strips
from autograder.report.pages.files import Folder, digest
from autograder.report.pages.handouts import Handouts
from autograder.report.pages.overview import overlook
from autograder.report.pages.reading import read_counted
from autograder.report.pages.rows import Row, share_of
from autograder.report.pages.student import part_of
from autograder.report.pages.templating import engine_digest, render, safe
from autograder.report.words import points
from autograder.uploads.sources import safe_id

Progress = Callable[[int, int], None]


@dataclass
class Pupil:
    """A person on the way to a page: what it is made from, and the parts made so far."""

    person: Person
    file: str
    keys: list[str] = field(default_factory=list)
    changed: bool = True
    parts: list[str] = field(default_factory=list)
    strips: list[tuple[str, list[tuple[str, float, float]]]] = field(default_factory=list)
    got: float = 0.0
    most: float = 0.0


@dataclass(frozen=True)
class Marked:
    """An assignment's marks, and the attempts behind them."""

    assignment: Assignment
    marks: Mapping[str, Mark]
    attempts: Mapping[str, Sequence[Standing]]

    @property
    def counted(self) -> dict[str, int]:
        return {student: mark.attempt for student, mark in self.marks.items() if mark.attempt}


class Pages:
    """The pages about some assignments."""

    def __init__(
        self,
        books: Books,
        assignments: Sequence[Assignment],
        roster: Roster,
        target: Path,
        *,
        anonymous: bool = False,
    ) -> None:
        self.books, self.roster, self.anonymous = books, roster, anonymous
        self.folder = Folder(target, anonymous=anonymous)
        marks = books.marks()
        self.marked = [
            Marked(one, marks.get(one.name, {}), books.gradebook.standings(one.name))
            for one in assignments
        ]
        self.pupils = {} if anonymous else self._pupils()

    def write(self, progress: Progress) -> list[str]:
        """Write all pages that changed; their names. What was written stays, whatever happens."""
        hand_ins = sum(len(one.counted) for one in self.marked)
        done, total = 0, hand_ins + len(self.pupils)

        def step() -> None:
            nonlocal done
            done += 1
            progress(done, total)

        progress(0, total)
        try:
            self._find_changed()
            handouts = Handouts(self.books.course, self.folder)
            summaries = []
            for marked in self.marked:
                rows = list(self._rows(marked, step))
                self._assignment(marked.assignment, rows, handouts)
                self._parts(marked.assignment, rows)
                summaries.append(summarise(marked.assignment, rows))
            for pupil in self.pupils.values():
                self._student(pupil)
                step()
            self._index(summaries)
        except BaseException:
            if self.folder.path.is_dir():
                self.folder.remember()
            raise
        self.folder.finish()
        return self.folder.written

    def _pupils(self) -> dict[str, Pupil]:
        """Everybody of the roster, then those who only have marks, each with a file of their own."""
        people = dict(self.roster.people)
        for marked in self.marked:
            for mark in marked.marks.values():
                for member in mark.members:
                    person = self.roster.person(member)
                    people.setdefault(person.student, person)
        taken: set[str] = set()
        found = {}
        for person in people.values():
            name = safe_id(person.student)
            if name.casefold() in taken:  # two ids that are one file's name
                name = f"{name}-{digest(person.student)[:8]}"
            taken.add(name.casefold())
            found[person.student] = Pupil(person, f"students/{name}.html")
        return found

    def _find_changed(self) -> None:
        """Which students' pages have to be made anew."""
        if not self.pupils:
            return
        policy = self.books.course.feedback.disclosure
        engine = engine_digest()
        for marked in self.marked:
            documents = {student: document for student, document, _ in self._documents(marked)}
            for student, mark in marked.marks.items():
                attempts = repr(marked.attempts.get(student, ()))
                title = marked.assignment.title
                key = digest(documents.get(student, ""), title, repr(mark), attempts)
                for person in self._people(mark):
                    self.pupils[person.student].keys.append(key)
        course = self.books.course
        for pupil in self.pupils.values():
            about = (engine, policy, course.title, str(course.zone), repr(pupil.person))
            pupil.keys = [digest(*about, *pupil.keys)]
            pupil.changed = not self.folder.current(pupil.file, pupil.keys[0])

    def _documents(self, marked: Marked) -> Iterator[tuple[str, str, Any]]:
        return self.books.gradebook.counted(marked.assignment.name, marked.counted)

    def _people(self, mark: Mark) -> tuple[Person, ...]:
        return tuple(self.roster.person(member) for member in mark.members)

    def _rows(self, marked: Marked, step: Callable[[], None]) -> Iterator[Row]:
        """Everything that was handed in, with its result; and marks that people alone gave."""
        source = f"{self.books.gradebook.path}: a result"
        without = {student for student, mark in marked.marks.items() if not mark.attempt}
        for student in without:
            mark = marked.marks[student]
            yield Row(self._people(mark), mark, links=self._links(mark))
        for student, document, _ in self._documents(marked):
            mark = marked.marks[student]
            yield Row(
                self._people(mark),
                mark,
                tuple(marked.attempts[student]),
                read_counted(document, mark, source),
                self._links(mark),
            )
            step()

    def _links(self, mark: Mark) -> tuple[str, ...]:
        found = (self.pupils.get(person.student) for person in self._people(mark))
        return tuple(one.file if one else "" for one in found)

    def _assignment(self, assignment: Assignment, rows: list[Row], handouts: Handouts) -> None:
        rows.sort(key=lambda row: (row.people[0].sortable_name.casefold(), row.mark.student))
        look: Look = look_at(self.books.course, assignment, rows, anonymous=self.anonymous)
        page = render(
            "assignment.html",
            look=look,
            course=self.books.course.title,
            others=[(one.assignment.name, one.assignment.number) for one in self.marked],
            section_link=handouts.links(assignment),
        )
        self.folder.write(f"{assignment.name}.html", page)

    def _parts(self, assignment: Assignment, rows: Sequence[Row]) -> None:
        """What the students' pages say of it; a group's members read the same."""
        course = self.books.course
        for row in rows:
            pupils = [self.pupils.get(person.student) for person in row.people]
            changed = [pupil for pupil in pupils if pupil and pupil.changed]
            if not changed:
                continue
            part = part_of(
                row, assignment.number, assignment.title, course.feedback.disclosure, course.zone
            )
            html = render("part.html", part=part)
            label = f"{assignment.number} {assignment.title}"
            got = [(one.name, one.got, one.worth) for one in part.functions]
            for pupil in changed:
                pupil.parts.append(html)
                pupil.got += row.mark.score or 0.0
                pupil.most += row.mark.max_score
                if got:
                    pupil.strips.append((label, got))

    def _student(self, pupil: Pupil) -> None:
        if not pupil.changed:
            return
        words = ", ".join(
            f"{label} {points(sum(one[1] for one in got))} of {sum(one[2] for one in got):g}"
            for label, got in pupil.strips
        )
        chart = strips("Points by function", f"{words}.", pupil.strips) if pupil.strips else None
        page = render(
            "student.html",
            person=pupil.person,
            course=self.books.course.title,
            chart=chart,
            parts=[safe(part) for part in pupil.parts],
            got=pupil.got,
            most=pupil.most,
            share=share_of(pupil.got, pupil.most),
        )
        self.folder.write(pupil.file, page, pupil.keys[0])
        pupil.parts.clear()

    def _index(self, summaries: Sequence[Summary]) -> None:
        by_person: list[dict[str, Mark]] = [
            {
                person.student: mark
                for mark in marked.marks.values()
                for person in self._people(mark)
            }
            for marked in self.marked
        ]
        people = sorted(
            (pupil.person for pupil in self.pupils.values()),
            key=lambda one: (one.sortable_name.casefold(), one.student),
        )
        overview = overlook(
            self.books.course,
            summaries,
            people,
            {one.student: [marks.get(one.student) for marks in by_person] for one in people},
            {name: pupil.file for name, pupil in self.pupils.items()},
            anonymous=self.anonymous,
        )
        self.folder.write("index.html", render("index.html", overview=overview))
