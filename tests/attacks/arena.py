"""One batch of attacks, with a right submission after each, at one level of isolation.

Run as `python -m tests.attacks.arena PLACE LEVEL ASSIGNMENT`: in a process of its own, as root or
as an ordinary user. It uses the kit's own batch, so that intake, jail, gradebook and feedback all
take part, looks after every submission at what is left of it, and prints one JSON document.
"""

import json
import os
import re
import shutil
import sqlite3
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import autograder.grading.grader
from autograder.course.course import Course
from autograder.grading.batch import Batch, Options
from autograder.grading.grader import Settings
from autograder.sandbox.outside.remote import Limits, Sandbox
from autograder.uploads.submission import Source
from tests.attacks.catalogue import RIGHT, RIGHT_SUMS, Case, files, load, possible
from tests.attacks.listeners import Listeners
from tests.attacks.traces import Traces

TINY = Path(__file__).parent.parent / "tiny_course"
LIMITS = Limits(
    cpu_per_check=0.2,
    cpu_total=0.3,
    idle_per_check=0.25,
    wall_per_check=8.0,
    memory_mb=256,
    log_bytes=8192,
    file_mb=4,
    scratch_entries=200,
    frame_mb=16,
    served_calls=300,
)
RIGHT_WORK = {
    "01": {"arithmetic/double.py": RIGHT},
    "02": {"arithmetic/double.py": RIGHT, "arithmetic/sums.py": RIGHT_SUMS},
}
PATIENCE = {"cpu_per_check": 2.0, "cpu_total": 3.0, "idle_per_check": 2.0, "wall_per_check": 30.0}
CANARY = "canary-of-the-tests"


class Arena:
    """A course, uploads, a gradebook and listeners below one folder."""

    def __init__(self, place: Path, assignment: str) -> None:
        self.place = place
        self.course = place / "course"
        self.uploads = place / "uploads"
        self.results = place / "results"
        self.secret = place / "secret"
        shutil.copytree(TINY, self.course)
        self.course.chmod(0o700)
        for folder in (self.uploads, self.results):
            folder.mkdir(mode=0o700)
        self.secret.write_text(f"{CANARY} of the hidden inputs\n")
        self.secret.chmod(0o600)
        os.environ["AUTOGRADER_SECRET_FILE"] = str(self.secret)
        os.environ["KIT_TEST_SECRET"] = CANARY
        self.assignment = Course.find(self.course).assignment(assignment)
        self.listeners = Listeners(place)
        self.cases: list[Case] = []

    def tokens(self) -> dict[str, str]:
        return {
            "COURSE": str(self.course),
            "GRADEBOOK": str(self.results / "gradebook.sqlite"),
            "SECRET": str(self.secret),
            "UPLOADS": str(self.uploads),
            "GRADER": str(os.getpid()),
            "NAIVE": "False",
            **self.listeners.tokens,
        }

    def hand_in(self, cases: list[Case]) -> list[Source]:
        """Every case's upload, and a right one before the first and after each."""
        number = self.assignment.number
        right = files(RIGHT_WORK[number])
        right(self.uploads / "000_right")
        sources = [Source("right", (self.uploads / "000_right",))]
        for index, case in enumerate(cases, 1):
            path = self.uploads / f"{index:03}"
            case.build(path)
            fill_in(path, self.tokens())
            made = next(self.uploads.glob(f"{path.name}*"), path)
            sources.append(Source(case.name, (made,)))
            after = self.uploads / f"r{index:03}"
            right(after)
            sources.append(Source(f"after-{case.name}", (after,)))
        self.cases = cases
        return sources

    def fight(self, cases: list[Case], level: str, limits: Limits) -> dict[str, object]:
        """Grade them all, and tell what came of each."""
        sources = self.hand_in(cases)
        autograder.grading.grader.Sandbox = lambda contract, **chosen: Sandbox(
            contract, **chosen | {"at_most": level, "limits": limits}
        )
        options = Options(
            self.results,
            self.results / "gradebook.sqlite",
            Settings(isolation=level),
        )
        batch = Batch(Course.find(self.course), self.assignment, options)
        traces = Traces(lambda: batch.workers.grader)
        left: dict[str, list[str]] = {}

        def progress(done: int, _total: int) -> None:
            if done == 0:
                traces.remember()
                self.notes = batch.workers.grader.sandbox.isolation.notes
            else:
                last = batch.summary.results[-1]
                if last.seconds > 1 or not last.student.startswith("after-"):
                    print(f"{last.seconds:7.3f} {last.student}", file=sys.stderr, flush=True)
                left[last.student] = [*traces.new(), *self.listeners.heard()]

        summary = batch.run(sources, progress)
        self.listeners.close()
        found = {result.student: result for result in summary.results}
        return {
            "level": level,
            "uid": os.getuid(),
            "notes": self.notes,
            "layers": summary.isolation,
            "cases": {case.name: self.report(found[case.name], left) for case in cases},
            "right_before": found["right"].score,
            "right_after": {case.name: found[f"after-{case.name}"].score for case in cases},
            "max_score": found["right"].max_score,
            "gradebook": self.gradebook_agrees(found),
            "left_at_the_end": traces.at_the_end(),
        }

    def report(self, result, left) -> dict[str, object]:
        feedback = self.results / self.assignment.name / f"{result.student}.md"
        shown = result.log + feedback.read_text() + result.reason
        return {
            "status": result.status,
            "score": result.score,
            "verdicts": sorted({check.verdict for check in result.checks}),
            "reason": result.reason,
            "first": next((c.message for c in result.checks if not c.passed), ""),
            "loot": [line for line in shown.splitlines() if "LOOT" in line or CANARY in line],
            "left": left[result.student],
            "log_bytes": len(result.log),
            "seconds": result.seconds,
        }

    def gradebook_agrees(self, found) -> bool:
        """Whether every row is what was graded, and the file is sound."""
        book = sqlite3.connect(self.results / "gradebook.sqlite")
        rows = dict(
            book.execute(
                "SELECT student, score FROM attempts JOIN gradings ON attempt_id = attempts.id"
            )
        )
        sound = book.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return sound and rows == {name: result.score for name, result in found.items()}


