"""A course: its folder, its policy, its assignments in order.

Everything is found by path below the course's root; nothing of it is imported by name.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.manifest import AssignedFunction, read_manifest, read_toml
from autograder.course.policy import (
    DEADLINES,
    RELEASE,
    Attempts,
    CourseTable,
    Feedback,
    Late,
    read_moments,
    read_zone,
)
from autograder.course.rubric import FILE_NAME, Task, read_tasks
from autograder.documents.schema import decode, nearest
from autograder.errors import UsageProblem

if TYPE_CHECKING:
    from autograder.checker.contract import Contract

__all__ = ["AssignedFunction", "Assignment", "Course", "section_numbers"]

FOLDER_NAME = re.compile(r"(\d+)_(\w+)")


@dataclass(frozen=True)
class Assignment:
    """One assignment and where its parts are."""

    name: str
    number: str
    root: Path
    title: str
    summary: str
    builds_on: tuple[str, ...]
    hours: float
    files: tuple[str, ...]
    given: tuple[str, ...]
    functions: tuple[AssignedFunction, ...]
    limits: Mapping[str, float]

    @property
    def folder(self) -> Path:
        return self.root / "assignments" / self.name

    @property
    def manifest(self) -> Path:
        return self.folder / "assignment.toml"

    @property
    def handout(self) -> Path:
        return self.folder / "handout.md"

    @property
    def public_checks(self) -> Path:
        return self.folder / "test_public.py"

    @property
    def hidden(self) -> Path:
        """The folder of all that graders know of it and students never see."""
        return hidden_folder(self.root) / self.name

    @property
    def hidden_checks(self) -> Path:
        return self.hidden / "checks.py"

    @property
    def slips(self) -> Path:
        return self.hidden / "slips.py"

    @property
    def steps(self) -> Path:
        return self.hidden / "steps.py"

    @property
    def survivors(self) -> Path:
        """The reviewed mutants of the solution that no check can see, each with its reason."""
        return self.hidden / "survivors.toml"

    @property
    def accepted(self) -> Path:
        return self.hidden / "accepted"

    @property
    def max_points(self) -> float:
        return sum(function.points for function in self.functions)

    @functools.cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The written tasks that people mark. UsageProblem where the rubric makes no sense."""
        return read_tasks(self.folder / FILE_NAME, self.sections)

    @functools.cached_property
    def sections(self) -> Mapping[str, str]:
        """The number of each section of the handout by its anchor: {"the-mean": "3.2"}."""
        if not self.handout.is_file():
            return {}
        return section_numbers(self.handout.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Course:
    """A course as its folder says it."""

    root: Path
    id: str
    title: str
    package: str
    ai_policy: str
    given_files: tuple[str, ...]
    feedback: Feedback
    attempts: Attempts
    late: Late
    deadlines: Mapping[str, datetime]
    release: Mapping[str, datetime]  # from when on students may see an assignment; else at once
    zone: tzinfo
    every: tuple[Assignment, ...]  # of the folder, also those that this course leaves out
    assignments: tuple[Assignment, ...]

    @classmethod
    def find(cls, start: Path | None = None) -> "Course":
        """The course at `start`, or in the nearest folder from here upward that holds one."""
        if start is not None:
            if not (start / "assignments" / "course.toml").is_file():
                raise UsageProblem(f"{start} is no course: it holds no assignments/course.toml.")
            return cls.load(start.resolve())
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / "assignments" / "course.toml").is_file():
                return cls.load(folder)
        raise UsageProblem(
            f"No course here: neither {here} nor a folder above it holds assignments/course.toml. "
            "Change into the course's folder, or name it with --course DIR."
        )

    @classmethod
    def load(cls, root: Path) -> "Course":
        """Read course.toml and every assignment's manifest."""
        source = root / "assignments" / "course.toml"
        table = decode(CourseTable, read_toml(source), source)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", table.id):
            raise UsageProblem(
                f'{source}: "id" should be lower-case letters, digits and hyphens '
                f"(the secret of the hidden inputs is kept under it), found {table.id!r}."
            )
        folders = sorted(
            (path.parent for path in source.parent.glob("*/assignment.toml")), key=_order
        )
        every = tuple(_read_assignment(folder) for folder in folders)
        zone, names = read_zone(table.deadlines, source), [one.name for one in every]
        course = cls(
            root=root,
            id=table.id,
            title=table.title,
            package=table.package,
            ai_policy=table.ai_policy,
            given_files=table.given_files,
            feedback=table.feedback,
            attempts=table.attempts,
            late=table.late,
            deadlines=read_moments(DEADLINES, table.deadlines, zone, names, source),
            release=read_moments(RELEASE, table.release, zone, names, source),
            zone=zone,
            every=every,
            assignments=_picked(every, table.assignments, source),
        )
        table.late.check(source)
        table.feedback.check(source)
        course._check()
        return course

    @property
    def solutions(self) -> Path:
        """The folder that holds the reference package."""
        return self.root / "solutions"

    @property
    def closed(self) -> tuple[Path, ...]:
        """The folders that no student may read."""
        return hidden_folder(self.root), self.solutions

    @functools.cached_property
    def contract(self) -> "Contract":
        """All functions of the reference package, read off its source."""
        from autograder.checker.contract import Contract  # brings NumPy: only when needed

        folder = self.solutions / self.package
        if not folder.is_dir():
            raise UsageProblem(f"{folder} is missing: it should hold the reference solution.")
        names = (function for one in self.every for function in one.functions)
        returns = {function.name: function.returns for function in names if function.returns}
        try:
            return Contract.from_source(folder, returns)
        except (ValueError, SyntaxError) as error:
            raise UsageProblem(f"{folder}: {error}") from error

    def assignment(self, name: str) -> Assignment:
        """By its full name, its number (leading zeros or not) or its name without the number."""
        for one in self.assignments:
            short = one.name.removeprefix(f"{one.number}_")
            if name in (one.name, one.number, one.number.lstrip("0"), short):
                return one
        known = [one.name for one in self.assignments]
        if any(name in (one.name, one.number) for one in self.every):
            raise UsageProblem(
                f'This course leaves "{name}" out: "assignments" in course.toml names '
                f"{', '.join(known)}."
            )
        raise UsageProblem(
            f'There is no assignment "{name}"{nearest(name, known)}. '
            f"This course has {', '.join(known) or 'none'}."
        )

    def released(self, now: datetime) -> tuple[Assignment, ...]:
        """What students may see by then: all whose release is past, or not dated."""
        return tuple(
            one
            for one in self.assignments
            if one.name not in self.release or self.release[one.name] <= now
        )

    def before(self, assignment: Assignment) -> tuple[Assignment, ...]:
        """What comes before an assignment, also what this course leaves out and gives whole."""
        return self.every[: self.every.index(assignment)]

    def _check(self) -> None:
        """What one manifest alone can't tell: names that refer to other assignments."""
        names = [one.name for one in self.every]
        for position, one in enumerate(self.every):
            for name in one.builds_on:
                in_the_works = name < one.name and (one.folder.parent / name).is_dir()
                if name not in names[:position] and not in_the_works:
                    raise UsageProblem(
                        f'{one.manifest}: "builds_on" names "{name}", which is no earlier '
                        f"assignment{nearest(name, names[:position])}."
                    )


