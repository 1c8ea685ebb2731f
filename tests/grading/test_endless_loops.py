"""An endless loop costs seconds, and no other function its points."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.checker.contract import Contract
from autograder.checker.implementation import Implementation
from autograder.checker.outcome import ImplementationStopped, Verdict
from autograder.grading.watched import Watched

ROOT = Path(__file__).resolve().parents[2]
LOOP = """

def layernorm(x, gamma, beta, eps=1e-5):
    while True:
        pass
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> tuple[dict, float]:
    """03 with an endless forward, and how long its grading took."""
    folder = tmp_path_factory.mktemp("loop")
    package = folder / "work" / "transformer"
    package.mkdir(parents=True)
    for path in (ROOT / "solutions" / "transformer").glob("*.py"):
        (package / path.name).write_bytes(path.read_bytes())
    with (package / "layernorm.py").open("a") as file:
        file.write(LOOP)
    command = [sys.executable, "-m", "autograder", "grade", "03", str(folder / "work"), "--json"]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--results", str(folder / "results")], cwd=ROOT, capture_output=True, check=True
    )
    seconds = time.perf_counter() - started
    (result,) = json.loads(done.stdout)["results"]
    return result, seconds


def test_it_costs_seconds(graded) -> None:
    """6.5 s on a quiet machine, where it took 41; the limits are of CPU time."""
    assert graded[1] < 20


def test_it_is_told_and_not_tried_again(graded) -> None:
    checks = [check for check in graded[0]["checks"] if check["function"] == "layernorm"]
    verdicts = [check["verdict"] for check in checks]
    assert set(verdicts) == {"timeout", "skipped"}
    skipped = next(check for check in checks if check["verdict"] == "skipped")
    assert "layernorm ran into its time limit before" in skipped["message"] + skipped["told"]
    assert not sum(check["points"] for check in checks)


def test_what_needs_it_is_told_why_it_was_not_run(graded) -> None:
    backward = [check for check in graded[0]["checks"] if check["function"] == "layernorm_backward"]
    assert {check["verdict"] for check in backward} == {"skipped"}


class _Slow(Implementation):
    """Every call runs into its time limit."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.calls = 0

    def invoke(self, function, args, kwargs):
        self.calls += 1
        raise ImplementationStopped(Verdict.TIMEOUT, "took more than its time")


@pytest.mark.parametrize("patience", [1, 2])
def test_a_function_is_asked_so_often_and_others_still_are(patience: int) -> None:
    contract = Contract.from_source(ROOT / "tests" / "tiny_course" / "solutions" / "arithmetic")
    slow = _Slow(contract)
    watched = Watched(slow, patience)
    first, second = list(contract.functions.values())[:2]
    seen = []
    for function in (first, first, first, second):
        with pytest.raises(ImplementationStopped) as stopped:
            watched.invoke(function, (), {})
        seen.append(stopped.value.verdict)
    assert seen.count(Verdict.TIMEOUT) == patience + 1
    assert seen[3] == Verdict.TIMEOUT
    assert slow.calls == patience + 1
