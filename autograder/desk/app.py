"""The desk's addresses, and what answers at each of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from autograder.desk.claims import Claims
from autograder.desk.forms import Form, get, line, post
from autograder.desk.guard import App, Guard, Session, Sessions
from autograder.desk.marking import Marking, missing
from autograder.desk.people import People
from autograder.desk.render import page
from autograder.desk.store import Store
from autograder.desk.work import Classroom, Piles
from autograder.errors import KitError

STATIC = {"desk.css": "text/css", "desk.js": "text/javascript", "desk.svg": "image/svg+xml"}


def make_app(
    classroom: Classroom,
    store: Store,
    sessions: Sessions,
    host: str,
    refresh: Callable[[str], None],
) -> App:
    """The whole desk, with its guard around it."""
    marking = Marking(classroom, store, Claims())
    people = People(classroom, store, refresh)
    desk = Desk(classroom, store, sessions, marking)
    work = "/mark/{assignment}/{task}/{key}"
    person = "/people/{assignment}/{student}"
    routes = [
        Route("/enter/{token}", desk.enter, methods=["GET"]),
        Route("/static/{name}", desk.static, methods=["GET"]),
        Route("/name", desk.ask_name, methods=["GET"]),
        Route("/name", post(desk.name), methods=["POST"]),
        Route("/blind", post(desk.blind), methods=["POST"]),
        Route("/", get(desk.overview), methods=["GET"]),
        Route("/markers", get(people.statistics), methods=["GET"]),
        Route("/mark/{assignment}/{task}", get(desk.queue), methods=["GET"]),
        Route(work, get(marking.show), methods=["GET"]),
        Route(work, post(marking.save), methods=["POST"]),
        Route(f"{work}/claim", post(marking.claim), methods=["POST"]),
        Route(f"{work}/code", get(marking.code), methods=["GET"]),
        Route(f"{work}/file/{{number:int}}", get(marking.file), methods=["GET"]),
        Route("/people/{assignment}", get(people.show), methods=["GET"]),
        Route(person, get(people.one), methods=["GET"]),
        Route(f"{person}/adjust", post(people.adjust), methods=["POST"]),
        Route(f"{person}/extend", post(people.extend), methods=["POST"]),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={404: desk.nothing_here, KitError: desk.problem},
    )
    return Guard(app, sessions, host)


class Desk:
    """The pages around marking: entering, the overview, the queues."""

    def __init__(
        self, classroom: Classroom, store: Store, sessions: Sessions, marking: Marking
    ) -> None:
        self.classroom, self.store, self.sessions = classroom, store, sessions
        self.marking = marking

    async def enter(self, request: Request) -> Response:
        """The printed address: the token becomes a session, and the marker says a name."""
        if not self.sessions.opens(request.path_params["token"]):
            return Response("This address is not, or no longer, the desk's.\n", 403)
        session = request.scope["session"] or self.sessions.new()
        response = page("enter.html", session, {"title": self.classroom.course.title})
        self.sessions.set_cookie(response, session)
        return response

    async def static(self, request: Request) -> Response:
        """The style sheet and the script."""
        name = request.path_params["name"]
        if name not in STATIC:
            return Response("Not found.\n", 404)
        content = files("autograder.desk").joinpath("static", name).read_bytes()
        return Response(content, media_type=f"{STATIC[name]}; charset=utf-8")

    async def ask_name(self, request: Request) -> Response:
        """Who is marking? Asked once a session."""
        values = {"title": self.classroom.course.title}
        return page("enter.html", request.scope["session"], values)

    def name(self, request: Request, session: Session, form: Form) -> Response:
        """Who is marking."""
        del request
        if who := line(form.get("who", ""), 60):
            session.who = who
            return RedirectResponse("/", 303)
        return page("enter.html", session, {"title": self.classroom.course.title}, 400)

    def blind(self, request: Request, session: Session, form: Form) -> Response:
        """Hide names, or show them."""
        del request
        session.blind = form.get("blind") == "1"
        target = form.get("back", "/")
        inside = target.startswith("/") and not target.startswith(("//", "/\\"))
        return RedirectResponse(target if inside else "/", 303)

    def overview(self, request: Request, session: Session) -> Response:
        """All tasks, with how far each of them is."""
        del request
        rows = [
            (assignment, task, Piles.of(self.marking.works(assignment, task, session)))
            for assignment in self.classroom.course.assignments
            for task in assignment.tasks
        ]
        values = {"course": self.classroom.course, "rows": rows}
        return page("overview.html", session, values)

    def queue(self, request: Request, session: Session) -> Response:
        """One task's answers, those that wait first."""
        names = request.path_params
        found = self.classroom.task(names["assignment"], names["task"])
        if found is None:
            return missing(session)
        piles = Piles.of(self.marking.works(*found, session))
        values = {
            "assignment": found[0],
            "task": found[1],
            "piles": piles,
            "start": next((one for one in (*piles.waiting, *piles.paper) if one.open), None),
            "person": self.classroom.roster.person,
            "saved": request.query_params.get("saved", "")[:12],
        }
        return page("queue.html", session, values)

    async def nothing_here(self, request: Request, error: Exception) -> Response:
        """An address that leads nowhere."""
        del error
        return missing(request.scope["session"])

    async def problem(self, request: Request, error: Exception) -> Response:
        """Something outside keeps a page from being shown, such as a slip in a file."""
        return page("problem.html", request.scope["session"], {"problem": str(error)}, 500)
