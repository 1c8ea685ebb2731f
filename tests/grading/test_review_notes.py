"""Review notes: each kind is seen where it is, and honest work has none."""

import ast
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.accepted import alternatives, write_alternative
from autograder.course.course import Course
from autograder.documents.results import Handed, Result, Versions
from autograder.grading.review import review
from autograder.integrations.gradescope.document import document
from autograder.report.feedback import feedback
from autograder.report.terminal import review_lines
from tests.sample_class.build import CLASS, HIDDEN

ROOT = Path(__file__).parent.parent.parent
COURSE = Course.find(ROOT)
FILE = "transformer/layernorm.py"
FORWARD = """
import numpy as np


def layernorm(x, gamma, beta, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    std = np.sqrt((centred**2).mean(-1, keepdims=True) + eps)
    return gamma * centred / std + beta, (x, gamma, beta, eps)

"""
CENTRAL = """
def layernorm_backward(dy, cache):
    x, gamma, beta, eps = cache
    h, dx = 1e-5, np.zeros_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        up = (layernorm(x, gamma, beta, eps)[0] * dy).sum()
        x[i] = kept - h
        down = (layernorm(x, gamma, beta, eps)[0] * dy).sum()
        x[i] = kept
        dx[i] = (up - down) / (2 * h)
    return dx, gamma, beta
"""
COMPLEX = """
def layernorm_backward(dy, cache):
    x, gamma, beta, eps = cache
    dx = np.zeros_like(x)
    for j in range(x.shape[-1]):
        moved = x.astype(complex)
        moved[..., j] += 1e-200j
        dx[..., j] = (layernorm(moved, gamma, beta, eps)[0].imag / 1e-200 * dy).sum(-1)
    return dx, gamma, beta
"""
COPIED = """
def renamed(a, g, b, e=1e-5):
    middle = a - a.mean(-1, keepdims=True)
    s = np.sqrt((middle**2).mean(-1, keepdims=True) + e)
    return g * middle / s + b, (a, g, b, e)


def layernorm_backward(dy, cache):
    x, gamma, beta, eps = cache
    return [renamed(x + row, gamma, beta, eps)[0] - renamed(x, gamma, beta, eps)[0] for row in x]
"""
CHECKER = """
def layernorm_backward(dy, cache):
    from transformer.gradient_check import numerical_gradients
    return numerical_gradients(lambda *a: layernorm(*a), cache, dy)
"""
TABLE = """
ANSWERS = [[0.1, 0.2, 0.3, 0.4], [1.5, 2.5, 3.5, 4.5], [1, 2, 3, 4], [5, 6, 7, 8]]


def layernorm_backward(dy, cache):
    return np.array(ANSWERS), dy, dy
"""
SHAPES = """
calls = 0


def layernorm_backward(dy, cache):
    global calls
    calls += 1
    if dy.shape == (2, 3, 5):
        return dy * 0.5
    return {(3, 7): 1.0}[dy.shape]
"""
FOREIGN = """
import torch


def layernorm_backward(dy, cache):
    return torch.autograd.grad(dy, cache)
"""
CHEATS = {
    "central": (CENTRAL, {"finite_difference", "own_forward"}),
    "complex": (COMPLEX, {"complex_step", "own_forward"}),
    "copied": (COPIED, {"own_forward"}),
    "checker": (CHECKER, {"gradient_check", "own_forward"}),
    "table": (TABLE, {"literal_table"}),
    "shapes": (SHAPES, {"which_check"}),
    "foreign": (FOREIGN, {"import"}),
}


def notes(files, assignment="03"):
    files = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return review(files, COURSE, COURSE.assignment(assignment))


@pytest.mark.parametrize("cheat", CHEATS)
def test_each_way_of_not_deriving_is_seen(cheat):
    code, kinds = CHEATS[cheat]
    found = notes({FILE: FORWARD + code})
    assert {note.kind for note in found} == kinds
    lines = (FORWARD + code).splitlines()
    for note in found:
        assert note.file == FILE
        assert note.code == lines[note.line - 1].strip()
        assert note.message