def _picked(
    every: tuple[Assignment, ...], wanted: tuple[str, ...], source: Path
) -> tuple[Assignment, ...]:
    """The assignments that a course names, by number or name, in the order of their numbers."""
    known = {key: one for one in every for key in (one.number, one.name)}
    for name in wanted:
        if name not in known:
            names = [one.name for one in every]
            raise UsageProblem(
                f'{source}: "assignments" names "{name}", which is not there{nearest(name, names)}.'
            )
    picked = {known[name].name for name in wanted}
    return tuple(one for one in every if one.name in picked) if wanted else every


def hidden_folder(root: Path) -> Path:
    """Where a course keeps what graders know."""
    return root / "autograder" / "hidden"


def slug(heading: str) -> str:
    """A heading's anchor: as GitHub makes it, of the heading without its number."""
    bare = re.sub(r"^\d+(?:\.\d+)*\.?\s+", "", heading.strip())
    return re.sub(r"[^\w\- ]", "", bare.lower()).replace(" ", "-")


def section_numbers(handout: str) -> dict[str, str]:
    """Numbers of a handout's sections by anchor: `## 3.3 The mean` gives {"the-mean": "3.3"}."""
    found = {}
    for line in handout.splitlines():
        if match := re.fullmatch(r"#{2,}\s+(\d+(?:\.\d+)*)\.?\s+(.+?)\s*", line):
            found[slug(match[2])] = match[1]
    return found


def _order(folder: Path) -> tuple[int, str]:
    match = FOLDER_NAME.fullmatch(folder.name)
    if not match:
        raise UsageProblem(
            f"{folder}: an assignment's folder is named by number and name, such as 03_layernorm."
        )
    return int(match[1]), folder.name


def _read_assignment(folder: Path) -> Assignment:
    path = folder / "assignment.toml"
    manifest = read_manifest(path)
    return Assignment(
        name=folder.name,
        number=folder.name.partition("_")[0],
        root=folder.parent.parent,
        title=manifest.title,
        summary=manifest.summary,
        builds_on=manifest.builds_on,
        hours=manifest.hours,
        files=manifest.files,
        given=manifest.given,
        functions=manifest.function,
        limits=manifest.limits,
    )