def fill_in(path: Path, tokens: dict[str, str]) -> None:
    """Put the real places into an attack's texts and links."""

    def filled(text: str) -> str:
        return re.sub(r"@([A-Z]+)@", lambda match: tokens.get(match[1], match[0]), text)

    for file in [*path.rglob("*.py")] if path.is_dir() else []:
        if file.is_symlink():
            target = filled(str(file.readlink()))
            file.unlink()
            file.symlink_to(target)
        elif file.is_file() and file.stat().st_size < 10**6:
            old = file.read_bytes()
            times = file.stat().st_mtime_ns
            new = filled(old.decode("latin-1")).encode("latin-1")
            if new != old:
                file.write_bytes(new)
                os.utime(file, ns=(times, times))
    for entry in path.iterdir() if path.is_dir() else ():
        if entry.is_symlink() and "@" in str(entry.readlink()):
            target = filled(str(entry.readlink()))
            entry.unlink()
            entry.symlink_to(target)


def levels_reached() -> list[str]:
    """The levels that this user reaches here, weakest first."""
    from autograder.sandbox.outside.levels import LEVELS

    contract = Course.find(TINY).contract
    with Sandbox(contract, at_least="process") as sandbox:
        return [level for level in LEVELS if sandbox.isolation.reaches(level)]


def main(
    place: str,
    level: str,
    assignment: str,
    chosen: str = "",
    without: str = "",
    strongest: str = "",
) -> None:
    """Print the levels that are reached, or what came of a batch, or of one case with patience.

    strongest: the highest level reached, where it is known: it takes a jail to find it.
    """
    warnings.simplefilter("ignore")  # archives with the same name twice
    if level == "levels":
        print(json.dumps(levels_reached()))
        return
    as_root = os.geteuid() == 0
    strongest = strongest or levels_reached()[-1]
    cases = [
        case
        for case in load().values()
        if case.assignment == assignment
        and chosen in ("", case.name)
        and case.held_at(level, as_root)
        and possible(case)
        and (level == strongest or not case.before_jail)
    ]
    if without == "served":  # the guard that keeps a function from its own second chance
        autograder.grading.grader.served_functions = lambda course, _assignment, _function: (
            frozenset(course.contract.functions)
        )
    arena = Arena(Path(place), assignment)
    limits = replace(LIMITS, **PATIENCE) if chosen else LIMITS
    print(json.dumps(arena.fight(cases, level, slower(limits))))


def slower(limits: Limits) -> Limits:
    """More of every kind of time, on a machine that says how much slower it is (emulated ones)."""
    factor = float(os.environ.get("KIT_ARENA_SLOWER", "1"))
    times = {name: factor * getattr(limits, name) for name in PATIENCE}
    return replace(limits, **times)


if __name__ == "__main__":
    main(*sys.argv[1:])
