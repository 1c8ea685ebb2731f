"""A class that nobody taught: results as graders write them, made from a seed.

`python -m tests.report.a_class 1000 FOLDER` makes a term of it, to measure with.
"""

import math
import random
import shutil
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.course.course import Assignment, Course
from autograder.documents.results import (
    CheckResult,
    Diagnosis,
    Handed,
    Result,
    ReviewNote,
    Versions,
)
from autograder.gradebook.attempts import Gradebook

ROOT = Path(__file__).resolve().parents[2]
FIRST_DUE = datetime(2027, 1, 18, 23, 59, tzinfo=UTC)
FAMILY = ("A", "O'B", "座", "Ü-D", "Síd", "مقعد", "G", "Hå", "Ij", "K")  # seats, no people
GIVEN = ("one", "two", "三", "četiri", "cinq", "ستة", "seven", "åtte", "nine", "ten", "elf", "šest")
SECTIONS = ("Monday", "Tuesday", "Thursday")
LINES = ("the mean is over the batch", "a term is missing", "it averages; the gradient sums")
CODE = "        dx[i] = (f(x + h)[0] - f(x - h)[0]) / (2 * h)  # <script>alert(1)</script>"


@dataclass(frozen=True)
class Kind:
    """A check of the made-up assignment, and how hard it is."""

    name: str
    function: str
    title: str
    worth: float
    hardness: float
    slip: Diagnosis | None
    public: bool = False


def kinds_of(assignment: Assignment) -> list[Kind]:
    """For every function a public one, one that all pass, one that the best fail, and others."""
    dice = random.Random(assignment.name)
    sections = list(assignment.sections.values()) or ["1.1"]
    found = []
    for function in assignment.functions:
        count = max(3, 30 // len(assignment.functions))
        part = function.points / count
        for k in range(count + 1):
            slip = None
            if k % 2:
                name = f"{function.name}_slip_{k}"
                slip = Diagnosis(name, f"{LINES[k % 3].capitalize()}.", dice.choice(sections))
            found.append(
                Kind(
                    f"test_{function.name}_{k}",
                    function.name,
                    f"The {'output' if k < 4 else 'gradient'} for case {k} of {function.name}",
                    part if k else 0.0,
                    {1: -9.0, 2: math.inf}.get(k, dice.gauss(-0.6, 0.8)),
                    slip,
                    public=k == 0,
                )
            )
    return found


def outcome(kind: Kind, able: float, dice: random.Random) -> CheckResult:
    """How one check ends for somebody so able."""
    if kind.hardness == math.inf:  # the better students fail it
        passed = dice.random() < 1 / (1 + math.exp(1.5 * able))
    else:
        passed = dice.random() < 1 / (1 + math.exp(kind.hardness - 1.6 * able))
    verdict = (
        "passed" if passed else dice.choices(["wrong_value", "timeout", "raised"], [9, 1, 1])[0]
    )
    words = "dx has the right shape (2, 3, 5); 30 of 30 values differ."
    return CheckResult(
        name=kind.name,
        function=kind.function,
        title=kind.title,
        visibility="public" if kind.public else "hidden",
        weight=1.0 if kind.worth else 0.0,
        points=kind.worth if passed else 0.0,
        max_points=kind.worth,
        verdict=verdict,
        message="" if passed else words,
        details="" if passed else "worst at [0, 0, 2]: yours -0.2298, expected 0.1960",
        diagnosis=kind.slip if verdict == "wrong_value" else None,
        seconds=0.01,
        told="" if passed else words if verdict == "wrong_value" else "",
    )


def hand_in(
    assignment: Assignment,
    kinds: list[Kind],
    student: str,
    able: float,
    when: datetime,
    dice: random.Random,
) -> Result:
    """One attempt; a few are refused, a few nothing but the stubs."""
    luck = dice.random()
    whole = Result(
        assignment=assignment.name,
        assignment_title=assignment.title,
        assignment_digest="a" * 64,
        student=student,
        members=(student,),
        submission=Handed(f"{student}.zip", f"{student} at {when}", when),
        status="graded",
        raw_score=0.0,
        score=0.0,
        max_score=assignment.max_points,
        versions=Versions("1", "3.11", "2.4", "Linux"),
        functions={function.name: function.points for function in assignment.functions},
        graded_at=when,
    )
    if luck < 0.01:
        return replace(whole, status="refused", reason="The archive holds a link.", functions={})
    checks = tuple(outcome(kind, able, dice) for kind in kinds)
    if luck < 0.03:
        checks = tuple(
            replace(one, points=0.0, verdict="not_implemented", diagnosis=None, told="")
            for one in checks
        )
    score = round(sum(check.points for check in checks), 2)
    notes = ()
    if dice.random() < 0.05:
        where = (f"{assignment.files[0]}", 12, CODE)
        notes = (ReviewNote("finite_difference", *where, "A gradient by differences?"),)
    return replace(whole, checks=checks, raw_score=score, score=score, review=notes)


def course_folder(folder: Path, extra: str = "") -> Course:
    """The kit's own assignments as a course with deadlines."""
    root = folder / "course"
    unwanted = shutil.ignore_patterns("__pycache__", "*.npz", "*.pdf")
    shutil.copytree(ROOT / "assignments", root / "assignments", ignore=unwanted)
    toml = root / "assignments" / "course.toml"
    text = toml.read_text(encoding="utf-8").replace("per_day_percent = 0", "per_day_percent = 10")
    names = [one.name for one in Course.load(root).assignments]
    due = [f"{name} = {deadline(k):%Y-%m-%dT%H:%M:%S}" for k, name in enumerate(names)]
    text = text.replace("[deadlines]\n", "\n".join(["[deadlines]", *due, ""]))
    toml.write_text(f"{text}{extra}\n", encoding="utf-8")
    return Course.load(root)


def deadline(number: int) -> datetime:
    return FIRST_DUE + timedelta(days=7 * number)


def make(folder: Path, count: int, assignments: int = 9, seed: int = 1) -> Course:
    """A course, a roster and a gradebook in FOLDER/results."""
    dice = random.Random(seed)
    course = course_folder(folder)
    results = folder / "results"
    results.mkdir()
    people = [f"s{k:04}" for k in range(count)]
    names = {one: f"{dice.choice(FAMILY)}, {dice.choice(GIVEN)}" for one in people}
    lines = [f'{one},"{names[one]}",{dice.choice(SECTIONS)}' for one in people]
    roster = "\n".join(["student,name,section", *lines, ""])
    (results / "roster.csv").write_text(roster, encoding="utf-8")
    able = {one: dice.gauss(0.4, 1.0) for one in people}
    with Gradebook(results / "gradebook.sqlite") as book:
        book.connection.execute("PRAGMA synchronous = OFF")
        for number, assignment in enumerate(course.assignments[:assignments]):
            kinds = kinds_of(assignment)
            for one in people:
                if dice.random() < 0.03 + 0.01 * number:
                    continue
                for attempt in range(dice.choices([1, 2, 3], [6, 3, 1])[0]):
                    early = dice.expovariate(1 / 30) - 6
                    when = deadline(number) - timedelta(hours=early) + timedelta(hours=attempt)
                    now = able[one] + 0.5 * attempt
                    result = hand_in(assignment, kinds, one, now, when, dice)
                    book.record(result, f"k{attempt}")
    return course


if __name__ == "__main__":
    target = Path(sys.argv[2])
    target.mkdir(parents=True)
    make(target, int(sys.argv[1]))
