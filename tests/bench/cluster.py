"""What a cluster costs, measured; and a hundred thousand hand-ins on many machines, simulated."""

from __future__ import annotations

import heapq
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.course import Course
from autograder.grading.conditions import Settings
from autograder.grading.grader import expected_of
from autograder.integrations.cluster.machine import grade_shard
from autograder.integrations.cluster.parcel import FIRST, MOST, pack_shard, parcel
from autograder.uploads.submission import Source, read_submission
from tests.bench.submissions import KINDS, write_submission
from tests.integrations.cluster.machines import cluster_of

ROOT = Path(__file__).resolve().parents[2]
SHARES = {"right": 0.6, "half done": 0.25, "wrong": 0.15}  # of a class, for the simulation


@dataclass(frozen=True)
class Costs:
    """Seconds of one core."""

    start: float  # of a shard
    each: dict[str, float]  # of a submission, by kind
    command: float  # of the command itself, for each result that it takes, checks and writes


@dataclass(frozen=True)
class Plan:
    """What is simulated."""

    hand_ins: int = 100_000
    machines: int = 10
    cores: int = 16
    slow: float = 0.1  # share of machines at half speed
    loops: float = 0.002  # share of hand-ins that run into the time limit
    loop_seconds: float = 8.0
    lost: int = 2  # machines that die halfway and don't come back


def measured(course: Course, folder: Path, count: int) -> Costs:
    """Costs of shards and results of the third assignment on this machine."""
    assignment = course.assignment("03")
    packed = parcel(course, assignment, Settings())
    each: dict[str, float] = {}
    start = 0.0
    for kind in KINDS:
        home = folder / kind.replace(" ", "_")
        home.mkdir()
        write_submission(course, assignment, kind, home)
        one = read_submission(Source("s", (home,)), expected_of(course, assignment))
        few, many = (_timed(packed, pack_shard([one] * number)) for number in (1, count))
        each[kind] = max(many - few, 0.0) / (count - 1)
        if kind == "right":
            start = few - each[kind]
    return Costs(start, each, _command_cost(folder, count))


def _timed(packed: bytes, shard: bytes) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        grade_shard(packed, shard)
        best = min(best, time.perf_counter() - began)
    return best


def _command_cost(folder: Path, count: int) -> float:
    """What taking up a result costs: grading again what is there does all of it but grading."""
    uploads = folder / "uploads"
    for place in range(count * 4):
        shutil.copytree(folder / "right", uploads / f"s{place:04}")
    command = [sys.executable, "-m", "autograder", "grade", "03", str(uploads)]
    command += ["--results", str(folder / "results"), "--jobs", "2", "--json"]
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return min(times[1:]) / (count * 4)


def overhead(course: Course, folder: Path, count: int, turns: int = 3) -> str:
    """One command with two processes against one with a cluster of two workers, by turns."""
    uploads = folder / "class"
    for place in range(count):
        kind = KINDS[place % 5 % len(KINDS)]
        write_submission(course, course.assignment("03"), kind, uploads / f"s{place:04}")
    alone, shared = [], []
    with cluster_of(folder) as cluster:
        for turn in range(turns):
            for found, where in (
                (alone, ["--jobs", "2"]),
                (shared, ["--cluster", cluster.address]),
            ):
                results = folder / f"results{turn}{where[0]}"
                command = [
                    sys.executable,
                    "-m",
                    "autograder",
                    "grade",
                    "03",
                    str(uploads),
                    "--json",
                ]
                began = time.perf_counter()
                done = subprocess.run(
                    [*command, "--results", str(results), *where],
                    cwd=ROOT,
                    capture_output=True,
                    check=False,
                )
                found.append(time.perf_counter() - began)
                if done.returncode:
                    raise SystemExit(done.stderr.decode())
    one, two = statistics.median(alone), statistics.median(shared)
    return (
        f"{count} hand-ins of 03: {one:.1f} s by one command with two processes, {two:.1f} s with "
        f"two workers of a cluster: {(two / one - 1) * 100:+.0f} % (median of {turns}, by turns)"
    )


def simulated(costs: Costs, plan: Plan, seed: int = 0) -> dict[str, float]:
    """Seconds of wall time, the cores' share of work, and shards sent twice."""
    chance = random.Random(seed)
    kinds, shares = list(SHARES), list(SHARES.values())
    works = [
        plan.loop_seconds
        if chance.random() < plan.loops
        else costs.each[chance.choices(kinds, shares)[0]] * chance.uniform(0.8, 1.4)
        for _ in range(plan.hand_ins)
    ]
    shards = _cut(works, plan.machines * plan.cores)
    speeds = [0.5 if place < plan.slow * plan.machines else 1.0 for place in range(plan.machines)]
    half = sum(works) / (plan.machines * plan.cores) / 2
    dies = {plan.machines - 1 - place: half * (1 + place / 4) for place in range(plan.lost)}
    free = [(0.0, machine, core) for machine in range(plan.machines) for core in range(plan.cores)]
    heapq.heapify(free)
    written = busy = 0.0  # the command takes one result after the other
    again = 0
    while shards:
        now, machine, core = heapq.heappop(free)
        shard = shards.pop()
        ends = now + (costs.start + sum(shard)) / speeds[machine]
        if machine in dies and ends > dies[machine]:
            if now <= dies[machine]:
                again += 1
            shards.append(shard)  # sent to another one, from its beginning
            continue
        busy += ends - now
        written = max(written, ends) + costs.command * len(shard)
        heapq.heappush(free, (ends, machine, core))
    return {
        "seconds": written,
        "grading": busy / (plan.machines * plan.cores),
        "command": costs.command * plan.hand_ins,
        "again": again,
    }


def _cut(works: Sequence[float], cores: int) -> list[list[float]]:
    """Shards as they are sent, the last one first."""
    shards: list[list[float]] = []
    at = 0
    while at < len(works):
        size = min(MOST, FIRST * 2 ** (len(shards) // cores))
        shards.append(list(works[at : at + size]))
        at += size
    return shards[::-1]


def main() -> None:
    """Print costs and plans."""
    course = Course.find(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        costs = measured(course, Path(folder), 32)
        print(overhead(course, Path(folder), 120))
    print(f"a shard's start      {costs.start * 1000:7.0f} ms")
    for kind, seconds in costs.each.items():
        print(f"one that is {kind:9}{seconds * 1000:7.1f} ms")
    print(f"taking up a result   {costs.command * 1000:7.1f} ms, in the command")
    calm = Plan(slow=0, loops=0, lost=0)
    for name, plan in {"undisturbed": calm, "with stragglers and losses": Plan()}.items():
        found = simulated(costs, plan)
        print(
            f"{plan.hand_ins:,} on {plan.machines} x {plan.cores} cores, {name}: "
            f"{found['seconds'] / 60:.1f} min (grading alone {found['grading'] / 60:.1f}, the "
            f"command alone {found['command'] / 60:.1f}), {found['again']:.0f} shards sent twice"
        )
    print(json.dumps({"start": costs.start, "each": costs.each, "command": costs.command}))


if __name__ == "__main__":
    main()
