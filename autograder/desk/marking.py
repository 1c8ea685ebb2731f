"""The page of one student's answer to one task: read, mark, save, go on."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from autograder.course.course import Assignment
from autograder.course.rubric import Task
from autograder.desk.claims import Claims
from autograder.desk.code import CodeFile, Finding, code_files, findings, grouped
from autograder.desk.forms import Form, number, plain
from autograder.desk.guard import Session
from autograder.desk.render import page
from autograder.desk.store import Draft, Stale, Store
from autograder.desk.work import Classroom, Work, held
from autograder.errors import KitError, UsageProblem
from autograder.uploads.submission import Submission
from autograder.uploads.upload import Refused
from autograder.uploads.written import Written

OFFERED = 9  # comments used before
EMPTY = "No line has points. To give none at all, write a 0 into a line (key z: into every line)."


@dataclass(frozen=True)
class Spot:
    """One answer among all answers to its task."""

    assignment: Assignment
    task: Task
    works: Sequence[Work]
    position: int

    @property
    def work(self) -> Work:
        return self.works[self.position]

    def beside(self, step: int) -> Work | None:
        """The one before or after."""
        position = self.position + step
        return self.works[position] if 0 <= position < len(self.works) else None

    def next_open(self) -> Work | None:
        """The next one that waits for a marker, from here on and round; files before paper."""
        order = (*self.works[self.position + 1 :], *self.works[: self.position])
        waiting = [work for work in order if work.open and work.handed_in]
        return next((work for work in waiting if work.files), next(iter(waiting), None))

    @property
    def address(self) -> str:
        return f"/mark/{self.assignment.name}/{self.task.id}"


class Marking:
    """Everything about marks of written tasks."""

    def __init__(self, classroom: Classroom, store: Store, claims: Claims) -> None:
        self.classroom, self.store, self.claims = classroom, store, claims

    def works(self, assignment: Assignment, task: Task, session: Session) -> list[Work]:
        """All answers to a task, with their marks and who has them open."""
        marks = self.store.marks(assignment.name, task.id)
        works = self.classroom.works(assignment, task, marks)
        return held(works, self.claims.others(session.id), task, assignment)

    def spot(self, request: Request, session: Session) -> Spot | None:
        """What an address names."""
        names = request.path_params
        found = self.classroom.task(names["assignment"], names["task"])
        if found is None:
            return None
        works = self.works(*found, session)
        places = [at for at, work in enumerate(works) if work.key == names["key"]]
        return Spot(*found, works, places[0]) if places else None

    def show(self, request: Request, session: Session) -> Response:
        """The page. Looking at it claims the work."""
        spot = self.spot(request, session)
        if spot is None:
            return missing(session)
        mark = spot.work.mark
        entered = {
            "version": mark.version if mark else 0,
            "given": self._given(spot),
            "comment": mark.comment if mark else "",
        }
        said = {"saved": request.query_params.get("saved", "")[:12]}
        return self._page(spot, session, entered, said)

    def save(self, request: Request, session: Session, form: Form) -> Response:
        """Keep a mark, and go on to the next one."""
        spot = self.spot(request, session)
        if spot is None:
            return missing(session)
        lines = range(1, len(spot.task.line) + 1)
        texts = [form.get(f"line-{at}", "") for at in lines]
        entered: dict[str, Any] = {
            "version": int(form["version"]) if form.get("version", "").isdigit() else 0,
            "given": texts,
            "comment": plain(form.get("comment", "")),
        }
        try:
            if not any(text.strip() for text in texts):
                raise UsageProblem(EMPTY)
            draft = Draft(
                id=form.get("form", "")[:64] or secrets.token_hex(16),
                version=entered["version"],
                given=[
                    number(text, line.points, f"Line {at}")
                    for at, (text, line) in enumerate(zip(texts, spot.task.line, strict=True), 1)
                ],
                comment=entered["comment"].strip(),
                who=session.who,
            )
            self.store.save(spot.assignment, spot.task, spot.work.student, draft)
        except Stale as stale:
            entered["version"] = stale.current.version
            return self._page(spot, session, entered, {"stale": stale.current}, 409)
        except KitError as problem:
            status = 400 if isinstance(problem, UsageProblem) else 507
            return self._page(spot, session, entered, {"problem": str(problem)}, status)
        if left := self.store.enter():
            again = self.spot(request, session)
            assert again is not None
            words = f"Saved in {self.store.journal.path.name}, but not yet in the grades: {left}"
            return self._page(again, session, {**entered, "version": -1}, {"problem": words}, 507)
        self.claims.drop((spot.assignment.name, spot.task.id, spot.work.student), session.id)
        following = spot.next_open() if form.get("then") != "stay" else spot.work
        tail = f"/{following.key}" if following else ""
        return RedirectResponse(f"{spot.address}{tail}?saved={spot.work.key}", 303)

    def claim(self, request: Request, session: Session, form: Form) -> Response:
        """A sign of life of an open page, or its end."""
        spot = self.spot(request, session)
        if spot is None:
            return missing(session)
        key = (spot.assignment.name, spot.task.id, spot.work.student)
        if form.get("leave"):
            self.claims.drop(key, session.id)
            return Response(status_code=204)
        other = self.claims.take(key, session.who, session.id)
        return Response(other.who if other else "", media_type="text/plain; charset=utf-8")

    def file(self, request: Request, session: Session) -> Response:
        """A file of the written work, as what its first bytes say."""
        spot = self.spot(request, session)
        try:
            files = self._written(spot) if spot else []
        except Refused:
            files = []
        at = int(request.path_params["number"])
        if not 1 <= at <= len(files):
            return missing(session)
        found = files[at - 1]
        headers = {"Content-Disposition": "inline"}
        if found.kind == "pdf":  # a browser's own viewer needs its styles
            headers["Content-Security-Policy"] = (
                "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; "
                "frame-ancestors 'none'"
            )
        return Response(found.data, headers=headers, media_type=found.media_type)

    def _written(self, spot: Spot) -> list[Written]:
        return self.classroom.written(spot.assignment, spot.task, spot.work.student)

    def _given(self, spot: Spot) -> list[str]:
        """Points by line as they are; the line's text tells, where the rubric has changed since."""
        mark = spot.work.mark
        known = {line.text: line.points for line in mark.line} if mark else {}
        return [f"{known[line.text]:g}" if line.text in known else "" for line in spot.task.line]

    def _page(
        self,
        spot: Spot,
        session: Session,
        entered: dict[str, Any],
        said: dict[str, Any],
        status: int = 200,
    ) -> Response:
        work, classroom = spot.work, self.classroom
        key = (spot.assignment.name, spot.task.id, work.student)
        other = self.claims.take(key, session.who, session.id)
        problem = ""
        try:
            written = self._written(spot)
        except Refused as refusal:
            written, problem = [], str(refusal)
        code, notes, count = self._code(spot)
        values = {
            "spot": spot,
            "work": work,
            "mark": work.mark,
            "history": self.store.history(*key),
            "name": classroom.roster.person(work.student).name,
            "other": other.who if other else "",
            "written": written,
            "unreadable": problem,
            "files": code,
            "file_count": count,
            "findings": grouped(notes),
            "offered": self.store.comments(spot.assignment.name, spot.task.id)[:OFFERED],
            "form_id": secrets.token_hex(16),
            "section": spot.assignment.sections.get(spot.task.section, ""),
            "stale": None,
            "problem": "",
            "saved": "",
            **entered,
            **said,
        }
        return page("mark.html", session, values, status)

    def code(self, request: Request, session: Session) -> Response:
        """All files of the submission, on a page of their own."""
        spot = self.spot(request, session)
        if spot is None:
            return missing(session)
        files, _, _ = self._code(spot, every=True)
        name = self.classroom.roster.person(spot.work.student).name
        values = {"spot": spot, "work": spot.work, "name": name, "files": files}
        return page("code.html", session, values)

    def _code(
        self, spot: Spot, *, every: bool = False
    ) -> tuple[list[CodeFile], list[Finding], int]:
        """Files in colours, findings, and how many files there are."""
        assignment, student = spot.assignment, spot.work.student
        submission: Submission | None = None
        with suppress(Refused):
            submission = self.classroom.code(assignment, student)
        files = submission.files if submission else {}
        result = self.classroom.result(assignment, student)
        found = findings(result, files, assignment.files) if result else []
        return code_files(files, assignment.files, found, every=every), found, len(files)


def missing(session: Session) -> Response:
    """There is nothing at this address."""
    return page("missing.html", session, {}, 404)
