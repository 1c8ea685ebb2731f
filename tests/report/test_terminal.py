"""What an instructor reads in the terminal after a batch."""

from dataclasses import replace

from autograder.documents.results import Diagnosis
from autograder.report.terminal import same_slips
from tests.documents.builders import result


def with_cause(diagnosis, verdict="wrong_value"):
    one = result()
    return replace(one, checks=(replace(one.checks[0], diagnosis=diagnosis, verdict=verdict),))


def test_a_slip_of_several_students_is_said_by_its_name():
    squares = with_cause(Diagnosis("squares", "It squares.", "1.1"))
    assert same_slips([squares, squares, result(), with_cause(None)]) == [
        "Same slip in 3 of 4: squares (handout §1.1)"
    ]


def test_a_change_of_a_step_is_said_by_its_sentence():
    sentence = "In `y`: the factor 2 is missing. \x1b[31mEvery number of x counts twice in y."
    change = with_cause(Diagnosis("double.change.7", sentence, "1.1"))
    (line,) = same_slips([change, change])
    assert line.startswith("Same slip in 2 of 2: In `y`: the factor 2 is missing. ")
    assert line.endswith("… (handout §1.1)")
    assert "\x1b" not in line
    assert "change" not in line


def test_what_one_student_did_or_what_passed_in_the_end_is_not_said():
    squares = with_cause(Diagnosis("squares", "It squares.", "1.1"))
    passed = with_cause(Diagnosis("squares", "It squares.", "1.1"), "passed")
    unnamed = with_cause(Diagnosis(None, "Nothing known fits.", "1.1"))
    assert same_slips([squares, passed, unnamed, unnamed]) == []
