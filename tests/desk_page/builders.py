"""A desk over the tiny course, opened in this process or as the real command."""

import re
import subprocess
from contextlib import contextmanager

from starlette.testclient import TestClient

from autograder.course.course import Course
from autograder.desk.app import make_app
from autograder.desk.guard import Sessions
from autograder.desk.journal import Journal
from autograder.desk.store import Store
from autograder.desk.work import Classroom, sources_of
from autograder.gradebook.roster import Roster
from autograder.grading.batch import refresh
from tests.desk import RIGHT, SLIP

TOKEN = "a-token-for-tests"
TASK = "/mark/01_double/why-two"
PEOPLE = {"ada": RIGHT, "bob": SLIP, "cyd": RIGHT}


def hand_in(desk, people=PEOPLE, text="Both copies pass dy on.\n"):
    """Uploads with code and a written answer each."""
    for name, files in people.items():
        desk.hand_in(name, files | {"written.md": text})


class Page:
    """A browser's session, without a browser."""

    def __init__(self, app, who="Grace"):
        self.http = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
        self.http.get(f"/enter/{TOKEN}")
        self.csrf = field(self.http.get("/name").text, "csrf")
        self.who = who
        self.post("/name", who=who)

    def get(self, path, **options):
        return self.http.get(path, **options)

    def post(self, path, **fields):
        return self.http.post(path, data={"csrf": self.csrf} | fields)

    def address(self, student):
        """Where a student's answer is marked."""
        return f"{TASK}/{key(student)}"

    def form(self, student):
        """The hidden fields of the page, as a browser has them when it shows the page."""
        text = self.get(self.address(student)).text
        return {name: field(text, name) for name in ("form", "version")}

    def save(self, student, lines, comment="", form=None):
        form = self.form(student) if form is None else form
        given = {f"line-{at}": str(value) for at, value in enumerate(lines, 1)}
        return self.post(self.address(student), comment=comment, **given, **form)


def key(student):
    from autograder.desk.work import key_of

    return key_of("01_double", student)


def field(text, name):
    return re.search(rf'name="{name}" value="([^"]*)"', text)[1]


@contextmanager
def opened(desk, host="127.0.0.1", follow=None):
    """The app over what lies in a desk's folders, and its store; repaired, as the command does."""
    course = Course.find(desk.course)
    gradebook = desk.results / "gradebook.sqlite"
    people = Roster.beside(gradebook, None)
    submissions = [f"01={desk.uploads}"] if any(desk.uploads.iterdir()) else []
    sources = sources_of(course, people, submissions)
    classroom = Classroom(course, desk.results, gradebook, people, sources)

    def refreshed(student):
        refresh(course, desk.results, gradebook, student)

    with Journal(desk.results) as journal:
        store = Store(course, desk.results, journal, follow or refreshed)
        store.repair()
        sessions = Sessions(TOKEN, 8000)
        yield make_app(classroom, store, sessions, host, follow or refreshed), store


@contextmanager
def running(desk, *options):
    """The real command; its address and its process."""
    arguments = desk.arguments("desk", "--course", desk.course, "--results", desk.results)
    arguments += ["--submissions", f"01={desk.uploads}", *options]
    process = subprocess.Popen(
        arguments, env=desk.environment, cwd=desk.folder, stdout=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                yield found[0], process
                break
        else:
            raise AssertionError("the desk did not open")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
