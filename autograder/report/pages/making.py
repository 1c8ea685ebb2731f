"""Makes the pages of a course out of its gradebook: reads each result once, writes what changed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.course.course import Assignment
from autograder.course.policy import Standing
from autograder.gradebook.marks import Books, Mark
from autograder.gradebook.roster import Person, Roster
from autograder.report.pages.assignment import Summary, look_at, summarise
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
    """What tells what its parts are made from."""
    key: str = ""
    changed: bool = True
    parts: list[str] = field(default_factory=list)
    strips: list[tuple[str, list[tuple[str, float, float]]]] = field(default_factory=list)
    got: float = 0.0
    most: float = 0.0


@dataclass
class Marked:
    """An assignment's marks, and the attempts behind them."""

    assignment: Assignment
    marks: Mapping[str, Mark]
    attempts: Mapping[str, Sequence[Standing]]
    key: str = ""

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
        often = gc.get_threshold()
        gc.set_threshold(
            50_000, 20, 50
        )  # hundreds of thousands of checks, none of them in a circle
        try:
            self._find_changed()
            handouts = Handouts(self.books.course, self.folder)
            summaries = []
            for marked in self.marked:
                rows = self._rows(marked, handouts, step)
                summaries.append(summarise(marked.assignment, rows))
            for pupil in self.pupils.values():
                self._student(pupil)
                step()
            self._index(summaries)
        except BaseException:
            if self.folder.path.is_dir():
                self.folder.remember()
            raise
        finally:
            gc.set_threshold(*often)
        self.folder.finish()
        return self.folder.written

    def _pupils(self) -> dict[str, Pupil]:
        """Everybody of the roster, then those who only have marks; each has a file."""
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
        """Which pages have to be made anew. No document is read for this."""
        course = self.books.course
        about = (engine_digest(), repr(course.feedback), course.title, str(course.zone))
        for marked in self.marked:
            one = marked.assignment
            stamps = self.books.gradebook.stamps(one.name, marked.counted)
            keys = []
            for student, mark in marked.marks.items():
                made_of = (stamps.get(student, ""), repr(marked.attempts.get(student, ())))
                key = digest(one.title, repr(mark), *made_of)
                keys.append(key + repr(self._people(mark)))
                for person in self._people(mark) if self.pupils else ():
                    self.pupils[person.student].keys.append(key)
            shown = (
                repr(one),
                repr(one.sections),
                repr(course.deadlines),
                repr([m.assignment for m in self.marked]),
            )
            marked.key = digest(*about, *shown, *keys)
        for pupil in self.pupils.values():
            pupil.key = digest(*about, repr(pupil.person), *pupil.keys)
            pupil.changed = not self.folder.current(pupil.file, pupil.key)

    def _people(self, mark: Mark) -> tuple[Person, ...]:
        return tuple(self.roster.person(member) for member in mark.members)

    def _rows(self, marked: Marked, handouts: Handouts, step: Callable[[], None]) -> list[Row]:
        """An assignment's rows; its page and its parts of students' pages are made on the way.

        Documents are read only where one of these has changed.
        """
        rows = [
            Row(self._people(mark), mark, tuple(marked.attempts.get(student, ())))
            for student, mark in marked.marks.items()
        ]
        assignment = marked.assignment
        link = handouts.links(assignment)
        page = f"{assignment.name}.html"
        key = digest(marked.key, str(bool(link)))
        current = self.folder.current(page, key)
        if current and not any(self._changed(row) for row in rows):
            for _ in marked.counted:
                step()
            return rows
        full = self._read(marked, rows, step)
        if not current:
            self._assignment(page, key, assignment, full, link)
        self._parts(assignment, full)
        return rows

    def _read(self, marked: Marked, rows: Sequence[Row], step: Callable[[], None]) -> list[Row]:
        """The rows with their results and links."""
        by_student = {row.mark.student: row for row in rows}
        book = self.books.gradebook
        for student, document in book.documents(marked.assignment.name, marked.counted):
            row = by_student[student]
            result = read_counted(document, row.mark, f"{book.path}: a result")
            by_student[student] = replace(row, result=result)
            step()
        return [replace(row, links=self._links(row.mark)) for row in by_student.values()]

    def _changed(self, row: Row) -> bool:
        pupils = (self.pupils.get(person.student) for person in row.people)
        return any(pupil.changed for pupil in pupils if pupil)

    def _links(self, mark: Mark) -> tuple[str, ...]:
        found = (self.pupils.get(person.student) for person in self._people(mark))
        return tuple(one.file if one else "" for one in found)

    def _assignment(
        self,
        page: str,
        key: str,
        assignment: Assignment,
        rows: list[Row],
        link: Callable[[str], str] | None,
    ) -> None:
        rows.sort(key=lambda row: (row.people[0].sortable_name.casefold(), row.mark.student))
        look = look_at(self.books.course, assignment, rows, anonymous=self.anonymous)
        text = render(
            "assignment.html",
            look=look,
            course=self.books.course.title,
            others=[(one.assignment.name, one.assignment.number) for one in self.marked],
            section_link=link or (lambda _: ""),
        )
        self.folder.write(page, text, key)

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
        if chart:
            chart.caption = "A box is a function, as wide as it is worth, filled by what it got."
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
        self.folder.write(pupil.file, page, pupil.key)
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
