"""Which workers of a cluster may grade: the same versions everywhere, the same jail everywhere."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograder.documents.results import IsolationReached
from autograder.errors import KitError
from autograder.integrations.cluster.machine import look_around
from autograder.sandbox.outside.levels import LEVELS

ORDER = tuple(LEVELS)  # weakest first
SAME = ("kit", "engine", "python", "numpy", "platform")
ANSWER = 20.0  # seconds for a worker to say what it has
GONE = (
    "{what}. What was finished is kept in the gradebook; when the cluster is back, the same "
    "command goes on from here."
)


class Machines:
    """The workers of a cluster, asked what they are before they are used."""

    def __init__(self, client: Any, least: str | None, say: Callable[[str], None]) -> None:
        self.client, self.say = client, say
        self.here = look_around()
        self.names: set[str] = set()
        workers = self.present()
        self.asked = set(workers)
        answers = self._ask(workers)
        self.isolation = chosen_isolation(answers, self.here, least)
        self._admit(answers)
        machines = {answers[name]["machine"] for name in self.names}
        self.say(
            f"cluster: {self.cores} core(s) on {len(machines)} machine(s), isolation "
            f"{self.isolation.level}"
        )

    @property
    def cores(self) -> int:
        """How many shards can be graded at once."""
        present = self.present()
        return max(1, sum(int(present[name]["nthreads"]) for name in self.names & present.keys()))

    def present(self) -> Mapping[str, Any]:
        """The workers that the scheduler knows now. KitError where the scheduler is gone."""
        if self.client.status != "running":
            raise KitError(GONE.format(what="The cluster's scheduler is gone"))
        try:
            workers: Mapping[str, Any] = self.client.sync(self.client.scheduler.identity)["workers"]
        except (OSError, TimeoutError) as error:
            raise KitError(GONE.format(what="The cluster's scheduler is gone")) from error
        return workers

    def alive(self) -> list[str]:
        """The workers that may be used now; one that came later is asked before it is used."""
        until = time.monotonic() + ANSWER
        while time.monotonic() < until:
            present = self.present()
            if new := present.keys() - self.asked:
                self.asked |= new
                self._admit(self._ask(sorted(new)))
            if alive := sorted(self.names & present.keys()):
                return alive
            time.sleep(0.5)
        raise KitError(GONE.format(what="No worker of the cluster is left"))

    def _ask(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What each worker says of its machine; those that don't answer are left out."""
        futures = {
            name: self.client.submit(
                look_around, workers=[name], allow_other_workers=False, pure=False
            )
            for name in names
        }
        answers: dict[str, dict[str, Any]] = {}
        for name, future in futures.items():
            try:
                answers[name] = future.result(timeout=ANSWER)
            except Exception as error:  # it died, or its Python lacks the kit: whatever it is
                future.cancel()
                kind = type(error).__name__
                self.say(f"{name} is left out: it does not answer ({kind}: {error})")
        return answers

    def _admit(self, answers: Mapping[str, dict[str, Any]]) -> None:
        """Use those workers that grade as the others do; the rest are left out with a word."""
        for name, about in answers.items():
            if different := differences(about, self.here):
                why = f"it has {', '.join(different)}"
            elif about["level"] != self.isolation.level:
                reached = about["level"] or f"none ({about['why']})"
                why = f"its jail reaches {reached}, others {self.isolation.level}"
            else:
                self.names.add(name)
                continue
            self.say(f"{name} on {about['machine']} is left out: {why}")


def chosen_isolation(
    answers: Mapping[str, Mapping[str, Any]], here: Mapping[str, Any], least: str | None
) -> IsolationReached:
    """The strongest level that a worker reaches: all that grade will be at it.

    Raises KitError where a worker's versions differ from this machine's, or no worker reaches
    `least`.
    """
    for name, about in answers.items():
        if different := differences(about, here):
            raise KitError(
                f"The worker {name} on {about['machine']} has {', '.join(different)}: results "
                "would depend on where they were made. Install the same everywhere."
            )
    levels = [ORDER.index(about["level"]) for about in answers.values() if about["level"]]
    best = max(levels, default=-1)
    wanted = least or ORDER[0]
    if best < ORDER.index(wanted):
        found = "; ".join(
            f"{about['machine']} reaches {about['level'] or 'none: ' + about['why']}"
            for about in answers.values()
        )
        raise KitError(f"No worker of the cluster reaches the isolation level {wanted} ({found}).")
    one = next(about for about in answers.values() if about["level"] == ORDER[best])
    return IsolationReached(one["level"], tuple(one["layers"]), dict(one["missing"]))


def differences(about: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What a worker has in another version than this machine."""
    return [
        f"{what} {about[what][:12]} instead of {here[what][:12]}"
        for what in SAME
        if about[what] != here[what]
    ]
