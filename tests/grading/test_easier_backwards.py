"""A forward with a slip that makes its backward easier: that backward earns nothing for it."""

import pytest

from autograder.checker.bank import overlay
from autograder.course.course import Course
from autograder.course.secret import Secret
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.grading.judges import Streams
from autograder.uploads.submission import Source, read_submission
from tests.desk import ROOT

NO_SOFTMAX = """


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, 0)
    return scores @ v, (q, k, v, scores, mask)


def scaled_dot_product_attention_backward(dy, cache):
    q, k, v, weights, mask = cache
    dv = weights.swapaxes(-1, -2) @ dy
    dscores = dy @ v.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        dscores = np.where(mask, dscores, 0)
    return dscores @ k, dscores.swapaxes(-1, -2) @ q, dv
"""
NO_CENTRING = """


def layernorm(x, gamma, beta, eps=1e-5):
    inv_std = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    return gamma * x * inv_std + beta, (x * inv_std, inv_std, gamma)


def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    g = dy * gamma
    rows = tuple(range(dy.ndim - 1))
    dx = (g - x_hat * (g * x_hat).mean(-1, keepdims=True)) * inv_std
    return dx, (dy * x_hat).sum(rows), dy.sum(rows)
"""
EASIER = {
    "04": ("attention.py", NO_SOFTMAX, "scaled_dot_product_attention_backward"),
    "03": ("layernorm.py", NO_CENTRING, "layernorm_backward"),
}


def points(number, tmp_path, monkeypatch, *, guarded):
    file, appended, backward = EASIER[number]
    course = Course.find(ROOT)
    assignment = course.assignment(number)
    folder = tmp_path / "ada" / "transformer"
    folder.mkdir(parents=True)
    for path in (ROOT / "solutions/transformer").glob("*.py"):
        text = path.read_text() + (appended if path.name == file else "")
        (folder / path.name).write_text(text)
    submission = read_submission(
        Source("ada", (tmp_path / "ada",)), expected_of(course, assignment)
    )
    with Grader(course, assignment, Settings()) as grader:
        if not guarded:
            for stream in range(grader.streams.count):
                monkeypatch.setattr(grader.streams[stream].key, "easier", lambda slip: False)
        result = grader.grade(submission)
    return sum(check.points for check in result.of(backward))


@pytest.mark.parametrize("number", EASIER)
def test_an_easier_backward_earns_at_most_the_checks_that_it_really_passes(
    number, tmp_path, monkeypatch
):
    guarded = points(number, tmp_path / "on", monkeypatch, guarded=True)
    open_door = points(number, tmp_path / "off", monkeypatch, guarded=False)
    assert guarded < open_door  # the guard is what holds it
    if number == "04":
        assert guarded == 0


def test_some_forward_slips_of_nearly_every_assignment_say_so():
    course = Course.find(ROOT)
    for assignment in course.assignments:
        streams = Streams(course, assignment, Secret.load(course.id))
        named = [slip for slip in streams.slips if slip.easier_backward]
        assert named or assignment.number == "05"  # Adam has no backward
        for slip in named:
            assert f"{slip.of}_backward" in course.contract.functions, slip.name
            assert overlay(slip, streams.reference)
