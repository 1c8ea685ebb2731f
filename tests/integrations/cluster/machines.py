"""A dask cluster of real processes on this machine, which drills may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SCHEDULER = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
WORKER = ["-m", "distributed.cli.dask_worker", "--nthreads", "1", "--host", "127.0.0.1"]
QUIET = ["--no-dashboard"]


class Cluster:
    """One scheduler, some workers, each under a nanny that starts it again."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self.workers = folder, workers
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def start(self) -> None:
        self.file.unlink(missing_ok=True)
        self.scheduler = self._run([*SCHEDULER, *QUIET, "--scheduler-file", str(self.file)])
        until = time.monotonic() + 30
        while not self.file.exists() or not self.file.read_text().strip():
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.05)
        for _ in range(self.workers):
            self._run([*WORKER, *QUIET, "--scheduler-file", str(self.file)])

    def stop(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def pids(self) -> list[int]:
        """The processes of the workers themselves, below their nannies."""
        found = []
        for nanny in self.processes[1:]:
            with suppress(OSError):
                text = Path(f"/proc/{nanny.pid}/task/{nanny.pid}/children").read_text()
                found += [pid for pid in map(int, text.split()) if _is_worker(pid)]
        return found

    def _run(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{len(self.processes)}.log").open("ab"),
            cwd=self.folder,
            env=os.environ | {"DRILL": str(self.folder)},  # so that what is left of it is found
            start_new_session=True,
        )
        self.processes.append(process)
        return process


def _is_worker(pid: int) -> bool:
    with suppress(OSError):
        return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@contextmanager
def cluster_of(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    cluster = Cluster(folder, workers)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
