"""Time of `otter run`, ours against the ordinary assignment.

python -m tests.integrations.bench_otter [ROUNDS]

In turn, on one right submission; CPU seconds hold on a busy machine, wall seconds on an idle one.
"""

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from autograder.course.course import Course
from tests.integrations import stock_otter
from tests.integrations.hand_ins import RIGHT, ROOT
from tests.integrations.test_gradescope import autograder
from tests.integrations.test_otter import Desk


def main(rounds):
    with tempfile.TemporaryDirectory() as name:
        desk = Desk(Path(name))
        autograder(desk.folder, "release", "03", "--otter", desk.released)
        course = Course.find(ROOT)
        stock = stock_otter.make(course, course.assignment("03"), desk.folder / "stock")
        bundles = {"ours": desk.released / "autograder.zip", "stock otter": stock}
        upload = desk.pack("right", RIGHT)
        times = {name: [] for name in bundles}
        for _ in range(rounds):
            for which, bundle in bundles.items():
                times[which].append(timed(desk, bundle, upload))
    for which, found in times.items():
        wall, cpu = zip(*found, strict=True)
        print(
            f"{which:12} wall {statistics.median(wall):5.2f} s (best {min(wall):.2f})   "
            f"CPU {statistics.median(cpu):5.2f} s (best {min(cpu):.2f})"
        )


def timed(desk, bundle, upload):
    """Wall and CPU seconds of one run of the command, with everything that it starts."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = desk.otter("run", "-a", bundle, "-o", desk.folder, upload)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "20.000 / 20.000" in done.stdout, done.stdout + done.stderr
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
