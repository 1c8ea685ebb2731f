"""The trusted side of the jail: a sandbox, and implementations whose functions run in it."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from autograder.checker.contract import Contract
from autograder.errors import UsageProblem
from autograder.sandbox.outside.attendant import Attendant, Helper
from autograder.sandbox.outside.channel import Channel
from autograder.sandbox.outside.host import SandboxFault, ZygoteHost
from autograder.sandbox.outside.identity import Identities
from autograder.sandbox.outside.implementation import RemoteImplementation
from autograder.sandbox.outside.levels import (
    NAMESPACES,
    PROCESS,
    Isolation,
    IsolationUnavailable,
    demand,
    demand_linux,
    find_isolation,
)
from autograder.sandbox.outside.limits import Limits
from autograder.sandbox.outside.staging import Stage, Staged, remove_tree

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
        processor: int | None = None,
        closed: Collection[Path] = (),
        meanwhile: Iterable[None] = (),
    ) -> None:
        """Start, or raise IsolationUnavailable below the level `at_least`.

        None stands for the least level that may run strangers' code. `at_most` keeps stronger
        layers away (for tests of each level); `reference` is the folder that functions are served
        from. With `processor` the calling process and all workers stay on one processor (the one
        of that number, modulo those allowed): a small call then takes half the time. `closed` names
        what no student may read; where Landlock is missing, its permissions are looked at. The
        steps of `meanwhile` are done until the first fork server is ready.
        """
        demand_linux()
        if contract.package in {*sys.stdlib_module_names, "numpy", "kit_sandbox"}:
            raise UsageProblem(
                f"the course's package can't be called {contract.package}: Python has a module of "
                "that name, and a submission must not take its place. Rename the package."
            )
        if processor is not None:
            allowed = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {allowed[processor % len(allowed)]})
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
            for _ in meanwhile:
                if self._workers.answers:
                    break
            self.isolation = find_isolation(
                self._try_layers,
                is_root=is_root,
                at_most=at_most,
                namespaces_missing=self._workers.namespaces_missing,
            )
            demand(self.isolation, at_least, is_root=is_root, closed=closed)
        except BaseException:
            self.close()
            raise

    def _try_layers(self, layers: tuple[str, ...]) -> dict[str, str]:
        self.isolation = Isolation(PROCESS, layers)
        worker = self.start(self.stage(None), frozenset(), self.limits, probe=True)
        try:
            return worker.probe()
        finally:
            worker.end()

    @contextmanager
    def hold(self, files: Mapping[str, bytes]) -> Iterator[Staged]:
        """A submission's files, by their names, for as many workers as it takes to judge it."""
        staged = self._stage.write(files, self._identities.next())
        try:
            yield staged
        finally:
            remove_tree(staged.folder)

    def open(
        self, submission: Path | Staged, *, served: Collection[str] = ()
    ) -> RemoteImplementation:
        """The functions of a submission, held or in a folder, each call in a jailed worker.

        `served` names functions that come from the reference instead; nothing else does.
        """
        return RemoteImplementation(self, submission, frozenset(served))

    def start(
        self,
        staged: Staged,
        served: frozenset[str],
        limits: Limits,
        *,
        probe: bool = False,
    ) -> Attendant:
        """A fresh worker for a staged submission."""
        uid = self._identities.next()
        gid = uid if staged.group is None else staged.group
        scratch = self._stage.scratch(uid, gid)
        settings = {
            "layers": list(self.isolation.layers),
            "uid": uid or 0,
            "gid": gid or 0,
            "folder": str(staged.folder),
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
            log, log_end = _pipe(stack)
            answers, answers_end = _pipe(stack)
            calls_end, calls = _pipe(stack)
            descriptors = [log_end, calls_end, answers_end]
            server = None
            if served:
                peer_in, server_out = _pipe(stack)
                server_in, peer_out = _pipe(stack)
                server = self._serve(settings, [server_in, server_out])
                descriptors += [peer_in, peer_out]
            if not self._workers.alive:
                self._workers.close()
                self._workers = ZygoteHost(namespaces=self._namespaces)
            pid = self._workers.fork(settings, descriptors)
            ours = [os.dup(end) for end in (calls, answers, log)]
        channel = Channel(*ours, log_bytes=limits.log_bytes, frame_bytes=limits.frame_mb * 2**20)
        return Attendant(self._workers, pid, channel, scratch, limits, server)

    def _serve(self, settings: dict[str, Any], pipes: list[int]) -> Helper:
        """A fresh server of the reference, which hears one worker only."""
        if self._servers is not None and not self._servers.alive:
            self._servers.close()
            self._servers = None
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
            pid = self._servers.fork(own, [nothing.fileno(), *pipes])
        return Helper.of(self._servers, pid, scratch)

    def stage(self, submission: Path | None) -> Staged:
        """A copy of a submission's folder that its workers may read."""
        return self._stage.copy(submission, self._identities.next())

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


def _pipe(stack: ExitStack) -> tuple[int, int]:
    """Both ends of a pipe, closed with the stack."""
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends
