"""Hands shards to the cluster and takes results back; the gradebook stays with the command."""

import contextlib
import ipaddress
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from autograder.course.course import Assignment, Course
from autograder.documents.results import Result, from_json
from autograder.errors import KitError
from autograder.grading.conditions import Settings, conditions_of
from autograder.integrations.cluster.machine import grade_shard
from autograder.integrations.cluster.machines import GONE, Machines
from autograder.integrations.cluster.parcel import pack_shard, parcel, shards
from autograder.uploads.submission import Submission

Graded = tuple[Submission, Result]
Say = Callable[[str], None]
LOCAL = "local"
CONNECT = 10.0  # seconds
LOOK = 2.0  # seconds between looks at who is still there
AHEAD = 2  # shards that wait for each core
TRIES = 3  # for one submission whose shards were lost


@dataclass
class _Shard:
    submissions: list[Submission]
    tries: int = 0
    workers: list[str] = field(default_factory=list)


class ClusterWorkers:
    """Grades on a dask cluster. A context manager: connected while it is open."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        settings: Settings,
        address: str,
        *,
        jobs: int = 1,
        say: Say = print,
    ) -> None:
        self.course, self.assignment, self.settings = course, assignment, settings
        self.address, self.jobs, self.say = address, jobs, say
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        must_be_private(self.address)
        with contextlib.ExitStack() as opening:
            self.client = opening.enter_context(self._connect(opening))
            self.client.wait_for_workers(1, timeout=CONNECT)
            self.machines = Machines(self.client, self.settings.isolation, self.say)
            isolation = self.machines.isolation
            self.conditions = conditions_of(self.course, self.assignment, self.settings, isolation)
            settings = replace(self.settings, isolation=isolation.level)
            self.parcel = parcel(self.course, self.assignment, settings)
            self._closing = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def _connect(self, opening: contextlib.ExitStack) -> Any:
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise KitError(
                "Grading on a cluster needs dask's distributed: install the kit with its extra "
                "cluster (pip install 'transformer-course-kit[cluster]')."
            ) from error
        logging.disable(logging.CRITICAL)  # what matters is said in our own words
        opening.callback(logging.disable, logging.NOTSET)
        try:
            if self.address != LOCAL:
                return Client(self.address, timeout=CONNECT)
            cluster = LocalCluster(
                n_workers=self.jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=50,
            )
            opening.enter_context(cluster)
            return Client(cluster, timeout=CONNECT)
        except (OSError, TimeoutError, ValueError) as error:
            raise KitError(
                f"No dask scheduler answers at {self.address} ({error}). Start one with "
                "`dask scheduler`, and `dask worker ADDRESS` on each machine."
            ) from error

    def run(self, submissions: Iterator[Submission]) -> Iterator[Graded]:
        """Grade all, in the order in which shards are finished."""
        source = (_Shard(shard) for shard in shards(submissions, self.machines.cores))
        again: deque[_Shard] = deque()
        waiting: dict[Any, _Shard] = {}
        while True:
            while len(waiting) < self.machines.cores * AHEAD:
                shard = again.popleft() if again else next(source, None)
                if shard is None:
                    break
                waiting[self._send(shard)] = shard
            if not waiting:
                return
            for future in self._finished(waiting):
                yield from self._taken(future, waiting.pop(future), again)
            for future in self._stranded(waiting):
                again.append(waiting.pop(future))

    def _send(self, shard: _Shard) -> Any:
        shard.workers = self.machines.alive()
        return self.client.submit(
            grade_shard,
            self.parcel,
            pack_shard(shard.submissions),
            workers=shard.workers,
            allow_other_workers=False,
            pure=False,
        )

    def _finished(self, waiting: Mapping[Any, _Shard]) -> list[Any]:
        """The futures that are finished, after waiting for one a little."""
        from distributed import wait

        try:
            done = wait(list(waiting), timeout=LOOK, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []
        except CancelledError as error:  # the connection broke
            raise KitError(GONE.format(what="The cluster's scheduler is gone")) from error
        return list(done)

    def _stranded(self, waiting: Mapping[Any, _Shard]) -> list[Any]:
        """Futures whose workers are all gone; nobody else may take them: they are called back."""
        present = self.machines.present()
        lost = [one for one, shard in waiting.items() if not present.keys() & set(shard.workers)]
        for future in lost:
            future.cancel()
        return lost

    def _taken(self, future: Any, shard: _Shard, again: deque[_Shard]) -> Iterator[Graded]:
        """A finished shard's results; a lost one is halved and sent again."""
        if future.status == "finished":
            answers = future.result()
            if answers and "refused" in answers[0]:
                raise KitError(f"A machine of the cluster refused: {answers[0]['refused']}")
            yield from self._read(shard, answers)
            return
        if future.status in ("cancelled", "lost"):
            raise KitError(GONE.format(what="The cluster's scheduler is gone"))
        reason = str(future.exception())
        if len(shard.submissions) > 1:
            middle = len(shard.submissions) // 2
            again.append(_Shard(shard.submissions[:middle]))
            again.append(_Shard(shard.submissions[middle:]))
        elif shard.tries + 1 < TRIES:
            again.append(_Shard(shard.submissions, shard.tries + 1))
        else:
            one = shard.submissions[0]
            yield one, self.conditions.failed(one, f"its shard was lost {TRIES} times: {reason}")

    def _read(self, shard: _Shard, answers: list[dict[str, Any]]) -> Iterator[Graded]:
        found = {answer["place"]: answer["result"] for answer in answers}
        for place, submission in enumerate(shard.submissions):
            if place not in found:
                yield submission, self.conditions.failed(submission, "the cluster left it out")
                continue
            yield submission, self._named(from_json(json.dumps(found[place])), submission)

    def _named(self, result: Result, submission: Submission) -> Result:
        """The result under the student's name: shards travel without names."""
        blank = self.conditions.blank(submission)
        return replace(
            result,
            student=blank.student,
            members=blank.members,
            submission=blank.submission,
            assignment_digest=blank.assignment_digest,
        )


def must_be_private(address: str) -> None:
    """KitError unless the key of the hidden inputs travels encrypted, or not over a wire at all."""
    if address == LOCAL or address.startswith(("tls://", "ucxs://", "inproc://")):
        return
    host = urlsplit(address if "://" in address else f"tcp://{address}").hostname or ""
    with contextlib.suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    raise KitError(
        f"{address} is not encrypted: the key of the hidden inputs and students' work would cross "
        "the network in the clear. Use tls://… (docs/many_machines.md says how), or a cluster "
        "on this machine: --cluster local."
    )
