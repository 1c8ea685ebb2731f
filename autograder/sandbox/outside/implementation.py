"""A submission as an implementation: each of its functions is called in a jailed worker."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from autograder.checker.contract import Function
from autograder.checker.implementation import CallResult, Implementation
from autograder.checker.outcome import (
    Generator,
    ImplementationRaised,
    ImplementationStopped,
    Opaque,
    Verdict,
)
from autograder.sandbox.outside.answers import clean, read_answer
from autograder.sandbox.outside.attendant import Attendant, used_up
from autograder.sandbox.outside.host import SandboxFault
from autograder.sandbox.outside.staging import Staged, remove_tree
from autograder.sandbox.wire import frames
from autograder.sandbox.wire.encoder import encode

if TYPE_CHECKING:
    from autograder.sandbox.outside.remote import Sandbox


class RemoteImplementation(Implementation):
    """A submission's functions, called in a worker that is started when it is first needed."""

    def __init__(self, sandbox: Sandbox, submission: Path | Staged, served: frozenset[str]) -> None:
        super().__init__(sandbox.contract)
        self._sandbox = sandbox
        self._submission = submission
        self._served = served
        self._staged: Staged | None = None
        self._worker: Attendant | None = None
        self._stopped: ImplementationStopped | None = None
        self._spent = 0.0  # seconds of ended workers, computing or idle
        self._cpu_seconds = 0.0
        self._lame = False
        self._allowed: float | None = None
        self._log = bytearray()
        self._check = 0
        self._calls = 0
        self._serial = 0

    def begin(self, cpu: float | None = None) -> None:
        """A new check: fresh budgets, and a fresh worker if the last one is gone."""
        super().begin()
        self._allowed = cpu
        self._check += 1
        self._stopped = None
        if self._worker is not None:
            if self._lame or self._worker.lame:
                self._lame = False
                self._end_worker()
            else:
                self._worker.begin(cpu)

    def invoke(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallResult:
        """Call a function in the worker."""
        if self._stopped is not None:
            raise self._stopped
        worker = self._worker or self._start()
        self._calls += 1
        target = f"{function.module}.{function.name}:{','.join(function.returns)}"
        head = (self._calls, self._check, target, len(args), tuple(kwargs))
        body = encode([head, *args, *kwargs.values()], self._convert)
        try:
            answer = worker.call(body)
            return read_answer(answer, function, self._calls, self._serial, worker.limits.memory_mb)
        except ImplementationRaised as error:
            self._lame = "ServedGoneError" in error.kinds
            raise
        except frames.WireClosedError:
            raise self._stop(worker.died()) from None
        except frames.WireError as error:
            message = f"sent something that is not an answer: {clean(str(error), 200)}"
            raise self._stop(ImplementationStopped(Verdict.BAD_OUTPUT, message)) from None
        except ImplementationStopped as stopped:
            raise self._stop(stopped) from None
        except SandboxFault:
            self.close()
            raise

    def _start(self) -> Attendant:
        limits = self._sandbox.limits
        if self._spent > limits.cpu_total:
            raise ImplementationStopped(Verdict.SKIPPED, used_up(limits))
        if self._staged is None:
            given = self._submission
            self._staged = given if isinstance(given, Staged) else self._sandbox.stage(given)
        self._serial += 1
        self._worker = self._sandbox.start(self._staged, self._served, limits)
        self._worker.before = self._spent
        self._worker.begin(self._allowed)
        return self._worker

    def _stop(self, stopped: ImplementationStopped) -> ImplementationStopped:
        self._stopped = stopped
        self._end_worker()
        return stopped

    def _end_worker(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            try:
                worker.end()
            finally:
                self._cpu_seconds += worker.cpu_seconds
                self._spent += worker.cpu_seconds + worker.idle_seconds
                self._log += worker.channel.log

    def _convert(self, value: Any, reason: str) -> Any:
        """Opaque results and generators travel as what the worker knows them by."""
        if isinstance(value, Generator):
            return frames.Seed(value.seed)
        if isinstance(value, Opaque):
            serial, number = value.value
            if serial != self._serial:
                raise ImplementationStopped(
                    Verdict.CRASHED, "a cache was lost with the process that held it"
                )
            return frames.Handle(number)
        raise frames.WireError(f"{type(value).__name__}: {reason}")

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
        return self._cpu_seconds + (self._worker.cpu_seconds if self._worker else 0.0)

    def close(self) -> None:
        """End the worker, and leave nothing of the submission for a later one to find."""
        with suppress(SandboxFault):
            self._end_worker()
        staged, self._staged = self._staged, None
        if staged is not None and staged is not self._submission:
            remove_tree(staged.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
