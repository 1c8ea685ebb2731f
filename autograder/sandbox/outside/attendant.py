"""One live worker, seen from outside: its line, its clocks, its end."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checker.outcome import ImplementationStopped, Verdict
from autograder.sandbox.outside.channel import Channel
from autograder.sandbox.outside.host import SandboxFault, ZygoteHost
from autograder.sandbox.outside.limits import Limits
from autograder.sandbox.outside.staging import remove_tree, usage
from autograder.sandbox.wire import frames
from autograder.sandbox.wire.decoder import decode

START_SECONDS = 20.0
FASTEST = 1 + (os.cpu_count() or 1)  # seconds of a budget that one second can take


@dataclass(frozen=True)
class Helper:
    """The process that serves the reference to a worker."""

    host: ZygoteHost
    pid: int
    scratch: Path
    watch: int = -1
    """A descriptor that can be read once it has ended, where the system gives such ones."""

    @classmethod
    def of(cls, host: ZygoteHost, pid: int, scratch: Path) -> Helper:
        """A process that was just forked, watched where that can be."""
        try:
            return cls(host, pid, scratch, os.pidfd_open(pid))
        except (AttributeError, OSError):
            return cls(host, pid, scratch)

    def end(self) -> float:
        """Kill it, remove what it wrote, and tell the CPU seconds that it took."""
        try:
            return self.host.end(self.pid).cpu_seconds
        finally:
            if self.watch >= 0:
                os.close(self.watch)
            remove_tree(self.scratch)


class Attendant:
    """Talks to a worker within its budgets; every way to end it goes through `end`."""

    def __init__(
        self,
        host: ZygoteHost,
        pid: int,
        channel: Channel,
        scratch: Path,
        limits: Limits,
        server: Helper | None,
    ) -> None:
        self.pid = pid
        self._host = host
        self.channel = channel
        self.scratch = scratch
        self.limits = limits
        self._server = server
        self._clocks = [_cpu_clock(pid)] + ([_cpu_clock(server.pid)] if server else [])
        self._final_cpu: float | None = None
        self._ready = False
        self.before = 0.0  # seconds, computing or idle, of this submission's earlier workers
        self.idle_seconds = 0.0
        self.begin()

    def begin(self, cpu: float | None = None) -> None:
        """A new check: its budgets start now. cpu: seconds, where they are fewer than usual."""
        self._cpu_allowed = min(cpu or math.inf, self.limits.cpu_per_check)
        self._cpu_start = self._cpu_seen = self.cpu_seconds if self._final_cpu is None else 0.0
        self._wall_start = self._wall_seen = time.monotonic()
        self._idle = 0.0
        left = self.limits.cpu_total - self._cpu_start - self.idle_seconds - self.before
        self._safe_until = self._wall_start + min(self._cpu_allowed, left) / FASTEST

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the worker and of the server that works for it."""
        if self._final_cpu is not None:
            return self._final_cpu
        return sum(_read_clock(clock) for clock in self._clocks)

    def call(self, body: bytes) -> bytes | bytearray:
        """Send one call and wait for its answer."""
        if not self._ready:
            self._expect_ready()
        answer = self.channel.exchange(body, self._watch)
        if time.monotonic() > self._safe_until:  # no budget can be spent before
            self._check_cpu(self.cpu_seconds)
        return answer

    def _expect_ready(self) -> list[Any]:
        """The first frame is the jail's, before any of the student's code runs."""
        deadline = time.monotonic() + START_SECONDS

        def watch() -> None:
            if time.monotonic() > deadline:
                raise SandboxFault(f"a worker did not start within {START_SECONDS:g} s")

        try:
            words = decode(self.channel.receive(watch))
        except frames.WireError as error:
            raise SandboxFault(f"a worker did not start: {error}") from None
        if words[0] != ("ready",):
            raise SandboxFault(f"the jail could not be put up: {words[0][-1]!s:.300}")
        self._ready = True
        return words

    def probe(self) -> dict[str, str]:
        """The report of a worker that was started to look around in its jail."""
        try:
            report = self._expect_ready()[1]
        except SandboxFault as error:
            return {"start": str(error)}
        return {str(name): str(reason) for name, reason in report.items()}

    def _watch(self) -> None:
        """Called while waiting: gives up when a budget is spent."""
        cpu, now, limits = self.cpu_seconds, time.monotonic(), self.limits
        self._check_cpu(cpu)
        passed = now - self._wall_seen
        if passed < 0.01:
            return
        if cpu - self._cpu_seen < 0.1 * passed and not self._running():
            self._idle += passed
            self.idle_seconds += passed
        self._cpu_seen, self._wall_seen = cpu, now
        if self._idle > limits.idle_per_check or now - self._wall_start > limits.wall_per_check:
            raise ImplementationStopped(
                Verdict.TIMEOUT,
                f"gave no answer within {limits.idle_per_check:g} s of waiting "
                "(does it sleep, or wait for input or a lock?)",
            )
        used, entries = usage(self.scratch, limits.scratch_entries)
        if used > 4 * limits.file_mb * 2**20 or entries > limits.scratch_entries:
            raise ImplementationStopped(
                Verdict.BAD_OUTPUT, "wrote more files than a submission may write"
            )

    def _check_cpu(self, cpu: float) -> None:
        if cpu - self._cpu_start > self._cpu_allowed:
            raise ImplementationStopped(
                Verdict.TIMEOUT,
                f"used more than the {self._cpu_allowed:.3g} s of CPU time that one check may take",
            )
        if cpu + self.idle_seconds + self.before > self.limits.cpu_total:
            raise ImplementationStopped(Verdict.TIMEOUT, used_up(self.limits))

    def _running(self) -> bool:
        """Whether the worker or its server would compute if the machine let it."""
        pids = [self.pid] + ([self._server.pid] if self._server else [])
        for pid in pids:
            with contextlib.suppress(OSError, IndexError):
                if _state(pid) == b"R":
                    return True
        return False

    @property
    def lame(self) -> bool:
        """Whether the server that it depends on is gone."""
        if self._server is None:
            return False
        if self._server.watch >= 0:
            ended = select.poll()
            ended.register(self._server.watch, select.POLLIN)
            return bool(ended.poll(0))
        with contextlib.suppress(OSError, IndexError):
            return _state(self._server.pid) in (b"Z", b"X")
        return True

    def died(self) -> ImplementationStopped:
        """The line broke: why, as far as the way it ended tells."""
        ending = self._host.end(self.pid)
        self._finish(ending.cpu_seconds)
        limits, status = self.limits, ending.status
        if ending.peak_bytes > 0.9 * limits.memory_mb * 2**20:
            return ImplementationStopped(
                Verdict.OUT_OF_MEMORY,
                f"needs more memory than the {limits.memory_mb} MB that it may use",
            )
        if status & 0x7F == 0:
            return ImplementationStopped(
                Verdict.CRASHED, f"ended the Python process (exit code {status >> 8})"
            )
        name = signal.Signals(status & 0x7F).name
        if name == "SIGXCPU" or ending.cpu_seconds > limits.cpu_per_check:
            return ImplementationStopped(Verdict.TIMEOUT, "used too much CPU time")
        if name == "SIGKILL":
            return ImplementationStopped(Verdict.CRASHED, "closed its connection to the grader")
        text = {
            "SIGSEGV": "a segmentation fault; endless recursion is the usual cause",
            "SIGSYS": "it asked the system for something that is forbidden here",
        }.get(name, name)
        return ImplementationStopped(Verdict.CRASHED, f"the Python process died ({text})")

    def end(self) -> None:
        """Kill the worker and its server, and remove what it wrote."""
        if self._final_cpu is not None:
            return
        spent = self.cpu_seconds
        try:
            spent = self._host.end(self.pid).cpu_seconds
        finally:
            self._finish(spent)

    def _finish(self, cpu_seconds: float) -> None:
        self._final_cpu = cpu_seconds
        try:
            if self._server is not None:
                self._final_cpu += self._server.end()
        finally:
            self.channel.close()
            remove_tree(self.scratch)


def used_up(limits: Limits) -> str:
    """What a student reads when nothing is left of the submission's time."""
    return f"the submission used up the {limits.cpu_total:g} s that it may take in all"


def _cpu_clock(pid: int) -> int:
    """The kernel's number for the CPU clock of a process (all of its threads)."""
    return (~pid << 3) | 2


def _state(pid: int) -> bytes:
    """R, S, D, T, Z …: what the kernel says that a process does."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]


def _read_clock(clock: int) -> float:
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0
