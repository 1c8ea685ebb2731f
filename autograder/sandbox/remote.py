"""The trusted side of the jail: a sandbox, and implementations whose functions run in it."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from autograder.checker.contract import Contract
from autograder.sandbox.attendant import Attendant, Helper
from autograder.sandbox.channel import Channel
from autograder.sandbox.host import SandboxFault, ZygoteHost
from autograder.sandbox.identity import Identities
from autograder.sandbox.implementation import RemoteImplementation
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
