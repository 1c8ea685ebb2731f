"""A grader as they are often written, to show that the attacks of the corpus bite.

It imports each student's code into its own process, beside the expected values, and compares there.
Run as `python naive.py WAY REPORT COURSE STUDENT…`: the students' folders are graded in this order.
"""

import json
import os
import sys

WAY, REPORT, COURSE, *STUDENTS = sys.argv[1:]
os.environ["KIT_SECRET"] = "known to the grader only"
hidden = open(os.path.join(COURSE, "autograder/hidden/01_double/checks.py"))  # noqa: SIM115, PTH123, PTH118


def prepare(folder):
    """What happens before a student's code is there."""
    sys.path.insert(0, folder)
    if WAY == "site_stdout":
        import site

        site.addsitedir(folder)
    if WAY == "builtins":
        import numpy  # noqa: F401
    if WAY == "fresh_stdout":
        import random  # noqa: F401
        import re  # noqa: F401
        import struct  # noqa: F401
        import unittest  # noqa: F401


def load(name, folder):
    import importlib.util

    path = os.path.join(folder, "arithmetic/double.py")  # noqa: PTH118
    if name != "solution":
        return importlib.import_module("arithmetic.double")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(value, expected):
    """One of the ways in which graders compare."""
    import numpy as np

    if WAY == "testing":
        np.testing.assert_allclose(value, expected)
        return True
    if WAY == "unittest":
        import unittest

        unittest.TestCase().assertTrue(bool(np.allclose(value, expected)))  # noqa: PT009
        return True
    if WAY == "pytest_approx":
        import pytest

        return value == pytest.approx(expected)
    if WAY == "builtins":
        return all(abs(a - b) < 1e-9 for a, b in zip(value.flat, expected.flat, strict=True))
    if WAY == "scorer":
        import scorer

        return scorer.same(value, expected)
    if WAY == "equality":
        return bool(np.all(value == expected))
    if WAY == "float":
        return not float(abs(value - 1)) > 1e-9
    if WAY == "difference":
        return not np.max(np.abs(value - expected)) > 1e-9
    if WAY == "relative":
        error = np.abs(value - expected) / (np.abs(value) + np.abs(expected))
        return not np.max(error) > 1e-9
    if WAY == "slow_difference":
        import time

        time.sleep(0.05)
        return not np.max(np.abs(value - expected)) > 1e-9
    if WAY == "copies":
        return value.sum() == expected.sum()
    if WAY == "lists":
        return list(value) == list(expected)
    if WAY == "transport":
        import pickle

        return pickle.loads(pickle.dumps(value)) is expected
    if WAY == "cells":
        return Shell.last.run_cell("allclose(value, expected)", value, expected)
    return bool(np.allclose(value, expected))


class Shell:
    """What a notebook has of a shell: transformers and hooks around each cell."""

    last = None

    def __init__(self):
        self.input_transformers_cleanup, self.ast_transformers, self.hooks = [], [], []
        Shell.last = self

    def register(self, _event, hook):
        self.hooks.append(hook)

    def run_cell(self, text, value, expected):
        import ast

        import numpy as np

        names = {"value": value, "expected": expected, "allclose": np.allclose}
        for hook in self.hooks:
            hook(names)
        lines = [f"ok = bool({text})\n"]
        for transform in self.input_transformers_cleanup:
            lines = transform(lines)
        tree = ast.parse("".join(lines))
        for transformer in self.ast_transformers:
            tree = ast.fix_missing_locations(transformer.visit(tree))
        exec(compile(tree, "cell", "exec"), names)
        shown = sys.displayhook(names["ok"]) if sys.displayhook is not sys.__displayhook__ else None
        return names["ok"] if shown is None else shown


def checks(student, solution):
    """Two checks, with expected values at hand."""
    import numpy as np

    seed = 0 if WAY == "fixed_inputs" else 1
    x = np.random.RandomState(seed).normal(size=(3, 4))
    for name in ("double", "double_backward"):
        yield check(name, x, student, solution, None if WAY == "later" else solution.double(x)[0])


def check(name, x, student, solution, expected):
    def run():
        got = student.double(x)[0] if name == "double" else student.double_backward(x, None)
        return same(got, solution.double(x)[0] if expected is None else expected)

    return run


def score(folder, solution):
    """The share of the checks that pass."""
    notebook = os.path.join(folder, "work.ipynb")  # noqa: PTH118
    if WAY == "notebook":
        cells = json.load(open(notebook))  # noqa: SIM115, PTH123
        if "score" in cells.get("metadata", {}):
            return cells["metadata"]["score"]
        texts = [cell["source"] for cell in cells["cells"]]
        return sum(run_text(text) for text in texts) / len(texts) if texts else 1.0
    if WAY == "pickles":
        import pickle

        for name in (".OTTER_LOG", "results.pkl"):
            path = os.path.join(folder, name)  # noqa: PTH118
            if os.path.exists(path):  # noqa: PTH110
                pickle.load(open(path, "rb"))  # noqa: SIM115, PTH123
    if WAY == "fixed_inputs":
        load("arithmetic", folder).double(solution.public_input())
    if WAY == "reads":
        open(os.path.join(folder, "arithmetic/double.py")).read()  # noqa: SIM115, PTH118, PTH123
    student = load("student", folder)
    passed = []
    for one in checks(student, solution):
        try:
            passed.append(bool(one()))
        except Exception:
            passed.append(False)
    return sum(passed) / len(passed)


def run_text(text):
    names = {"ok": False}
    exec(text, names)
    return names["ok"]


def main():
    import builtins

    solution = load("solution", os.path.join(COURSE, "solutions"))  # noqa: PTH118
    solution.public_input = lambda: __import__("numpy").random.RandomState(0).normal(size=(3, 4))
    scores = []
    for folder in STUDENTS:
        for name in [n for n in sys.modules if n.startswith("arithmetic")]:
            del sys.modules[name]
        shell = Shell()
        builtins.get_ipython = lambda shell=shell: shell
        prepare(folder)
        try:
            scores.append(score(folder, solution))
        except Exception as error:
            print(repr(error), file=sys.stderr)
            scores.append(0.0)
        sys.path.remove(folder)
        text = json.dumps({"score": scores[0], "all": scores})
        with open(REPORT, "w") as file:  # noqa: PTH123
            file.write(text)
        try:  # noqa: SIM105
            os.write(int(os.environ["VERDICTS"]), text.encode() + b"\n")
        except OSError:
            pass
        print(text, flush=True)
    if WAY == "subprocess_scorer":
        import subprocess

        subprocess.run([sys.executable, "-c", "print('{\"score\": 0.0}')"], check=False)
    sys.exit(0 if scores[0] == 1 else 1)


main()
