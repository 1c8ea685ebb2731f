"""Opens the desk: a socket, an address with a token, and uvicorn until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from autograder.course.course import Course
from autograder.desk.app import make_app
from autograder.desk.guard import Sessions, is_loopback
from autograder.desk.journal import Journal
from autograder.desk.store import Store
from autograder.desk.work import Classroom, sources_of
from autograder.errors import KitError, UsageProblem
from autograder.gradebook.roster import Roster
from autograder.grading.batch import refresh

OPEN = (
    "Warning: {host} is reachable from other machines. Whoever has the address can change marks, "
    "and nothing on the way is encrypted. For single colleagues, rather let the desk listen on "
    "127.0.0.1 and forward its port: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE"
)


def serve(
    course: Course,
    *,
    results: Path,
    gradebook: Path,
    roster: Path | None,
    submissions: Sequence[str],
    host: str,
    port: int,
    say: Callable[[str], None],
) -> None:
    """Run the desk until it is told to stop."""
    for assignment in course.assignments:
        _ = assignment.tasks  # a slip in a rubric is told before anybody has come
    people = Roster.beside(gradebook, roster)
    classroom = Classroom(
        course, results, gradebook, people, sources_of(course, people, submissions)
    )

    def follow(student: str) -> None:
        refresh(course, results, gradebook, student)

    with Journal(gradebook.parent) as journal, _listen(host, port) as listener:
        store = Store(course, gradebook.parent, journal, follow)
        if count := store.repair():
            say(f"Brought {count} saved mark(s) into the grades that a sudden end had kept out.")
        number = listener.getsockname()[1]
        sessions = Sessions(secrets.token_urlsafe(32), number)
        app = make_app(classroom, store, sessions, host, follow)
        shown = f"[{host}]" if ":" in host else host
        if not is_loopback(host):
            say(OPEN.format(host=host, port=number))
        say(f"The desk is open at http://{shown}:{number}/enter/{sessions.token}")
        say("Ctrl-C closes it. What was saved is kept.")
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # the token is in an address
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)  # whoever opens the printed address at once waits, and is not refused
    except socket.gaierror as error:
        raise UsageProblem(f"--host {host}: there is no such address here.") from error
    except OSError as error:
        raise KitError(
            f"{host}:{port} can't be listened on: {error.strerror}. Leave out --port, or name "
            "another."
        ) from error
    return listener
