"""Students' marks, adjustments and extensions; and how markers have marked."""

from __future__ import annotations

import secrets
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from autograder.course.course import Assignment
from autograder.desk.forms import Form, line
from autograder.desk.guard import Session
from autograder.desk.journal import Mark, sync_file
from autograder.desk.marking import missing
from autograder.desk.render import page
from autograder.desk.store import Store
from autograder.desk.work import Classroom
from autograder.errors import KitError, UsageProblem
from autograder.gradebook.decisions import Place
from autograder.gradebook.ledger import ADJUSTMENTS, EXTENSIONS, Ledger


@dataclass(frozen=True)
class Marker:
    """How one person has marked one task."""

    who: str
    count: int
    mean: float
    spread: float
    """The standard deviation; 0 for a single mark."""
    least: float
    most: float


def markers(marks: Iterable[Mark]) -> list[Marker]:
    """By person, of the marks that hold."""
    by_person: dict[str, list[float]] = {}
    for mark in marks:
        by_person.setdefault(mark.who, []).append(mark.points)
    return [
        Marker(
            who,
            len(found),
            statistics.fmean(found),
            statistics.pstdev(found),
            min(found),
            max(found),
        )
        for who, found in sorted(by_person.items())
    ]


class People:
    """Decisions about single students, and statistics of markers."""

    def __init__(self, classroom: Classroom, store: Store, refresh: Callable[[str], None]) -> None:
        self.classroom, self.store, self.refresh = classroom, store, refresh
        self._done: set[str] = set()

    def show(self, request: Request, session: Session) -> Response:
        """Everybody's marks in an assignment."""
        assignment = self.classroom.assignment(request.path_params["assignment"])
        if assignment is None:
            return missing(session)
        standings = self.classroom.standings().get(assignment.name, {})
        students = sorted({*standings, *self.classroom.roster.people}, key=str.casefold)
        person = self.classroom.roster.person
        rows = [(one, person(one).name, standings.get(one)) for one in students]
        return page("people.html", session, {"assignment": assignment, "rows": rows})

    def one(self, request: Request, session: Session) -> Response:
        """One student's decisions, and forms for more."""
        found = self._found(request)
        said = {"saved": request.query_params.get("saved", "")}
        return self._page(*found, session, said) if found else missing(session)

    def adjust(self, request: Request, session: Session, form: Form) -> Response:
        """Points, as `autograder adjust` gives them."""
        return self._decide(request, session, form, "points", Place.adjust, ADJUSTMENTS)

    def extend(self, request: Request, session: Session, form: Form) -> Response:
        """A later deadline, as `autograder extend` gives it."""
        return self._decide(request, session, form, "deadline", Place.extend, EXTENSIONS)

    def statistics(self, request: Request, session: Session) -> Response:
        """How many marks each marker gave, their mean and spread, by task."""
        del request
        tables = [
            (assignment, task, markers(self.store.marks(assignment.name, task.id).values()))
            for assignment in self.classroom.course.assignments
            for task in assignment.tasks
        ]
        return page("markers.html", session, {"tables": [one for one in tables if one[2]]})

    def _decide(
        self,
        request: Request,
        session: Session,
        form: Form,
        field: str,
        decide: Callable[..., float | None],
        file: str,
    ) -> Response:
        found = self._found(request)
        if found is None:
            return missing(session)
        assignment, student = found
        why, value = line(form.get("why", ""), 2_000), line(form.get(field, ""))
        address = f"/people/{assignment.name}/{request.path_params['student']}"
        with self.store.lock:
            if form.get("form", "") in self._done:  # the same form, sent twice
                return RedirectResponse(f"{address}?saved={field}", 303)
            try:
                if not why:
                    raise UsageProblem("The reason is empty: the student should read one.")
                classroom = self.classroom
                place = Place.find(
                    classroom.course,
                    assignment,
                    student,
                    classroom.gradebook,
                    classroom.roster.people,
                )
                decide(place, value, who=session.who, why=why)
                self._done.add(form.get("form", ""))
                sync_file(place.folder / file)
                self.refresh(student)
            except KitError as problem:
                name = "entered_points" if field == "points" else field
                said = {"problem": str(problem), name: value, f"why_{field}": why}
                return self._page(assignment, student, session, said, 400)
        return RedirectResponse(f"{address}?saved={field}", 303)

    def _found(self, request: Request) -> tuple[Assignment, str] | None:
        assignment = self.classroom.assignment(request.path_params["assignment"])
        student = request.path_params["student"]
        if assignment is None:
            return None
        standings = self.classroom.standings().get(assignment.name, {})
        known = student in standings or student in self.classroom.roster.people
        return (assignment, student) if known else None

    def _page(
        self,
        assignment: Assignment,
        student: str,
        session: Session,
        said: dict[str, Any],
        status: int = 200,
    ) -> Response:
        classroom = self.classroom
        ledger = Ledger.load(classroom.gradebook.parent, classroom.course)
        mark = classroom.standings().get(assignment.name, {}).get(student)
        values = {
            "assignment": assignment,
            "student": student,
            "name": classroom.roster.person(student).name,
            "standing": mark,
            "adjustments": ledger.adjusted(student, assignment.name),
            "extensions": [
                one
                for one in ledger.extensions
                if one.assignment == assignment.name
                and one.student.casefold() == student.casefold()
            ],
            "due": classroom.course.deadlines.get(assignment.name),
            "form_id": secrets.token_hex(16),
            "saved": "",
            "problem": "",
            "entered_points": "",
            "deadline": "",
            "why_points": "",
            "why_deadline": "",
            **said,
        }
        return page("person.html", session, values, status)
