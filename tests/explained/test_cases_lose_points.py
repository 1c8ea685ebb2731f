"""The bank is sound: every case is wrong where it says so, and right in all else it replaces."""

from __future__ import annotations

import ast
import functools
import re

import pytest

from autograder.checker.declare import Check
from autograder.checker.implementation import LocalImplementation
from autograder.checker.judge import Judge
from autograder.checker.outcome import Verdict
from autograder.checker.own_forward import gradients_fit_own_forward
from autograder.course.course import Assignment, Course
from autograder.course.reference import load_reference
from autograder.course.secret import Secret
from autograder.grading.judges import hidden_checks
from tests.desk import ROOT
from tests.explained.cases import bank, fresh
from tests.explained.cases.case import KINDS, Case
from tests.explained.subjects import subject

BANKS = {"": bank(), "fresh-": fresh()}
ALL = [
    pytest.param(number, case, id=f"{which}{number}-{case.name}")
    for which, bank_ in BANKS.items()
    for number, cases in bank_.items()
    for case in cases
]
EACH = pytest.mark.parametrize(("number", "case"), ALL)
SECRET = Secret(b"the inputs of these are not secret", ROOT)
DEAR = ("cost", "learning")  # what a slip is seen by is quick


@functools.cache
def course() -> Course:
    return Course.find(ROOT)


@functools.cache
def judge(number: str) -> tuple[Assignment, Judge]:
    """The hidden checks of an assignment; no slip is known to this judge."""
    assignment = course().assignment(number)
    checks = [check for check in hidden_checks(course(), assignment) if check.kind not in DEAR]
    seed = functools.partial(SECRET.seed, assignment.name)
    return assignment, Judge(checks, load_reference(course()), (), seed=seed)


def checks_of(judge: Judge, name: str) -> list[Check]:
    return [check for check in judge.checks if check.of == name]


def fits_own_forward(judge: Judge, name: str, implementation: LocalImplementation) -> list[bool]:
    """For each value check of a backward, whether it is right on top of the wrong forward."""
    fits = []
    for check in checks_of(judge, name):
        if check.kind == "value":
            judge.run_one(check, implementation)
            fits.append(gradients_fit_own_forward(name, implementation, large=True))
    return fits


@pytest.fixture(scope="module", params=[pytest.param(one.values, id=one.id) for one in ALL])
def loaded(request: pytest.FixtureRequest) -> tuple[str, Case, LocalImplementation]:
    """A case and its package: loaded once for the tests of it, which follow one another."""
    number, case = request.param
    return number, case, subject(course(), judge(number)[0], case)


def test_a_case_loses_points_where_it_says(
    loaded: tuple[str, Case, LocalImplementation],
) -> None:
    number, case, implementation = loaded
    _, judged = judge(number)
    for name in case.functions:
        found = judged.run(implementation, checks_of(judged, name))
        verdicts = {finding.verdict for finding in found.values() if not finding.passed}
        assert verdicts - {Verdict.SKIPPED}, f"{name} passes everything"
        assert Verdict.GRADER_ERROR not in verdicts
        if name.endswith("_backward") and name.removesuffix("_backward") in case.functions:
            assert not all(fits_own_forward(judged, name, implementation))


def test_what_else_a_case_replaces_is_right(
    loaded: tuple[str, Case, LocalImplementation],
) -> None:
    number, case, implementation = loaded
    assignment, judged = judge(number)
    known = {function.name for function in assignment.functions}
    replaced = {
        node.name for node in ast.parse(case.code).body if isinstance(node, ast.FunctionDef)
    }
    assert set(case.functions) <= replaced
    for name in sorted(replaced & known - set(case.functions)):
        for check in checks_of(judged, name):
            finding = judged.run_one(check, implementation)
            if check.kind == "dtype" and not finding.passed:
                assert finding.verdict is Verdict.WRONG_VALUE, check.name
            elif not finding.passed:
                assert gradients_fit_own_forward(name, implementation, large=True), check.name


@EACH
def test_a_case_says_what_its_explanation_must(number: str, case: Case) -> None:
    assert case.kind in KINDS
    assert len(case.says_both) == (2 if case.kind == "pair" else 0)
    assert bool(case.says) == (case.kind == "single")
    for pattern in [*case.says, *(pattern for one in case.says_both for pattern in one)]:
        re.compile(pattern)
    if case.kind != "novel":
        assert all(case.named(case.did)), "its own sentence names each of its slips"


@pytest.mark.parametrize(
    ("which", "number"), [(which, number) for which, bank_ in BANKS.items() for number in bank_]
)
def test_names_are_unique(which: str, number: str) -> None:
    names = [case.name for case in BANKS[which][number]]
    assert len(set(names)) == len(names)
