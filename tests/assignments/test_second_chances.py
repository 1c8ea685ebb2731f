"""One early bug costs once: what is charged where, through the real grader."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from autograder.course.course import Course
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.uploads.submission import Source, read_submission
from tests.sample_class import slips
from tests.sample_class.build import SOLUTION, TEMPLATE

COURSE = Course.find()
# One set of hidden inputs for all: that every set gives the same marks is for `verify` to prove.
ONE_STREAM = replace(COURSE, feedback=replace(COURSE.feedback, streams=1))


@pytest.fixture(scope="module")
def grader():
    """The grader of an assignment, started once."""
    started = {}
    with ExitStack() as stack:

        def of(assignment, upstream):
            key = assignment.name, upstream
            if key not in started:
                settings = Settings(upstream=upstream)
                started[key] = stack.enter_context(Grader(ONE_STREAM, assignment, settings))
            return started[key]

        yield of


@pytest.fixture
def grade(grader, tmp_path):
    """Points by function for the solution's files with some replaced."""

    def of(name, files, upstream="best"):
        return graded(grader, name, files, tmp_path, upstream)

    return of


def graded(grader, name, files, folder, upstream):
    package = folder / "transformer"
    package.mkdir()
    for path in SOLUTION.glob("*.py"):
        package.joinpath(path.name).write_bytes(path.read_bytes())
    for file, text in files.items():
        package.joinpath(file).write_text(text, encoding="utf-8")
    assignment = COURSE.assignment(name)
    submission = read_submission(Source("someone", (folder,)), expected_of(COURSE, assignment))
    result = grader(assignment, upstream).grade(submission)
    earned = dict.fromkeys((function.name for function in assignment.functions), 0.0)
    for check in result.checks:
        earned[check.function] += check.points
    lost = {
        function.name: function.points - earned[function.name]
        for function in assignment.functions
        if function.points - earned[function.name] > 1e-4
    }
    return lost, result


def solution(file, appended=""):
    return SOLUTION.joinpath(file).read_text(encoding="utf-8") + appended


NO_SCALE = """

_scaled = scaled_dot_product_attention


def scaled_dot_product_attention(q, k, v, mask=None):
    return _scaled(q * np.sqrt(q.shape[-1]), k, v, mask)
"""


def test_a_broken_attention_costs_itself_and_no_heads(grade):
    lost, _ = grade("04", {"attention.py": solution("attention.py", NO_SCALE)})
    assert lost
    assert {name.removesuffix("_backward") for name in lost} == {"scaled_dot_product_attention"}


def test_a_slip_below_that_looks_like_an_own_one_is_charged_below(grade):
    """Averaged bias gradients are a known slip of mlp_backward too; here linear_backward has it."""
    files = {"layer.py": solution("layer.py", slips.BIAS_GRADIENT_AVERAGED)}
    lost, _ = grade("02", files)
    assert set(lost) == {"linear_backward"}


def test_without_second_chances_the_heads_fall_too(grade):
    files = {"attention.py": solution("attention.py", NO_SCALE)}
    lost, _ = grade("04", files, upstream="own")
    assert "multi_head_attention" in lost
    assert "attention_head" in lost


def test_another_variance_costs_the_forward(grade):
    files = {"layernorm.py": solution("layernorm.py", slips.SAMPLE_VARIANCE)}
    lost, result = grade("03", files)
    assert lost["layernorm"] > 0.5 * COURSE.assignment("03").functions[0].points
    assert lost.get("layernorm_backward", 0) <= 0.1 * COURSE.assignment("03").functions[1].points
    named = {check.diagnosis.id for check in result.checks if check.diagnosis}
    assert "divides_by_d_minus_one" in named


@pytest.mark.parametrize("missing", ["attention.py", "layernorm.py", "layer.py"])
def test_a_block_on_stubs_earns_the_blocks_points(grade, missing):
    stub = TEMPLATE.joinpath(missing).read_text(encoding="utf-8")
    lost, result = grade("06", {missing: stub})
    assert lost == {}
    assert any(check.upstream == "reference" for check in result.checks)


def test_a_block_on_a_file_that_does_not_even_parse_earns_its_points(grade):
    lost, _ = grade("06", {"layernorm.py": "def layernorm(x, gamma\n"})
    assert lost == {}


def test_parts_that_fit_only_each_other_lose_nothing(grade):
    """A private convention: layernorm's cache is read by the student's own block."""
    files = {
        "layernorm.py": solution(
            "layernorm.py",
            """

def layernorm(x, gamma, beta, eps=1e-5, *, extra=None):
    centred = x - x.mean(-1, keepdims=True)
    inv_std = 1 / np.sqrt((centred * centred).mean(-1, keepdims=True) + eps)
    return gamma * centred * inv_std + beta, {"c": centred, "s": inv_std, "g": gamma, "e": extra}


def layernorm_backward(dy, cache):
    x_hat, d = cache["c"] * cache["s"], dy * cache["g"]
    dx = d - d.mean(-1, keepdims=True) - x_hat * (d * x_hat).mean(-1, keepdims=True)
    axes = tuple(range(dy.ndim - 1))
    return cache["s"] * dx, (dy * x_hat).sum(axes), dy.sum(axes)
""",
        ),
        "transformer_block.py": solution(
            "transformer_block.py",
            """

_plain_layernorm = layernorm


def layernorm(x, gamma, beta, eps=1e-5):
    return _plain_layernorm(x, gamma, beta, eps, extra="mine")
""",
        ),
    }
    lost, result = grade("06", files)
    assert lost == {}
    assert {check.upstream for check in result.checks} == {"own"}


def test_what_is_served_does_not_answer_what_is_asked(grade):
    """The block under test asks the served reference for itself, by every name it can think of."""
    thief = """

def transformer_block_backward(dy, cache):
    import gc
    import sys
    from transformer import attention

    for thing in (attention, sys.modules["transformer"], *gc.get_objects()):
        found = getattr(thing, "transformer_block_backward", None)
        if callable(found) and found is not transformer_block_backward:
            return found(dy, cache)
    attention.multi_head_attention_backward.__code__ = (lambda *a: None).__code__
    return attention.multi_head_attention_backward(dy, cache)
"""
    source = solution("transformer_block.py", thief)
    lost, _ = grade("06", {"transformer_block.py": source})
    points = {function.name: function.points for function in COURSE.assignment("06").functions}
    assert lost["transformer_block_backward"] == points["transformer_block_backward"]
