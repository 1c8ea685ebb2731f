"""Grades in this process, or in several that each own a jail. Nothing here writes a result down."""

from __future__ import annotations

import contextlib
import gc
import signal
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self

from autograder.course.course import Assignment, Course
from autograder.documents.results import Result
from autograder.errors import KitError
from autograder.grading.conditions import Conditions, Settings, conditions_of
from autograder.grading.grader import Grader, Soon
from autograder.sandbox.outside.host import SandboxFault
from autograder.sandbox.outside.start import drop
from autograder.uploads.submission import Submission

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Graded = tuple[Submission, Result]
TRIES = 2


class Workers(Protocol):
    """What a batch is graded by: open while the batch runs."""

    conditions: Conditions

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def run(self, submissions: Iterator[Submission]) -> Iterator[Graded]:
        """Grade all, in any order."""
        ...


class OneProcess:
    """Grades here, one submission after the other."""

    def __init__(
        self, course: Course, assignment: Assignment, settings: Settings, soon: Soon | None = None
    ) -> None:
        """soon: reads the files of the first submission, where that is known."""
        self.grader = Grader(course, assignment, settings, soon)

    def __enter__(self) -> Self:
        self.grader.__enter__()
        gc.freeze()  # what is here now stays: no collection need look at it again
        self.conditions = self.grader.conditions
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gc.unfreeze()
        self.grader.__exit__(kind, error, trace)

    def run(self, submissions: Iterator[Submission]) -> Iterator[Graded]:
        """Grade all; what the grader itself fails on becomes a flagged result."""
        for submission in submissions:
            answer = _answer(self.grader, submission)
            yield submission, _understood(answer, self.conditions, submission)


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    submission: Submission | None = None


class ManyProcesses:
    """Grades in `jobs` processes, started when they are first needed."""

    def __init__(
        self, course: Course, assignment: Assignment, settings: Settings, jobs: int
    ) -> None:
        self.course, self.assignment, self.settings = course, assignment, settings
        self.jobs = jobs
        self.workers: list[_Worker] = []

    def __enter__(self) -> Self:
        drop()  # every grading process starts a zygote of its own
        worker = self._start()
        try:
            isolation = _receive(worker)
        except EOFError as error:
            raise KitError("A grading process died before it was ready.") from error
        self.conditions = conditions_of(self.course, self.assignment, self.settings, isolation)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask all to stop, wait a little, and then insist."""
        for worker in self.workers:
            worker.connection.close()
            if error is not None:
                worker.process.terminate()
        for worker in self.workers:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self.workers.clear()

    def run(self, submissions: Iterator[Submission]) -> Iterator[Graded]:
        """Grade all, in the order in which they are finished."""
        from multiprocessing.connection import wait  # here: one submission needs nothing of it

        more = True
        while more or any(worker.submission for worker in self.workers):
            while more and (worker := self._free()) is not None:
                submission = next(submissions, None)
                if submission is None:
                    more = False
                    break
                worker.submission = submission
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    worker.connection.send(submission)  # a dead one shows when it is read from
            busy = {worker.connection: worker for worker in self.workers if worker.submission}
            for connection in wait(list(busy)) if busy else ():
                if finished := self._collect(busy[connection]):  # type: ignore[index]
                    yield finished

    def _collect(self, worker: _Worker) -> Graded | None:
        submission = worker.submission
        assert submission is not None
        try:
            answer = _receive(worker)
        except EOFError:
            self.workers.remove(worker)
            worker.connection.close()
            worker.process.join()
            reason = f"the grading process died (exit code {worker.process.exitcode})"
            return submission, self.conditions.failed(submission, reason)
        if answer is None:
            return None
        worker.submission = None
        return submission, _understood(answer, self.conditions, submission)

    def _free(self) -> _Worker | None:
        for worker in self.workers:
            if worker.submission is None:
                return worker
        return self._start() if len(self.workers) < self.jobs else None

    def _start(self) -> _Worker:
        """A fork of this process, which has not seen a hidden check; the jail it starts by exec."""
        import multiprocessing

        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        inherited = [ours, *(worker.connection for worker in self.workers)]
        process = context.Process(
            target=_serve,
            args=(theirs, inherited, self.course, self.assignment, self.settings),
            daemon=True,
        )
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self.workers.append(worker)
        return worker


@dataclass(frozen=True)
class _Fatal:
    """The run can't go on: the course or the machine is at fault."""

    message: str
    kind: type[KitError]


@dataclass(frozen=True)
class _Failed:
    """The grader failed on this submission."""

    reason: str


def _serve(
    connection: Connection,
    inherited: list[Connection],
    course: Course,
    assignment: Assignment,
    settings: Settings,
) -> None:
    """A worker's life. It ends when the other end of the connection is gone."""
    for other in inherited:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    try:
        with Grader(course, assignment, settings) as grader:
            gc.freeze()  # what is here now stays: no collection need look at it again
            connection.send(grader.conditions.isolation)
            while True:
                connection.send(_answer(grader, connection.recv()))
    except KitError as error:
        connection.send(_Fatal(str(error), type(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _answer(grader: Grader, submission: Submission) -> Result | _Fatal | _Failed:
    """Grade one. After a fault of the jail it is tried once more, with fresh processes."""
    try:
        for _ in range(TRIES - 1):
            with contextlib.suppress(SandboxFault):
                return grader.grade(submission)
            grader.restart()
        return grader.grade(submission)
    except SandboxFault as error:
        grader.restart()
        return _Failed(str(error))
    except KitError as error:
        return _Fatal(str(error), type(error))
    except Exception:  # whatever it is, it is the grader's fault and not the student's
        grader.restart()
        return _Failed(traceback.format_exc())


def _receive(worker: _Worker) -> Any:
    """A worker's next message; None for its first greeting once it is at work."""
    try:
        message = worker.connection.recv()
    except (EOFError, ConnectionResetError) as error:
        raise EOFError from error
    if isinstance(message, _Fatal):
        raise message.kind(message.message)
    greeting = not isinstance(message, (Result, _Failed))
    return None if greeting and worker.submission else message


def _understood(answer: Any, conditions: Conditions, submission: Submission) -> Result:
    if isinstance(answer, _Fatal):
        raise answer.kind(answer.message)
    if isinstance(answer, _Failed):
        return conditions.failed(submission, answer.reason)
    assert isinstance(answer, Result)
    return answer