@pytest.mark.parametrize("cheat", ["central", "complex"])
def test_a_helper_file_is_looked_at_too(cheat):
    code, kinds = CHEATS[cheat]
    found = notes({FILE: "from .helper import *\n", "transformer/helper.py": FORWARD + code})
    assert {note.kind for note in found} == kinds
    assert {note.function for note in found} == {"layernorm_backward"}


def test_the_three_ways_of_asking_which_check_runs_each_have_their_line():
    found = [note.code for note in notes({FILE: FORWARD + SHAPES})]
    assert found == ["calls += 1", "if dy.shape == (2, 3, 5):", "return {(3, 7): 1.0}[dy.shape]"]


def test_the_published_reference_is_known_under_other_names():
    text = (ROOT / "solutions" / FILE).read_text()
    changed = text.replace("x_hat", "z").replace("_row_mean", "average").replace("dx_hat", "q")
    changed = changed.replace("centred", "c").replace('"""Send', '"""My own. Send')
    found = notes({FILE: changed})
    assert [(note.kind, note.function) for note in found] == [
        ("published", "layernorm"),
        ("published", "layernorm_backward"),
    ]


@pytest.mark.parametrize("assignment", COURSE.assignments, ids=lambda one: one.number)
def test_reference_and_accepted_ways_have_no_other_note(assignment):
    solution = {
        f"transformer/{path.name}": path.read_bytes()
        for path in (ROOT / "solutions/transformer").glob("*.py")
    }
    assert {note.kind for note in review(solution, COURSE, assignment)} <= {"published"}
    for way in alternatives(assignment):
        own = {
            node.name
            for path in way.glob("*.py")
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef)
        }
        with tempfile.TemporaryDirectory() as temporary:
            write_alternative(COURSE, way, Path(temporary))
            files = {
                path.relative_to(temporary).as_posix(): path.read_bytes()
                for path in Path(temporary).rglob("*.py")
            }
        found = review(files, COURSE, assignment)
        assert not [note for note in found if note.kind != "published" or note.function in own]


def test_honest_work_of_the_sample_class_has_none():
    looked_at = 0
    for one in CLASS:
        if one.raw is not None or not one.what.startswith("right"):
            continue
        files = {f"transformer/{path.name}": path.read_bytes() for path in one.base.glob("*.py")}
        if one.file:
            files[f"transformer/{one.file}"] += one.appended.encode()
        if one.alternative:
            for path in (HIDDEN / one.assignment / "accepted" / one.alternative).glob("*.py"):
                name = f"transformer/{path.name}"
                files[name] = files.get(name, b"") + b"\n\n" + path.read_bytes()
        found = review(files, COURSE, COURSE.assignment(one.assignment))
        assert {note.kind for note in found} <= {"published"}, (one, found)
        looked_at += 1
    assert looked_at >= 9


@pytest.mark.parametrize(
    "text",
    [
        b"raise SystemExit",
        b"import os\nos._exit(1)",
        b"def broken(:",
        b"\xff\xfe",
        b"(" * 5000,
        b"-" * 100_000 + b"1",
        b"x = " + b"1+" * 50_000 + b"1",
        b"x = " + b"[" * 90 + b"]" * 90,
        b"a" * 300_000,
        b"x = 9 ** 9 ** 9 ** 9",
        b"\0",
    ],
)
def test_nothing_is_executed_and_nothing_breaks_it(text):
    assert notes({FILE: text}) == ()


def result(review):
    return Result(
        assignment="03_layernorm",
        assignment_title="Layer normalisation",
        assignment_digest="a",
        student="ada",
        members=("ada",),
        submission=Handed("ada", "b"),
        status="graded",
        raw_score=10.0,
        score=10.0,
        max_score=10.0,
        versions=Versions("1", "3", "2", "Linux"),
        review=review,
    )


def test_instructors_see_them_and_students_do_not():
    seen = result(notes({FILE: FORWARD + CENTRAL}))
    unseen = replace(seen, review=())
    assert feedback(seen, "full") == feedback(unseen, "full")
    assert document(seen, "full", 1.0) == document(unseen, "full", 1.0)
    first, *lines = review_lines([seen, unseen])
    assert first == "To look at, in 1 of 2 (no points are taken for it):"
    assert lines[0].startswith(f"  ada  {FILE}:{seen.review[0].line}  ")
    assert review_lines([unseen]) == []
