"""The assignments through the real grader, in the jail: who gets what."""

import base64
import functools
import pickle
import shutil
import zlib
from dataclasses import replace

import pytest

from autograder.course.course import Course
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.release.stubs import make_stub
from autograder.uploads.submission import Source, read_submission
from tests.released import committed_template

COURSE = Course.find()
NAMES = [assignment.name for assignment in COURSE.assignments]
# One set of hidden inputs for all: that every set gives the same marks is for `verify` to prove.
ONE_STREAM = replace(COURSE, feedback=replace(COURSE.feedback, streams=1))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The whole student template, as released."""
    return committed_template(tmp_path_factory.mktemp("template") / "work")


@pytest.fixture(scope="module", params=NAMES)
def grader(request):
    """The grader of one assignment."""
    with Grader(ONE_STREAM, COURSE.assignment(request.param), Settings()) as grader:
        yield grader


@pytest.fixture(scope="module")
def desk(grader):
    """An assignment, and a function that grades a folder for it."""
    expected = expected_of(COURSE, grader.assignment)

    def grade(folder, name="someone"):
        return grader.grade(read_submission(Source(name, (folder,)), expected))

    return grader.assignment, grade


@pytest.fixture(scope="module")
def trained(grader):
    """What the reference's training gives in the checks that train for long, by its data."""
    judge = grader.streams[0]
    calls = [
        call
        for check in judge.checks
        if check.kind == "learning"
        for call in judge.key.expected(check).calls
        if call.function.name == "train"
    ]
    results = [call.result.value for call in calls]
    found = [(params, None, losses) for params, _, losses in results]
    return dict(zip((zlib.crc32(call.args[1]) for call in calls), found, strict=True))


def test_the_solution_gets_everything(desk):
    assignment, grade = desk
    result = grade(COURSE.solutions)
    assert result.raw_score == assignment.max_points == 20
    assert {check.upstream for check in result.checks} == {"own"}


def test_the_template_gets_nothing(desk, template):
    _, grade = desk
    result = grade(template)
    assert result.raw_score == 0
    assert {check.verdict for check in result.checks} == {"not_implemented"}


def test_return_x_gets_next_to_nothing(desk, template, tmp_path):
    """Every stub answers with its first argument."""
    assignment, grade = desk
    package = copy_package(template, tmp_path)
    for name in assignment.files:
        path = package / name
        lines = path.read_text(encoding="utf-8").splitlines()
        function = ""
        for k, line in enumerate(lines):
            if line.startswith("def "):
                function = line[4:].split("(")[0]
                first = line.split("(")[1].split(",")[0].split(")")[0].split("=")[0]
            if "raise NotImplementedError(" in line:
                paired = f"{function}_backward" in COURSE.contract.functions
                lines[k] = f"    return {first}, None" if paired else f"    return {first}"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = grade(tmp_path)
    assert result.raw_score <= 0.05 * assignment.max_points


def copy_package(template, folder):
    """The template's package in another folder."""
    target = folder / COURSE.package
    shutil.copytree(template / COURSE.package, target)
    return target


# Adam's state can be seen only by stepping with it.
TOGETHER = {name: {"adam_init", "adam_step"} for name in ("adam_init", "adam_step")}


def stubs(assignment, name, filled):
    """A file of the solution without what is asked, but for some functions."""
    stem = name.removesuffix(".py")
    asked = {
        function.name
        for function in assignment.functions
        if COURSE.contract.functions[function.name].module == stem
    }
    return stub(name, frozenset(asked - filled))


@functools.cache
def stub(name, missing):
    """A file of the solution without some functions."""
    source = (COURSE.solutions / COURSE.package / name).read_text(encoding="utf-8")
    return make_stub(source, dict.fromkeys(missing, "not written yet"))


def test_one_function_filled_earns_its_own_points(desk, template, tmp_path):
    """Alone (a backward together with its forward), on stubs everywhere else."""
    assignment, grade = desk
    for filled in assignment.functions:
        pair = TOGETHER.get(filled.name, {filled.name, filled.name.removesuffix("_backward")})
        folder = tmp_path / filled.name
        package = copy_package(template, folder)
        for name in assignment.files:
            (package / name).write_text(stubs(assignment, name, frozenset(pair)), encoding="utf-8")
        points = sum(function.points for function in assignment.functions if function.name in pair)
        result = grade(folder, filled.name)
        assert result.raw_score == pytest.approx(points), filled.name


SPOILT = {
    "nan": "value * np.nan",
    "list": "[value.tolist()]",
    "matrix": "np.matrix(np.atleast_2d(value.reshape(-1, value.shape[-1] if value.ndim else 1)))",
    "masked": "np.ma.masked_all(value.shape)",
    "subclass": "value.view(Liar)",
    "always equal": "AlwaysEqual()",
    "broadcasts": "value[None]",
    "object": "value.astype(object)",
    "complex": "value.astype(complex)",
    "structured": "value.astype([('a', float)])",
    "string": "value.astype(str)",
    "zero-dimensional": "np.array(value.sum())",
    "generator": "(row for row in value)",
}
SPOILER = """

import numpy as np


class Liar(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return True

    def __array_function__(self, function, types, args, kwargs):
        return True


class AlwaysEqual:
    __array_priority__ = 1e9

    def __eq__(self, other):
        return True

    __hash__ = None

    def __array__(self, dtype=None, copy=None):
        raise ValueError("no array today")


def _spoil(value):
    if isinstance(value, dict):
        return {{key: _spoil(item) for key, item in value.items()}}
    if isinstance(value, list):
        return [_spoil(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_spoil(item) for item in value)
    if isinstance(value, (float, np.floating)):
        value = np.array(value)
    return {expression} if isinstance(value, np.ndarray) else AlwaysEqual()


def _spoiled(function, paired):
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        if paired:
            return _spoil(result[0]), result[1]
        return _spoil(result)

    return wrapper


for _name, _paired in {functions}:
    globals()[_name] = _spoiled(globals()[_name], _paired)
"""


# Training takes seconds, and is right: what it gives is known, and only then dressed up.
TRAINED = """

import base64
import functools
import pickle
import zlib

_TRAINED = pickle.loads(base64.b64decode({trained}))
_train = train


def train(params, data, *args, **kwargs):
    known = _TRAINED.get(zlib.crc32(data))
    return known or _train(params, data, *args, **kwargs)
"""


@pytest.mark.parametrize("kind", SPOILT)
def test_values_that_lie_get_nothing(kind, desk, trained, tmp_path):
    """Right functions whose results are dressed up as something else."""
    assignment, grade = desk
    package = copy_package(COURSE.solutions, tmp_path)
    for name in assignment.files:
        functions = [
            (function.name, f"{function.name}_backward" in COURSE.contract.functions)
            for function in assignment.functions
            if COURSE.contract.functions[function.name].module == name.removesuffix(".py")
            and COURSE.contract.functions[function.name].returns != ("opaque",)
        ]
        with (package / name).open("a", encoding="utf-8") as file:
            if trained and ("train", False) in functions:
                file.write(TRAINED.format(trained=base64.b64encode(pickle.dumps(trained))))
            file.write(SPOILER.format(expression=SPOILT[kind], functions=functions))
    result = grade(tmp_path, kind)
    earned = {
        check.name: check.verdict
        for check in result.checks
        if check.points and check.function != "adam_init"  # its state is opaque: nothing to dress
    }
    assert earned == {}
