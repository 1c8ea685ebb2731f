"""Outcomes that are examined once: which ones count as the same."""

import itertools
from dataclasses import replace

import numpy as np

from autograder.checker import judge as judge_module
from autograder.checker.implementation import LocalImplementation
from autograder.checker.outcome import ImplementationRaised, Outcome
from tests.checker.builders import CONTRACT, RIGHT, judge, scale

OTHERS = [
    {},
    {"y": []},
    {"y": {}},
    {"y": ()},
    {"y": [0.0]},
    {"y": 1},
    {"y": 1.0},
    {"y": True},
    {"y": "1"},
    {"y": None},
    {"y": np.float64(1)},
    {"y": np.float32(1)},
    {"y": np.ones((2, 3))},
    {"y": np.ones((3, 2))},
    {"y": np.ones((2, 3), np.float32)},
    {"y": {"a": np.ones(3), "b": np.ones(2)}},
    {"y": {"a": np.ones(2), "b": np.ones(3)}},
    {"y": [np.ones(2), np.ones(3)]},
    {"x": np.ones((2, 3))},
    {"x": np.ones(2), "y": np.ones(3)},
]


def test_outcomes_that_differ_in_anything_have_digests_of_their_own():
    outcomes = [Outcome(outputs) for outputs in OTHERS]
    outcomes += [Outcome(OTHERS[-1], mutated=("f: argument 1",)), Outcome(structure="a pair")]
    outcomes += [Outcome(error=ImplementationRaised(("ValueError",), "no")), Outcome(None)]
    for one, other in itertools.combinations(outcomes[1:], 2):
        assert one.digest != other.digest, (one, other)


def test_time_and_memory_layout_do_not_count():
    array = np.arange(6.0).reshape(2, 3)
    one = Outcome({"y": array}, seconds=1.0)
    other = Outcome({"y": np.asfortranarray(array)}, seconds=2.0, cpu=1.0)
    assert one.digest == other.digest


def test_the_same_wrong_answer_is_examined_once(monkeypatch):
    examined = []
    judged = judge_module.judged
    monkeypatch.setattr(judge_module, "judged", lambda *a: examined.append(a) or judged(*a))
    wrong = RIGHT | {"scale": lambda x, factor: (scale(x, factor)[0] * 1.5, (x, factor))}
    one_judge, found, counts = judge(), [], []
    for _ in range(2):
        found.append(one_judge.run(LocalImplementation(CONTRACT, wrong))["test_scale"])
        counts.append(sum(bool(differences) for *_, differences in examined))
        examined.clear()
    assert counts == [2, 0]  # the rows, those of float32; zeros pass
    assert replace(found[0], seconds=0) == replace(found[1], seconds=0)
    other = RIGHT | {"scale": lambda x, factor: (scale(x, factor)[0] * 1.25, (x, factor))}
    details = one_judge.run(LocalImplementation(CONTRACT, other))["test_scale"].details
    assert details != found[0].details
