"""What verify spares itself costs no proof: faults that only that work would show are found."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from autograder.checker.bank import overlay
from autograder.commands.verify import _next
from autograder.course.course import Course
from autograder.course.secret import Secret
from autograder.grading.cost import Costs
from autograder.grading.grader import Settings
from autograder.grading.judges import Streams
from autograder.verify import computed
from autograder.verify.computed import computed_proof
from autograder.verify.inputs import digest_of, same_data
from autograder.verify.jail import Sparing
from tests.desk import ROOT, TINY

TRAINS = '''

from autograder.checker import at_least


@check(of="double", kind="learning")
def test_it_learns(impl, draw):
    """What is learnt from a long table"""
    return {"right": at_least(float(impl.double(np.ones(50))[0].mean()), %s)}
'''
ONLY_LEARNING = '''

@misconception(of="double", see="handout.md#what-doubling-is")
def wrong_for_long_tables(x):
    """A table of more than 20 numbers is not doubled."""
    return x + x if x.size <= 20 else x
'''
WAY = "complex steps, number by number"


def problems_of(examination):
    part = examination.part("proofs", mutants=False, advance=lambda *_: None)
    return {proof.title: proof.problems for proof in part.proofs}


def test_a_slip_that_only_training_shows_is_caught_but_has_no_name(examined):
    found = problems_of(examined(add={"checks.py": TRAINS % 1.5, "slips.py": ONLY_LEARNING}))
    assert found["slips named"] == ("wrong_for_long_tables is not named",)
    assert not found["every check can fail"]


def test_a_check_that_trains_and_can_not_fail_is_found(examined):
    always = TRAINS.replace("impl.double(np.ones(50))[0].mean()", "1.0")
    found = problems_of(examined(add={"checks.py": always % 0.5}))
    assert found["every check can fail"] == ("nothing fails test_it_learns",)


def test_a_check_that_trains_on_chance_is_found(examined):
    chance = TRAINS.replace("impl.double(np.ones(50))[0].mean()", "np.random.random()")
    found = problems_of(examined(add={"checks.py": chance % 0.0}))
    assert "test_it_learns gives another answer on the same inputs" in found["fresh inputs"]


def test_a_slip_is_judged_as_it_is_without_a_memory(examined):
    subject = examined().subject
    for slip in subject.slips:
        fresh = subject.judge.run(overlay(slip, subject.reference), subject.own_checks(slip))
        found = subject.findings(slip)
        assert {name: (f.verdict, f.diagnosis, f.symptom) for name, f in found.items()} == {
            name: (f.verdict, f.diagnosis, f.symptom) for name, f in fresh.items()
        }


@pytest.fixture
def norms(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("a secret for these tests\n")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setattr(computed, "WAYS", {WAY: computed.WAYS[WAY]})
    course = Course.find(ROOT)
    assignment = course.assignment("03")
    streams = Streams(course, assignment, Secret.load(course.id))
    with Sparing(course, assignment, streams, Settings(upstream="own")) as grader:
        yield grader


def test_computed_gradients_are_stopped_and_pay_nothing(norms):
    assert computed_proof(norms).problems == ()


def test_a_computed_gradient_that_nothing_stops_is_graded_whole_and_found(norms, monkeypatch):
    def lenient(self, judge, check):
        self._slowest[check.name] = 100.0

    monkeypatch.setattr(Costs, "_measure", lenient)
    (problem,) = computed_proof(norms).problems
    assert problem.startswith(f"{WAY}: layernorm_backward earns ")


def test_the_same_data_have_the_same_digest_and_others_have_not():
    data = {"a": [np.arange(4000.0), 1], "b": (True, "x", None)}
    again = {"a": [np.arange(4000.0), 1], "b": (True, "x", None)}
    assert digest_of(data) == digest_of(again)
    again["a"][0][2000] += 1e-9  # which print leaves out
    assert digest_of(data) != digest_of(again)
    assert same_data(None, None)
    assert not same_data({"y": np.zeros(3)}, {"y": np.zeros(3, np.float32)})


def test_side_by_side_says_what_one_after_the_other_says(tmp_path):
    (tmp_path / "secret").write_text("a secret for these tests\n")
    environment = {**os.environ, "AUTOGRADER_SECRET_FILE": str(tmp_path / "secret")}

    def reports(jobs):
        command = [sys.executable, "-m", "autograder", "verify", "01", "--json", "--jobs", jobs]
        done = subprocess.run(
            [*command, "--course", str(TINY)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        found = json.loads(done.stdout)
        assert all(report.pop("seconds") > 0 for report in found)
        return done.returncode, found

    alone, together = reports("1"), reports("2")
    assert alone == together
    assert [report["assignment"] for report in together[1]] == ["01_double"]
    assert len(together[1][0]["proofs"]) == 18


def test_who_is_free_begins_what_nobody_has_begun_and_helps_where_most_is_left_then():
    running = [(None, "09", "proofs"), (None, "08", "jail")]
    waiting = {"09": ["steps"], "08": ["steps", "mutants"], "07": ["proofs"]}
    assert _next(waiting, running) == "07"
    del waiting["07"]
    assert _next(waiting, running) == "08"
