"""Right ways on a busy machine: python -m tests.bench.busy [ROUNDS] [ASSIGNMENT ...]

Grades the solution and every accepted way of every assignment, again and again, with three endless
loops running beside it. Nothing of them may lose a point, least of all to a check of their work.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from autograder.course.accepted import alternatives, loops_below, write_alternatives
from autograder.course.course import Assignment, Course
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.uploads.submission import Source, Submission, read_submission

ROOT = Path(__file__).resolve().parents[2]
LOOPS = 3


@contextmanager
def busy() -> Iterator[None]:
    """Endless loops in other processes."""
    with ExitStack() as stack:
        for _ in range(LOOPS):
            loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(loop.wait)
            stack.callback(loop.kill)
        yield


def right_ways(course: Course, assignment: Assignment, folder: Path) -> dict[str, Submission]:
    """Submissions that must get full marks."""
    ways = {"solution": [], **{way.name: [way] for way in alternatives(assignment)}}
    if below := loops_below(course, assignment):
        ways["loops below"] = below
    expected = expected_of(course, assignment)
    found = {}
    for name, chosen in ways.items():
        write_alternatives(course, chosen, folder / name)
        found[name] = read_submission(Source(name, (folder / name,)), expected)
    return found


def main(rounds: int, numbers: list[str]) -> int:
    """Print a line an assignment; how many lost something."""
    course = Course.find(ROOT)
    chosen = [course.assignment(number) for number in numbers] or list(course.assignments)
    lost = 0
    with busy():
        for assignment in chosen:
            started, graded, compared = time.perf_counter(), 0, Counter[str]()
            with (
                tempfile.TemporaryDirectory() as folder,
                Grader(course, assignment, Settings()) as grader,
            ):
                ways = right_ways(course, assignment, Path(folder))
                for _ in range(rounds):
                    for name, work in ways.items():
                        grader.costs._slowest.clear()
                        result = grader.grade(work)
                        graded += 1
                        compared[name] += bool(grader.costs._slowest)
                        for check in result.checks:
                            if check.verdict != "passed":
                                lost += 1
                                print(
                                    f"  {name} lost {check.name}: {check.verdict} {check.details}"
                                )
            seconds = time.perf_counter() - started
            slow = {name: count for name, count in compared.items() if count}
            print(f"{assignment.number}: {graded} graded in {seconds:.0f} s; compared: {slow or 0}")
    print(f"{lost} lost")
    return lost


if __name__ == "__main__":
    given = sys.argv[1:] or ["20"]
    sys.exit(main(int(given[0]), given[1:]) > 0)
