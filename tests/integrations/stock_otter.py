"""An otter assignment as its documentation teaches it: hidden tests that run beside the work.

It asks for what our hidden checks of 03_layernorm ask, in as many test cases, and it is what ours
is measured against: the attacks must win here, and the time of a run is compared.
"""

import os
import subprocess
import sys

import numpy as np

from autograder.course.reference import load_reference
from tests.desk import PYTHONPATH

HEAD = """import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "{name}"
points = {points}
"""

FORWARD = """

@test_case(points=None, hidden=True)
def test_{number}():
    from transformer.layernorm import layernorm
    state = np.random.RandomState({number})
    x, gamma, beta = state.normal(size={shape}), state.normal(size={d}), state.normal(size={d})
    expected = np.array({expected})
    y, _ = layernorm(x, gamma, beta)
    np.testing.assert_allclose(y, expected, rtol=1e-9)
"""

BACKWARD = """

@test_case(points=None, hidden=True)
def test_{number}():
    from transformer.layernorm import layernorm, layernorm_backward
    state = np.random.RandomState({number})
    x, gamma, beta = state.normal(size={shape}), state.normal(size={d}), state.normal(size={d})
    expected = np.array({expected})
    _, cache = layernorm(x, gamma, beta)
    dx, _, _ = layernorm_backward(np.ones(x.shape) * gamma, cache)
    np.testing.assert_allclose(dx, expected, rtol=1e-9)
"""

SHAPES = [(2, 3, 5), (7,), (4, 7), (2, 1, 3, 4), (3, 5)]


def make(course, assignment, folder):
    """stock.zip by the real `otter generate`; as many test cases as we have hidden checks."""
    from autograder.grading.judges import hidden_checks

    reference = load_reference(course).namespace
    tests = folder / "tests"
    tests.mkdir(parents=True)
    checks = hidden_checks(course, assignment)
    for function in assignment.functions:
        count = sum(check.of == function.name for check in checks)
        backward = function.name.endswith("_backward")
        text = HEAD.format(name=function.name, points=function.points)
        for number in range(count):
            shape = SHAPES[number % len(SHAPES)]
            state = np.random.RandomState(number)
            x = state.normal(size=shape)
            gamma, beta = state.normal(size=shape[-1]), state.normal(size=shape[-1])
            expected, cache = reference["layernorm"](x, gamma, beta)
            if backward:
                expected = reference["layernorm_backward"](np.ones(shape) * gamma, cache)[0]
            text += (BACKWARD if backward else FORWARD).format(
                number=number, shape=shape, d=shape[-1], expected=expected.tolist()
            )
        (tests / f"{function.name}.py").write_text(text)
    made = folder / "stock.zip"
    subprocess.run(
        [sys.executable, "-m", "otter", "generate", "-t", tests, "-o", made, "--no-environment"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
        check=True,
        capture_output=True,
    )
    return made
