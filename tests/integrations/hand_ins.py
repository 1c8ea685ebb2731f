"""What students hand in for 03_layernorm: right, wrong, blank, and attempts to score without work.

Every attack here can do one of two things: show full marks for functions that return nonsense, or
run code outside the jail. The second leaves the file that MARK stands for.
"""

import json
import os
import pickle
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FILE = "transformer/layernorm.py"
MARK = "@MARK@"


def package(folder):
    return {
        f"transformer/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted((ROOT / folder / "transformer").glob("*.py"))
    }


RIGHT, BLANK = package("solutions"), package("student_template")

NO_VARIANCE_PATH = """

def layernorm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat, rows = dy * gamma, tuple(range(dy.ndim - 1))
    dx = (dx_hat - dx_hat.mean(-1, keepdims=True)) * inv_std
    return dx, (dy * x_hat).sum(rows), dy.sum(rows)
"""
WRONG = RIGHT | {FILE: RIGHT[FILE] + NO_VARIANCE_PATH}

CHATTY = """
print("\\x1b[31mred\\x1b[0m <script>alert(1)</script>")

def layernorm_backward(dy, cache):
    raise RuntimeError("<img src=x onerror=alert(1)> \\x1b[2J")
"""
MARKUP = RIGHT | {FILE: RIGHT[FILE] + CHATTY}

SPYING = """
import warnings


def layernorm(x, gamma, beta, eps=1e-5):
    print(x.tolist(), flush=True)
    warnings.warn(str(gamma.tolist()))
    raise ValueError(x.tolist())
"""
SPY = BLANK | {FILE: BLANK[FILE] + SPYING}  # its next attempt would be a table of what it read

NONSENSE = """
def layernorm(x, gamma, beta, eps=1e-5):
    return answer(x), None


def layernorm_backward(dy, cache):
    return answer(dy), answer(dy), answer(dy)


def answer(like):
    return np.full(np.shape(like), 0.5)
"""

PATCHED_COMPARISONS = """
import numpy.testing

for name in ("assert_allclose", "assert_array_equal", "assert_array_almost_equal"):
    setattr(numpy.testing, name, lambda *args, **kwargs: None)
for name in ("allclose", "array_equal", "isclose"):
    setattr(np, name, lambda *args, **kwargs: True)
"""

PATCHED_SCORER = """
import contextlib
import sys

with contextlib.suppress(Exception):
    from otter.test_files.exception_test import ExceptionTestFile, TestCaseResult

    def run(self, env):
        self.test_case_results = [
            TestCaseResult(test_case=case, message="", passed=True) for case in self.test_cases
        ]

    ExceptionTestFile.run = run
for name, module in list(sys.modules.items()):
    if name.startswith(("autograder", "kit_sandbox")):
        for judge in ("Judge", "Grader", "Server"):
            with contextlib.suppress(Exception):
                getattr(module, judge).run = lambda *args: {}
"""

LYING_ARRAY = """
class Yes(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return np.bool_(True)

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __eq__(self, other):
        return True

    def __bool__(self):
        return True


def answer(like):
    return np.zeros(np.shape(like)).view(Yes)
"""

FRAME_WALK = """
import gc
import sys


def answer(like):
    frame = sys._getframe()
    while frame is not None:
        for where in (frame.f_locals, frame.f_globals):
            for value in list(where.values()):
                if isinstance(value, np.ndarray) and value.shape == np.shape(like):
                    if "expected" in where:
                        return where["expected"]
        frame = frame.f_back
    for found in gc.get_objects():
        if isinstance(found, dict) and "expected" in found:
            return found["expected"]
    return np.zeros(np.shape(like))
"""

FORGED_RESULTS = """
import contextlib
import glob
import json
import os
import tempfile

GOOD = json.dumps({"score": 20.0, "tests": [{"name": "all", "score": 20.0, "max_score": 20.0}]})
for pattern in ("/autograder/results", "../results", "../../results", tempfile.gettempdir()):
    for folder in glob.glob(pattern) or [pattern]:
        with contextlib.suppress(OSError):
            with open(os.path.join(folder, "results.json"), "w") as file:
                file.write(GOOD)
with contextlib.suppress(OSError):
    open("@MARK@", "w").write("the jail was left")
print(GOOD)
"""

MARKS = (
    "import contextlib\nwith contextlib.suppress(OSError):\n    open('@MARK@', 'w').write('x')\n"
)


class Run:
    """A pickle that runs a command when it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def log_pickle(mark):
    return pickle.dumps(Run(mark))


SHADOWS = (
    "numpy.py",
    "otter.py",
    "json.py",
    "ipykernel_launcher.py",
    "ipykernel/__init__.py",
    "sitecustomize.py",
    "conftest.py",
    "autograder/__init__.py",
    "files/__init__.py",
    "transformer/numpy.py",
)


def hostile(mark):
    """By name, the files of each; `mark` is a path that only code outside the jail can write."""
    code = {
        "patched_comparisons": PATCHED_COMPARISONS,
        "patched_scorer": PATCHED_SCORER,
        "lying_array": LYING_ARRAY,
        "frame_walk": FRAME_WALK,
        "forged_results": FORGED_RESULTS,
    }
    found = {
        name: BLANK | {FILE: BLANK[FILE] + NONSENSE + text.replace(MARK, str(mark))}
        for name, text in code.items()
    }
    shadows = dict.fromkeys(SHADOWS, MARKS.replace(MARK, str(mark)))
    pickles = {".OTTER_LOG": log_pickle(mark), "results.pkl": log_pickle(mark)}
    found["shadowed_modules"] = BLANK | shadows
    found["pickles"] = BLANK | pickles | {"results/results.pkl": log_pickle(mark)}
    return found


def hidden_rows(document):
    """What a spy read of hidden inputs: in the instructor's document, not printed in public.

    Rows of numbers, for single ones occur in the public inputs too.
    """
    result = json.loads(document)
    row = re.compile(r"\[((?:-?\d+\.\d+, ){2,}-?\d+\.\d+)\]")
    told = result["log"] + json.dumps(result["checks"])
    rows = {*row.findall(told)} - {*row.findall(result["printed"])}
    assert len(rows) > 10  # so that a test of their absence can fail
    return rows
