"""`make profile-grading`: where a right and a wrong submission spend their CPU.

Batches are graded as `autograder grade --jobs 1` does it, in this process, with second chances and
without them. On the trusted side, known functions are wrapped and each moment of CPU is booked on
the innermost of them; of workers, the kernel says what each has used when the jail stands, when the
first answer comes, and in all. The last column is in thousandths of `python -c "import numpy"`,
measured in the same run.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import functools  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "solutions")]

from autograder.course.course import Course  # noqa: E402
from autograder.grading.batch import Batch, Options  # noqa: E402
from autograder.grading.conditions import Settings  # noqa: E402
from autograder.grading.grader import expected_of  # noqa: E402
from autograder.sandbox.outside.attendant import Attendant, _read_clock  # noqa: E402
from autograder.sandbox.outside.host import ZygoteHost  # noqa: E402
from autograder.uploads.sources import find_sources  # noqa: E402
from tests.bench.grading import median, numpy_costs  # noqa: E402
from tests.bench.ledger import Accounts, laid_over  # noqa: E402
from tests.bench.submissions import write_submission  # noqa: E402

ASSIGNMENTS = ("03", "06", "08", "09")
KINDS = ("right", "wrong")
TICK = 1 / os.sysconf("SC_CLK_TCK")
REST = "the rest"
BATCH, GRADER = "autograder.grading.batch", "autograder.grading.grader"
JUDGE, OUTSIDE = "autograder.checker.judge", "autograder.sandbox.outside"

# title, whether everything below it belongs to it, where the functions are looked up
TRUSTED: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    (
        "reading the upload",
        True,
        (f"{BATCH}:read_submission", f"{BATCH}:fingerprint", f"{BATCH}:Known.digest"),
    ),
    (
        "files for the jail",
        True,
        (
            f"{OUTSIDE}.staging:Stage.write",
            f"{OUTSIDE}.staging:Stage.scratch",
            f"{OUTSIDE}.remote:remove_tree",
            f"{OUTSIDE}.attendant:remove_tree",
        ),
    ),
    ("orders to fork", True, (f"{OUTSIDE}.remote:Sandbox.start", f"{OUTSIDE}.host:ZygoteHost.end")),
    ("wire", False, (f"{OUTSIDE}.implementation:RemoteImplementation.invoke",)),
    ("checks: inputs and calls", False, (f"{JUDGE}:run_probe",)),
    (
        "expected values",
        True,
        ("autograder.checker.key:LiveKey.expected", f"{JUDGE}:Judge._expected"),
    ),
    (
        "compare",
        False,
        (
            "autograder.checker.compare:Expected.matches",
            "autograder.checker.compare:Expected.differences",
            "autograder.checker.verdicts:same_form",
        ),
    ),
    (
        "explanations",
        True,
        (
            "autograder.checker.causes:Causes.named",
            "autograder.checker.verdicts:describe",
            f"{JUDGE}:same_outputs",
            f"{JUDGE}:gradients_fit_own_forward",
            "autograder.checker.key:LiveKey.slips",
            "autograder.checker.key:LiveKey.carried",
            f"{GRADER}:told",
        ),
    ),
    ("limits of work", True, (f"{GRADER}:Costs.prepare", f"{GRADER}:Costs._measure")),
    ("review notes", True, (f"{GRADER}:review",)),
    (
        "writing",
        True,
        (
            f"{BATCH}:write_result",
            f"{BATCH}:Gradebook.record",
            f"{BATCH}:Gradebook.find",
            f"{BATCH}:Books.settle",
            f"{BATCH}:Known.keep",
            f"{BATCH}:Written.keep",
        ),
    ),
)
FORKS, JAIL, IMPORTS = "forks (zygote)", "jail (worker)", "imports (worker)"
CALLS, SERVERS = "calls (worker)", "reference for second chances"
STARTED = "its zygote, once a batch"
WORKER = (FORKS, JAIL, IMPORTS, CALLS, SERVERS, STARTED)


class Workers:
    """CPU of processes on the other side."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.hosts: dict[int, int] = {}  # ticks of zygotes when they were first met
        self.started: dict[int, float] = {}
        self.serving: set[int] = set()

    def changes(self) -> dict[str, Callable[[Any], Any]]:
        """What must be laid over to see them."""
        return {
            f"{OUTSIDE}.attendant:Attendant._expect_ready": self._ready,
            f"{OUTSIDE}.attendant:Attendant.call": self._answered,
            f"{OUTSIDE}.host:ZygoteHost.__init__": self._made,
            f"{OUTSIDE}.host:ZygoteHost._ask": self._asked,
        }

    def reset(self) -> None:
        self.seconds.clear()
        self.hosts = {process: _ticks(process) for process in self.hosts}

    def totals(self) -> Counter[str]:
        """By title, up to now."""
        found = Counter(self.seconds)
        for process, ticks in self.hosts.items():
            title = STARTED if process in self.serving else FORKS
            found[title] += (_ticks(process) - ticks) * TICK
        return found

    def _ready(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def ready(worker: Attendant) -> Any:
            found = function(worker)
            self._book(worker, JAIL)
            return found

        return ready

    def _answered(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(worker: Attendant, body: bytes) -> Any:
            first = not worker._ready
            try:
                return function(worker, body)
            finally:
                if first and worker._final_cpu is None:
                    self._book(worker, IMPORTS)

        return call

    def _book(self, worker: Attendant, title: str) -> None:
        now = _read_clock(worker._clocks[0])
        self.seconds[title] += now - self.started.get(worker.pid, 0.0)
        self.started[worker.pid] = now

    def _made(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def made(host: ZygoteHost, reference: Path | None = None, *more: Any, **named: Any) -> None:
            function(host, reference, *more, **named)
            if reference is not None:
                self.serving.add(host._process.pid)

        return made

    def _asked(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def ask(host: ZygoteHost, order: tuple[Any, ...], descriptors: Any) -> Any:
            answer = function(host, order, descriptors)
            self.hosts.setdefault(host._process.pid, 0)
            if order[0] == "end":
                title = SERVERS if host._process.pid in self.serving else CALLS
                self.seconds[title] += answer[2] - self.started.pop(order[1], 0.0)
            return answer

        return ask


def _ticks(process: int) -> int:
    """What a process itself has used, in ticks; those that are gone count no more."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


@contextmanager
def watched() -> Iterator[tuple[Accounts, Workers]]:
    """Both sides' accounts, while everything that they know is wrapped."""
    accounts, workers = Accounts(REST), Workers()
    changes: dict[str, Callable[[Any], Any]] = {}
    for title, whole, places in TRUSTED:
        for place in places:
            changes[place] = functools.partial(accounts.booked, title, whole)
    with laid_over(workers.changes()), laid_over(changes):
        yield accounts, workers


def profile(course: Course, number: str, uploads: Path, results: Path, settings: Settings) -> Any:
    """CPU seconds by title of a batch; starting the jail and reading the checks are left out."""
    assignment = course.assignment(number)
    sources = find_sources([uploads], expected_of(course, assignment))
    options = Options(results, results / "gradebook.sqlite", settings)
    with watched() as (accounts, workers):

        def progress(done: int, _total: int) -> None:
            if done == 0:
                accounts.reset()
                workers.reset()
            else:
                found.clear()
                found.update(accounts.totals())
                found.update(workers.totals())

        found: Counter[str] = Counter()
        summary = Batch(course, assignment, options).run(sources, progress)
    return found, summary.results


def tables(course: Course, number: str, kind: str, folder: Path, copies: int) -> str:
    """One submission's table."""
    uploads = folder / "uploads"
    assignment = course.assignment(number)
    for place in range(copies):
        upload = uploads / f"s{place:03}"
        write_submission(course, assignment, kind, upload)
        with (upload / course.package / sorted(assignment.files)[0]).open("a") as file:
            file.write(f"\n# {place}\n")  # so that all streams of inputs are met
    before = numpy_costs(3)
    own, _ = profile(course, number, uploads, folder / "own", Settings("own"))
    best, results = profile(course, number, uploads, folder / "best", Settings("best"))
    base = median(before + numpy_costs(3)).cpu
    checks = results[0].checks
    passed = sum(check.passed for check in checks)
    total = sum(best.values())
    lines = [
        f"{assignment.name}, {kind}: {passed} of {len(checks)} checks passed, {copies} graded; "
        f"`import numpy` takes {base * 1000:.0f} ms"
    ]
    titles = [title for title, _, _ in TRUSTED] + [REST, *WORKER]
    for title in titles:
        lines.append(_line(title, best[title] / copies, total / copies, base))
    second = max(total - sum(own.values()), 0.0)
    lines.append(_line("all", total / copies, total / copies, base))
    lines.append(_line("of this, second chances", second / copies, total / copies, base))
    return "\n".join(lines)


def _line(title: str, seconds: float, total: float, base: float) -> str:
    return (
        f"  {title:30}{seconds * 1000:9.2f} ms{seconds / total:8.1%}{seconds / base * 1000:8.0f} ‰"
    )


def main() -> None:
    """Print a table for each assignment and kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=24, help="of each submission")
    parser.add_argument("assignments", nargs="*", default=ASSIGNMENTS)
    chosen = parser.parse_args()
    course = Course.load(ROOT)
    with tempfile.TemporaryDirectory(prefix="profile-grading-") as name:
        secret = Path(name) / "secret"
        secret.write_text("a secret for this profile only\n")
        os.environ["BENCH_SECRET"] = os.environ["AUTOGRADER_SECRET_FILE"] = str(secret)
        for number in chosen.assignments:
            for kind in KINDS:
                folder = Path(name) / f"{number}-{kind}"
                print(tables(course, number, kind, folder, chosen.copies), flush=True)


if __name__ == "__main__":
    main()
