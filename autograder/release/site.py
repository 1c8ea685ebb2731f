"""The course's own pages: what has been handed out so far, to read and to download.

Plain HTML without scripts, and nothing from anywhere else: any web server or folder will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autograder.course.course import Assignment, Course
from autograder.release.archive import zipped
from autograder.release.handouts import Rendered, deadline_of, render, style, undated_text
from autograder.release.template import TemplateFile, assignment_files, base_files
from autograder.student.deadline import in_words

INDEX, START, STYLE, WHOLE = "index.html", "start.html", "style.css", "course_so_far.zip"
README = "README.md"
COUNTS = {
    "latest": "You may hand in as often as you like; the latest upload counts.",
    "best": "You may hand in as often as you like; the best upload counts.",
    "last_on_time": "You may hand in as often as you like; the last upload in time counts.",
}


@dataclass(frozen=True)
class Moment:
    """A time for people and for programs."""

    words: str
    day: str
    clock: str
    iso: str


@dataclass(frozen=True)
class Entry:
    """One assignment as the pages show it."""

    assignment: Assignment
    released: Moment | None
    due: Moment | None
    handout: Rendered
    files: tuple[TemplateFile, ...]

    @property
    def page(self) -> str:
        return f"{self.assignment.name}.html"

    @property
    def archive(self) -> str:
        """Not NN_name.zip: that is what students hand in."""
        return f"assignment_{self.assignment.number}.zip"


def site_files(course: Course, assignments: Sequence[Assignment]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of the site. Nothing in them is of other assignments."""
    base = tuple(base_files(course))
    readme = next((file.content.decode() for file in base if str(file.path) == README), None)
    start = render(readme, course.root / "assignments") if readme else None
    unseen = {name for one in course.assignments for name in one.files}
    unseen -= {name for one in assignments for name in one.files}
    entries = [_entry(course, one, unseen) for one in assignments]
    environment = _environment()
    environment.globals |= {
        "course": course,
        "entries": entries,
        "files": {"index": INDEX, "start": start and START, "style": STYLE, "whole": WHOLE},
        "policy": Markup(render(course.ai_policy, course.root).body),
        "rules": rules(course),
    }

    def page(template: str, **values: object) -> bytes:
        return environment.get_template(template).render(**values).encode()

    extra = (Path(__file__).parent / "pages" / "site.css").read_text(encoding="utf-8")
    yield STYLE, (style() + extra).encode()
    yield INDEX, page("index.html")
    if start:
        yield START, page("start.html", page=start)
    for position, entry in enumerate(entries):
        previous = entries[position - 1] if position else None
        following = entries[position + 1] if entry is not entries[-1] else None
        around = {"previous": previous, "following": following}
        yield entry.page, page("handout.html", entry=entry, page=entry.handout, **around)
        yield entry.archive, zipped((*(() if position else base), *entry.files))
    if len(entries) > 1:
        yield WHOLE, zipped((*base, *(file for entry in entries for file in entry.files)))


def rules(course: Course) -> list[str]:
    """What counts and what lateness costs, in sentences for students."""
    late, words = course.late, [COUNTS[course.attempts.counts]]
    if not course.deadlines or not late.per_day_percent:
        return words
    sentence = f"Each day begun after the deadline takes {late.per_day_percent:g} % of the points"
    most = f", at most {late.cap_percent:g} %" if late.cap_percent < 100 else ""
    words.append(f"{sentence}{most}.")
    if late.grace_minutes:
        words.append(f"The first {late.grace_minutes:g} minutes after it take nothing.")
    if late.free_days:
        words.append(f"{late.free_days} late days over the whole course cost nobody anything.")
    return words


def _entry(course: Course, assignment: Assignment, unseen: set[str]) -> Entry:
    released, due = course.release.get(assignment.name), deadline_of(course, assignment)
    return Entry(
        assignment,
        _moment(released.astimezone(course.zone)) if released else None,
        _moment(due.moment) if due else None,
        render(undated_text(course, assignment), assignment.folder),
        tuple(assignment_files(course, assignment, unseen)),
    )


def _moment(moment: datetime) -> Moment:
    words = in_words(moment)
    day, _, clock = words.partition(", ")
    weekday, number, month, year = day.split()
    short = f"{weekday[:3]} {number} {month[:3]} {year}"
    return Moment(words, short, clock, moment.isoformat(timespec="minutes"))


def _environment() -> Environment:
    """Everything is escaped but for what `render` made of the course's own Markdown."""
    environment = Environment(
        loader=PackageLoader("autograder.release", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["html"] = Markup
    return environment
