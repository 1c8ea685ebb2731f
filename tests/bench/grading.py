"""`make bench-grading`: what grading costs, against `python -c "import numpy"` and the peers.

`autograder grade` grades copies of a right, a wrong (every check fails) and a half-done submission
of two assignments. CPU is that of the whole command with all its processes, user and system, over
the number of submissions; `import numpy` is measured right before and after each batch. The peers
grade a right submission of 03 by a stock assignment with tests as its manual teaches them.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import shutil  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import zipfile  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "solutions")]

from autograder.course.course import Course  # noqa: E402
from tests.bench.submissions import KINDS, write_submission  # noqa: E402

ASSIGNMENTS = ("03", "06")
NUMPY = [sys.executable, "-c", "import numpy"]
TARGETS = {"right": "2/3", "wrong": "2", "half done": "1.2"}
SINGLE_TARGET, PEER_TARGET = 4, 50
NUMPY_TURNS, SINGLE_TURNS, PEER_TURNS = 7, 7, 3


@dataclass(frozen=True)
class Cost:
    """Seconds that a command took: CPU of all its processes, and on the clock."""

    cpu: float
    wall: float


def measure(command, folder=ROOT):
    """Run a command; what it prints comes back too."""
    environment = os.environ | {
        "AUTOGRADER_SECRET_FILE": os.environ["BENCH_SECRET"],
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # NumPy has its own compiled by pip
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = status
        output.seek(0)
        text = output.read()
    if status:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{text[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall), text


def median(costs):
    return Cost(
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.wall for cost in costs),
    )


def numpy_costs(turns=NUMPY_TURNS):
    return [measure(NUMPY)[0] for _ in range(turns)]


def say(text):
    print(text, file=sys.stderr, flush=True)


def grade(assignment, path, results):
    """`autograder grade`, and its results as data."""
    shutil.rmtree(results, ignore_errors=True)
    command = ["-m", "autograder", "grade", assignment, path, "--results", results, "--json"]
    cost, text = measure([sys.executable, *command])
    return cost, json.loads(text[text.index("{") :])["results"]


def batch(course, assignment, kind, copies, folder):
    """A line of the table: one batch, with `import numpy` on both sides of it."""
    uploads = folder / "uploads"
    shutil.rmtree(uploads, ignore_errors=True)
    for number in range(copies):
        write_submission(course, assignment, kind, uploads / f"s{number:04}")
    before = numpy_costs()
    cost, results = grade(assignment.name, uploads, folder / "results")
    base = median(before + numpy_costs())
    checks, passed = len(results[0]["checks"]), passes(results[0])
    fair = {"right": passed == checks, "wrong": passed == 0, "half done": 0 < passed < checks}
    if not fair[kind] or any(passes(one) != passed for one in results):
        raise SystemExit(f"{assignment.name}, {kind}: {passed} of {checks} checks passed")
    return (
        f"  {assignment.number} {kind:10}{f'{passed}/{checks}':>8}{copies / cost.wall:>10.1f}/s"
        f"{cost.cpu / copies * 1000:>10.1f} ms{base.cpu * 1000:>10.0f} ms"
        f"{cost.cpu / copies / base.cpu:>9.2f}{TARGETS[kind]:>9}"
    ), Cost(cost.cpu / copies, cost.wall / copies)


def passes(result):
    return sum(check["verdict"] == "passed" for check in result["checks"])


def single(course, assignment, folder):
    """The whole command for one submission, by turns with `import numpy`."""
    upload = folder / "single" / assignment.number
    write_submission(course, assignment, "right", upload)
    ratios, walls = [], []
    for _ in range(SINGLE_TURNS):
        base = numpy_costs(1)[0]
        cost, _ = grade(assignment.name, upload, folder / "results")
        ratios.append(cost.wall / base.wall)
        walls.append(cost.wall)
    return (
        f"  {assignment.number} one submission, whole command, wall: "
        f"{statistics.median(walls) * 1000:.0f} ms, {statistics.median(ratios):.1f} times "
        f"`import numpy` (target: at most {SINGLE_TARGET})"
    )


def otter(course, folder):
    """The cost of `otter run` for a right submission of 03."""
    from tests.integrations import stock_otter
    from tests.integrations.hand_ins import RIGHT

    bundle = stock_otter.make(course, course.assignment("03"), folder / "otter")
    upload = folder / "otter" / "right.zip"
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    empty["metadata"] = {"kernelspec": {"name": "python3", "display_name": "p", "language": "p"}}
    with zipfile.ZipFile(upload, "w") as archive:
        for name, content in ({"work.ipynb": json.dumps(empty)} | RIGHT).items():
            archive.writestr(name, content)
    costs = []
    for _ in range(PEER_TURNS):
        command = ["-m", "otter", "run", "-a", bundle, "-o", folder / "otter", upload]
        costs.append(measure([sys.executable, *command], folder / "otter")[0])
    rows = json.loads((folder / "otter" / "results.json").read_text())["tests"]
    if sum(row.get("score", 0) for row in rows) < course.assignment("03").max_points:
        raise SystemExit("otter did not give a right submission full marks")
    return median(costs)


def nbgrader(course, folder):
    """The cost of `nbgrader autograde` a submission, for a class of right submissions of 03."""
    import nbformat

    from tests.integrations.hand_ins import FILE, RIGHT
    from tests.integrations.nbgrader_desk import Campus, hand_in_stock, stock_notebook

    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # for alembic
    (folder / "nbgrader").mkdir()
    campus = Campus(folder / "nbgrader")
    source = campus.course / "source" / "stock"
    source.mkdir(parents=True)
    nbformat.write(stock_notebook(), source / "lab.ipynb")
    settings = "c = get_config()\nc.CourseDirectory.course_id = 'stock'\n"
    (campus.course / "nbgrader_config.py").write_text(settings)
    campus.nbgrader("generate_assignment", "stock")
    released = nbformat.read(campus.course / "release/stock/lab.ipynb", 4)
    students = [f"s{number}" for number in range(PEER_TURNS)]
    for student in students:
        hand_in_stock(campus, student, released, RIGHT[FILE], {})
    started, before = time.perf_counter(), children()
    campus.nbgrader("autograde", "stock")
    wall, cpu = time.perf_counter() - started, children() - before
    if campus.scores() != dict.fromkeys(students, course.assignment("03").max_points):
        raise SystemExit("nbgrader did not give right submissions full marks")
    return Cost(cpu / len(students), wall / len(students))


def children():
    """CPU seconds of all processes that ended below this one."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def peers(course, folder, copies):
    """A line each, with a batch of ours right before it: the machine may be busier than it was."""
    for name, module, run in (
        ("otter run", "otter", otter),
        ("nbgrader autograde", "nbgrader", nbgrader),
    ):
        if importlib.util.find_spec(module) is None:
            yield f"  {name}: not installed, so there is nothing to say about it"
            continue
        say(f"{name} …")
        _, ours = batch(course, course.assignment("03"), "right", copies, folder)
        theirs = run(course, folder)
        yield (
            f"  {name}: {theirs.wall:.2f} s a submission, {theirs.cpu:.2f} s of them CPU; ours: "
            f"{theirs.wall / ours.wall:.0f} times as many in that time, "
            f"{theirs.cpu / ours.cpu:.0f} times in that CPU time (target: {PEER_TARGET})"
        )


def main():
    """Measure all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=500, help="of each submission")
    copies = parser.parse_args().copies
    course = Course.load(ROOT)
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as name:
        folder = Path(name)
        (folder / "secret").write_text("a secret for this benchmark only\n")
        os.environ["BENCH_SECRET"] = str(folder / "secret")
        for number in ASSIGNMENTS:
            assignment = course.assignment(number)
            for kind in KINDS:
                say(f"{assignment.name}, {kind}, {copies} copies …")
                row, _ = batch(course, assignment, kind, copies, folder)
                rows.append(row)
                say(row)
        say("single submissions …")
        singles = [single(course, course.assignment(number), folder) for number in ASSIGNMENTS]
        others = list(peers(course, folder, copies))
    print(f"{copies} copies each, {len(os.sched_getaffinity(0))} processors, one BLAS thread")
    heads = ("passed", 8), ("graded", 12), ("CPU each", 13), ("numpy", 13), ("ratio", 9)
    line = "".join(f"{head:>{width}}" for head, width in heads)
    print(f"  {'':13}{line}{'target':>9}")
    print("\n".join([*rows, *singles, *others]))


if __name__ == "__main__":
    main()
