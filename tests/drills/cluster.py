"""Kills a cluster at random moments: `make drill-cluster`, or python -m tests.drills.cluster ROUNDS

Each round grades a batch on a scheduler and two workers of its own, kills one of them or the
command at a moment that nobody chose, and runs the same command again. Then every student must
have one grading, the marks must be those of a run that nobody disturbed, and no process may be
left.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.gradebook.attempts import Gradebook
from tests.desk import RIGHT, SLIP, STUB, Desk
from tests.integrations.cluster.machines import Cluster, cluster_of

VICTIMS = ("worker", "scheduler", "command")
BATCH = 400
MOST = 300.0  # seconds for a command
LEFT = 20.0  # seconds in which what is orphaned ends
ALONE = ("--jobs", "2")


@dataclass(frozen=True)
class Round:
    """What a round was like."""

    victim: str
    done: int  # results when the kill came
    hit: bool  # whether the command was still at work
    ended: int | None  # the command's exit code
    faults: tuple[str, ...]


class Drill:
    """One class of students, graded on one cluster after the other."""

    def __init__(self, folder: Path, size: int = BATCH) -> None:
        self.folder, self.size = folder, size
        (folder / "scratch").mkdir()
        (folder / "scratch").chmod(0o755)
        self.desk = Desk(folder, folder / "scratch")
        for number in range(size - 1):
            self.desk.hand_in(f"s{number:03}.zip", (RIGHT, SLIP, STUB)[number % 3])
        self.desk.hand_in("s999.zip", {"essay.txt": "no code"})
        self.undisturbed = self._marks(self._run(folder / "undisturbed", *ALONE)[1])
        assert len(self.undisturbed) == size

    def round(self, victim: str, chance: random.Random) -> Round:
        """Grade, kill, grade again, and say what is wrong then."""
        place = Path(tempfile.mkdtemp(dir=self.folder))
        results = place / "results"
        with cluster_of(place) as cluster:
            command = self._start(results, "--cluster", cluster.address)
            self._wait(results, chance.randrange(self.size), command)
            time.sleep(chance.random() * 0.2)
            done = len(_results(results))
            hit = command.poll() is None
            _kill(victim, cluster, command, chance)
            _, errors = command.communicate(timeout=MOST)
            faults = self._odd_ending(victim, command.returncode, errors.decode())
            where = ALONE if victim == "scheduler" else ("--cluster", cluster.address)
            code, document, errors = self._run(results, *where)
        faults += [f"the second run ended with {code}: {errors}"] if code else []
        faults += self._differences(document, results) if document else ["nothing was printed"]
        if left := self._left(place):
            faults.append(f"left running: {left}")
        return Round(victim, done, hit, command.returncode, tuple(faults))

    def _odd_ending(self, victim: str, code: int | None, errors: str) -> list[str]:
        """What a command that loses its cluster may not do."""
        faults = [f"a traceback: {errors}"] if "Traceback" in errors else []
        may = {"worker": (0,), "scheduler": (0, 3), "command": (0, -signal.SIGKILL)}[victim]
        if code not in may:
            faults.append(f"it ended with {code}: {errors}")
        if victim == "scheduler" and code == 3 and "scheduler is gone" not in errors:
            faults.append(f"it does not say that the scheduler is gone: {errors}")
        return faults

    def _differences(self, document: bytes, results: Path) -> list[str]:
        """How a batch differs from the undisturbed one, in its marks and in its gradebook."""
        faults = []
        marks = self._marks(document)
        if marks != self.undisturbed:
            names = {*marks, *self.undisturbed}
            odd = [name for name in names if marks.get(name) != self.undisturbed.get(name)]
            faults.append(f"other marks: {', '.join(sorted(odd))}")
        with Gradebook(results / "gradebook.sqlite") as book:
            book.check()
            attempts = book.attempts("01_double")
            counts = {one.student: len(book.history("01_double", one.student)) for one in attempts}
        if len(attempts) != self.size or set(counts) != set(self.undisturbed):
            faults.append(f"{len(attempts)} attempts of {len(counts)} students are kept")
        if twice := sorted(name for name, count in counts.items() if count != 1):
            faults.append(f"graded more than once: {', '.join(twice)}")
        if len(_results(results)) != self.size:
            faults.append(f"{len(_results(results))} files of results")
        return faults

    def _left(self, place: Path) -> list[str]:
        """Shards and workers of this round that outlive it."""
        until = time.monotonic() + LEFT
        while (found := _processes_with(f"DRILL={place}")) and time.monotonic() < until:
            time.sleep(0.1)
        return found

    def _start(self, results: Path, *more: str) -> subprocess.Popen[bytes]:
        arguments = self.desk.arguments(
            *("grade", "01", self.desk.uploads, "--course", self.desk.course, "--json"),
            *("--results", results, *more),
        )
        return subprocess.Popen(
            arguments,
            env=self.desk.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _run(self, results: Path, *more: str) -> tuple[int, bytes, str]:
        command = self._start(results, *more)
        output, errors = command.communicate(timeout=MOST)
        return command.returncode, output, errors.decode()

    def _wait(self, results: Path, count: int, command: subprocess.Popen[bytes]) -> None:
        while len(_results(results)) < count and command.poll() is None:
            time.sleep(0.01)

    def _marks(self, document: bytes | str) -> dict[str, Any]:
        """All that results say, but for times and where they came from."""
        found: dict[str, Any] = {}
        for result in json.loads(document)["results"]:
            assert result["student"] not in found
            for check in result["checks"]:
                del check["seconds"]
            kept = {key: value for key, value in result.items() if key not in TIMES}
            found[result["student"]] = kept
        return found


TIMES = ("seconds", "graded_at")


def _results(folder: Path) -> list[Path]:
    return list(folder.glob("01_double/s*.json"))


def _kill(
    victim: str, cluster: Cluster, command: subprocess.Popen[bytes], chance: random.Random
) -> None:
    if victim == "worker":
        for pid in cluster.pids()[: chance.choice([1, 2])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    elif victim == "scheduler":
        cluster.scheduler.kill()
    else:
        command.kill()


def _processes_with(mark: str) -> list[str]:
    """The commands of processes that were started with this in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    found.append(f"{entry.name} {words.decode(errors='replace')}".strip())
    return found


def main(rounds: int, size: int = BATCH) -> int:
    """Print a line a round; how many rounds went wrong."""
    chance = random.Random()
    wrong = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="drill-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        drill = Drill(folder, size)
        for number in range(rounds):
            one = drill.round(VICTIMS[number % len(VICTIMS)], chance)
            wrong += bool(one.faults)
            when = f"after {one.done:3} of {size}" if one.hit else "after its end"
            print(
                f"{number + 1:3} {one.victim:9} killed {when}, exit code {one.ended}: "
                f"{'; '.join(one.faults) or 'all there, once, with the right marks'}",
                flush=True,
            )
    print(f"{rounds} rounds of {size}, {wrong} wrong, {time.monotonic() - started:.0f} s")
    return wrong


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]] or [60]
    sys.exit(main(*given) > 0)
