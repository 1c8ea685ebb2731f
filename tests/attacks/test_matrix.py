"""Each attack is stopped, and each honest program gets full marks, at every level reached here."""

import pytest

from tests.attacks.catalogue import CASES, LEVELS
from tests.attacks.matrix import ASSIGNMENTS, WHO, promised


@pytest.fixture(params=WHO)
def who(request, matrix):
    if request.param == "user" and matrix.trouble:
        pytest.skip(f"no interpreter for another user here: {matrix.trouble}")
    return request.param


@pytest.fixture(params=LEVELS)
def level(request, matrix, who):
    if request.param not in matrix.levels(who):
        pytest.skip(f"this machine does not reach {request.param}")
    return request.param


def test_every_attack_is_stopped_and_every_honest_program_passes(matrix, who, level):
    wrong, count = {}, 0
    for case in promised(who, level):
        battle = matrix.battle(who, level, case)
        count += battle is not None
        if battle is not None and (complaints := battle.complaints()):
            wrong[case.name] = complaints
    assert not wrong
    assert count > 150


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_rest_of_the_machine_is_as_it_was(matrix, who, level, assignment):
    batch = matrix.batch(who, level, assignment)
    assert batch["right_before"] == batch["max_score"]
    assert batch["gradebook"]
    assert batch["left_at_the_end"] == []


def test_the_matrix_reaches_what_the_machine_promises(matrix, who):
    assert matrix.levels(who)[:1] == ["process"]


def test_every_case_is_promised_somewhere():
    for case in CASES.values():
        assert case.held_at("namespaces", True)
        assert case.held_at("landlock", False)
