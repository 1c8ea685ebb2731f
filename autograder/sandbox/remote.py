"""The trusted side of the jail: a sandbox, and implementations whose functions run in it."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Collection
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from autograder.checker.contract import Contract, Function
from autograder.checker.implementation import CallResult, Implementation
from autograder.checker.outcome import Generator, ImplementationStopped, Opaque, Verdict
from autograder.sandbox import wire
from autograder.sandbox.answers import clean, read_answer
from autograder.sandbox.attendant import Attendant, Helper
from autograder.sandbox.channel import Channel
from autograder.sandbox.encoder import encode
from autograder.sandbox.host import SandboxFault, ZygoteHost
from autograder.sandbox.identity import Identities
from autograder.sandbox.levels import (
    NAMESPACES,
    PROCESS,
    Isolation,
    IsolationUnavailable,
    demand,
    demand_linux,
    find_isolation,
)
from autograder.sandbox.limits import Limits
from autograder.sandbox.staging import Stage

__all__ = [
    "Isolation",
    "IsolationUnavailable",
    "Limits",
    "RemoteImplementation",
    "Sandbox",
    "SandboxFault",
]


class Sandbox:
    """Owns the fork servers; a context manager. For one thread of one grading process."""

    def __init__(
        self,
        contract: Contract,
        *,
        limits: Limits | None = None,
        at_least: str | None = None,
        reference: Path | None = None,
        at_most: str | None = None,
    ) -> None:
        """Start, or raise IsolationUnavailable below the level `at_least`.

        None stands for the least level that may run strangers' code. `at_most` keeps stronger
        layers away (for tests of each level); `reference` is the folder that functions are served
        from.
        """
        demand_linux()
        self.contract = contract
        self.limits = limits or Limits()
        self._namespaces = at_most in (None, NAMESPACES)
        self._reference = reference
        self._identities = Identities()
        self._stage = Stage()
        self._workers = ZygoteHost(namespaces=self._namespaces)
        self._servers: ZygoteHost | None = None
        is_root = self._identities.is_root
        try:
            self.isolation = find_isolation(
                self._try_layers,
                is_root=is_root,
                at_most=at_most,
                namespaces_missing=self._workers.namespaces_missing,
            )
            demand(self.isolation, at_least, is_root)
        except BaseException:
            self.close()
            raise

    def _try_layers(self, layers: tuple[str, ...]) -> dict[str, str]:
        self.isolation = Isolation(PROCESS, layers)
        folder, group = self.stage(None)
        worker = self.start(folder, group, frozenset(), self.limits, probe=True)
        try:
            return worker.probe()
        finally:
            worker.end()

    def open(self, submission: Path, *, served: Collection[str] = ()) -> RemoteImplementation:
        """The functions of a submission's folder, each call in a jailed worker.

        `served` names functions that come from the reference instead; nothing else does.
        """
        return RemoteImplementation(self, submission, frozenset(served))

    def start(
        self,
        folder: Path,
        group: int | None,
        served: frozenset[str],
        limits: Limits,
        *,
        probe: bool = False,
    ) -> Attendant:
        """A fresh worker for a staged submission."""
        uid = self._identities.next()
        gid = uid if group is None else group
        scratch = self._stage.scratch(uid, gid)
        settings = {
            "layers": list(self.isolation.layers),
            "uid": uid or 0,
            "gid": gid or 0,
            "folder": str(folder),
            "scratch": str(scratch),
            "package": self.contract.package,
            "cpu": math.ceil(limits.cpu_total) + 5,
            "memory": limits.memory_mb * 2**20,
            "file": limits.file_mb * 2**20,
            "processes": limits.threads + 1 if uid else 4096,
            "entries": limits.scratch_entries,
            "calls": limits.served_calls,
            "probe": probe,
            "served": {
                name: (function.module, function.returns)
                for name, function in self.contract.functions.items()
                if name in served
            },
        }
        with ExitStack() as stack:
            ours, theirs = socket.socketpair()
            log, log_end = os.pipe()
            stack.enter_context(theirs)
            stack.callback(os.close, log_end)
            descriptors = [theirs.fileno(), log_end]
            server = None
            if served:
                near, far = socket.socketpair()
                stack.enter_context(near)
                stack.enter_context(far)
                server = self._serve(settings, far.fileno())
                descriptors.append(near.fileno())
            pid = self._workers.fork(settings, descriptors)
        channel = Channel(ours, log, limits.log_bytes, limits.frame_mb * 2**20)
        return Attendant(self._workers, pid, channel, scratch, limits, server)

    def _serve(self, settings: dict[str, Any], line: int) -> Helper:
        """A fresh server of the reference, which hears one worker only."""
        if self._servers is None:
            if self._reference is None:
                raise SandboxFault("functions are to be served, but no reference was given")
            modules = sorted({f.module for f in self.contract.functions.values()})
            package = self.contract.package
            self._servers = ZygoteHost(
                self._reference,
                [f"{package}.{module}" for module in modules],
                namespaces=self._namespaces,
            )
        uid = self._identities.next()
        scratch = self._stage.scratch(uid, uid)
        own = settings | {"uid": uid or 0, "gid": uid or 0, "folder": "", "scratch": str(scratch)}
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123
            pid = self._servers.fork(own, [line, nothing.fileno()])
        return Helper(self._servers, pid, scratch)

    def stage(self, submission: Path | None) -> tuple[Path, int | None]:
        """A copy of a submission that its workers may read, and the group that may."""
        group = self._identities.next()
        return self._stage.copy(submission, group), group

    def close(self) -> None:
        """End every process of the sandbox and remove its folders."""
        for host in (self._workers, self._servers):
            if host is not None:
                host.close()
        self._stage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RemoteImplementation(Implementation):
    """A submission's functions, called in a worker that is started when it is first needed."""

    def __init__(self, sandbox: Sandbox, submission: Path, served: frozenset[str]) -> None:
        super().__init__(sandbox.contract)
        self._sandbox = sandbox
        self._submission = submission
        self._served = served
        self._staged: tuple[Path, int | None] | None = None
        self._worker: Attendant | None = None
        self._stopped: ImplementationStopped | None = None
        self._spent = 0.0
        self._log = bytearray()
        self._check = 0
        self._calls = 0
        self._serial = 0

    def begin(self) -> None:
        """A new check: fresh budgets, and a fresh worker if the last one is gone."""
        super().begin()
        self._check += 1
        self._stopped = None
        if self._worker is not None:
            if self._worker.lame:
                self._end_worker()
            else:
                self._worker.begin()

    def invoke(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallResult:
        """Call a function in the worker."""
        if self._stopped is not None:
            raise self._stopped
        worker = self._worker or self._start()
        self._calls += 1
        head = (
            *(self._calls, self._check, function.module, function.name, function.returns),
            *(len(args), tuple(kwargs)),
        )
        body = encode([head, *args, *kwargs.values()], self._convert)
        try:
            answer = worker.call(body)
            return read_answer(answer, function, self._calls, self._serial, worker.limits.memory_mb)
        except wire.WireClosedError:
            raise self._stop(worker.died()) from None
        except wire.WireError as error:
            message = f"sent something that is not an answer: {clean(str(error), 200)}"
            raise self._stop(ImplementationStopped(Verdict.BAD_OUTPUT, message)) from None
        except ImplementationStopped as stopped:
            raise self._stop(stopped) from None

    def _start(self) -> Attendant:
        limits = self._sandbox.limits
        if self._spent > limits.cpu_total:
            raise ImplementationStopped(
                Verdict.SKIPPED, f"the submission used up its {limits.cpu_total:g} s of CPU time"
            )
        if self._staged is None:
            self._staged = self._sandbox.stage(self._submission)
        self._serial += 1
        self._worker = self._sandbox.start(*self._staged, self._served, limits)
        self._worker.before = self._spent
        return self._worker

    def _stop(self, stopped: ImplementationStopped) -> ImplementationStopped:
        self._stopped = stopped
        self._end_worker()
        return stopped

    def _end_worker(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.end()
            self._spent += worker.cpu_seconds
            self._log += worker.channel.log

    def _convert(self, value: Any, reason: str) -> Any:
        """Opaque results and generators travel as what the worker knows them by."""
        if isinstance(value, Generator):
            return wire.Seed(value.seed)
        if isinstance(value, Opaque):
            serial, number = value.value
            if serial != self._serial:
                raise ImplementationStopped(
                    Verdict.CRASHED, "a cache was lost with the process that held it"
                )
            return wire.Handle(number)
        raise wire.WireError(f"{type(value).__name__}: {reason}")

    @property
    def log(self) -> str:
        """What the student's code printed so far, capped, control characters escaped."""
        printed = bytes(self._log)
        if self._worker is not None:
            self._worker.channel.drain()
            printed += bytes(self._worker.channel.log)
        text = printed[: self._sandbox.limits.log_bytes].decode("utf-8", "replace")
        return clean(text, len(text) + 1)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of all workers of this submission."""
        return self._spent + (self._worker.cpu_seconds if self._worker else 0.0)

    def close(self) -> None:
        """End the worker."""
        with suppress(SandboxFault):
            self._end_worker()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
