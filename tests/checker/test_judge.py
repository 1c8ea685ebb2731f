"""Verdicts, names, gates: what the judge says of right, wrong and odd functions."""

import time

import numpy as np
import pytest

from autograder.checker.implementation import LocalImplementation
from autograder.checker.outcome import Verdict
from tests.checker.builders import CHECKS, CONTRACT, RIGHT, judge, run, scale, scale_backward


def verdicts(findings):
    return {name: finding.verdict.value for name, finding in findings.items()}


def test_right_functions_pass_everything():
    assert set(verdicts(run()).values()) == {"passed"}


def test_a_known_slip_is_named_with_its_section():
    def averaged(dy, cache):
        dx, dfactor = scale_backward(dy, cache)
        return dx, dfactor / 6

    finding = run(scale_backward=averaged)["test_scale_gradients"]
    assert finding.verdict is Verdict.WRONG_VALUE
    assert finding.diagnosis.id == "averages_the_factor"
    text = finding.text("full", {"backward": "9.2"})
    assert "the gradient\n" in text
    assert "Handout §9.2" in text
    assert "worst at" in text


def test_two_slips_in_two_outputs_are_both_candidates_but_one_is_named_at_most():
    def both(dy, cache):
        _, dfactor = scale_backward(dy, cache)
        return dy.copy(), dfactor / 6

    finding = run(scale_backward=both)["test_scale_gradients"]
    assert finding.verdict is Verdict.WRONG_VALUE
    assert "Also wrong" in finding.symptom


def test_an_unknown_slip_is_not_named():
    def odd(dy, cache):
        dx, dfactor = scale_backward(dy, cache)
        return dx + np.sin(7 * dx), dfactor

    finding = run(scale_backward=odd)["test_scale_gradients"]
    assert finding.diagnosis.id is None
    assert "No slip that the kit knows fits" in finding.diagnosis.text
    assert "cosine" in finding.details


def test_a_slip_that_would_fail_a_passing_check_is_not_named():
    """Dividing where the batch has three axes only is not the slip `divides`."""

    def sometimes(x, factor):
        if x.ndim == 3:
            return x / factor, (x, factor)
        return scale(x, factor)

    finding = run(scale=sometimes)["test_scale"]
    assert not finding.passed
    assert finding.diagnosis is None or finding.diagnosis.id is None


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("y * np.nan", "not_finite"),
        ("y.tolist()", "wrong_type"),
        ("np.ma.masked_all(y.shape)", "wrong_type"),
        ("y.astype(object)", "wrong_type"),
        ("y.astype(complex)", "wrong_type"),
        ("y.astype(int)", "wrong_type"),
        ("y[None]", "wrong_shape"),
        ("y.T", "wrong_shape"),
        ("y.sum(-1)", "wrong_shape"),
        ("float(y.sum())", "wrong_type"),
        ("None", "wrong_type"),
        ("y + 1e-6", "wrong_value"),
        ("y * (1 + 1e-12)", "passed"),
    ],
)
def test_type_shape_and_finiteness_come_before_values(expression, verdict):
    def odd(x, factor):
        y, cache = scale(x, factor)
        return eval(expression, {"np": np, "y": y}), cache

    assert run(scale=odd)["test_scale"].verdict.value == verdict


def test_a_result_without_its_cache_says_so():
    finding = run(scale=lambda x, factor: x * factor)["test_scale"]
    assert finding.verdict is Verdict.WRONG_TYPE
    assert "expected 2 values" in finding.symptom


def test_missing_not_implemented_raised():
    def stub(x, factor):
        raise NotImplementedError("see handout section 1.2")

    def broken(x, factor):
        return {}["key"]

    assert run(scale=None)["test_scale"].verdict is Verdict.MISSING
    stubbed = run(scale=stub)
    assert {stubbed[c.name].verdict for c in CHECKS if c.of == "scale"} == {Verdict.NOT_IMPLEMENTED}
    finding = run(scale=broken)["test_scale"]
    assert finding.verdict is Verdict.RAISED
    assert "KeyError" in finding.symptom
    assert "test_judge.py, line" in finding.symptom


def test_an_argument_changed_in_place_is_told():
    def in_place(x, factor):
        x *= factor
        return x, (x, factor)

    findings = run(scale=in_place)
    assert findings["test_scale"].verdict is Verdict.MUTATED_INPUT
    assert "argument 1" in findings["test_scale"].symptom
    assert findings["test_shift"].passed


def test_gated_checks_count_only_with_a_value_check():
    """`return x` passes the edge check and the error check, and earns nothing by it."""

    def lazy(x, factor):
        if factor.shape != x.shape[-1:]:
            raise ValueError("no")
        return x, None

    findings = run(scale=lazy)
    assert findings["test_scale"].verdict is Verdict.WRONG_VALUE
    assert findings["test_scale_zeros"].verdict is Verdict.SKIPPED
    assert findings["test_scale_error"].verdict is Verdict.SKIPPED


def test_a_backward_of_an_own_named_forward_passes():
    """The forward divides (a named slip); its backward is the gradient of just that."""

    def divide(x, factor):
        return x / factor, (x, factor)

    def divide_backward(dy, cache):
        x, factor = cache
        return dy / factor, (-dy * x / factor**2).reshape(-1, x.shape[-1]).sum(0)

    findings = run(scale=divide, scale_backward=divide_backward)
    assert not findings["test_scale"].passed
    assert findings["test_scale_gradients"].passed


def test_a_backward_of_an_unnamed_forward_does_not_pass():
    def cubed(x, factor):
        return x**3 * factor, (x, factor)

    def cubed_backward(dy, cache):
        x, factor = cache
        return 3 * dy * factor * x**2, (dy * x**3).reshape(-1, x.shape[-1]).sum(0)

    findings = run(scale=cubed, scale_backward=cubed_backward)
    assert not findings["test_scale_gradients"].passed


def test_a_float32_result_is_judged_at_float32():
    def single(x, factor):
        y, cache = scale(x.astype("f4"), factor.astype("f4"))
        return y, cache

    findings = run(scale=single)
    assert findings["test_scale"].passed

    def double(x, factor):
        y, cache = scale(x.astype("f8"), factor)
        return y, cache

    assert run(scale=double)["test_scale_float32"].verdict is Verdict.WRONG_TYPE


def test_disclosure_decides_what_is_shown():
    finding = run(shift=lambda x, by=1.0: 2 * (x + by))["test_shift"]
    assert "yours" in finding.text("full")
    assert "yours" not in finding.text("cause")
    assert "2 times the expected" in finding.text("cause")
    assert finding.text("none").strip() == "wrong values."


def test_a_check_that_the_reference_fails_is_the_graders_error():
    broken = judge()
    broken.key._reference.namespace = RIGHT | {"shift": None}
    found = broken.run(LocalImplementation(CONTRACT, RIGHT))
    assert found["test_shift"].verdict is Verdict.GRADER_ERROR


def test_grading_is_quick():
    """Expected values are computed once; judging a right package is then a matter of calls."""
    one = judge()
    implementation = LocalImplementation(CONTRACT, RIGHT)
    one.run(implementation)
    started = time.process_time()
    for _ in range(20):
        one.run(implementation)
    assert (time.process_time() - started) / 20 < 0.05
