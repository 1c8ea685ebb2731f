"""Tampering with the score."""

from tests.attacks.catalogue import Group, files, source

attack = Group("tampering", wins="score")

FORGE = """
import json, os, struct
FULL = b"\\n" + json.dumps({"score": 1.0}).encode() + b"\\n"
def spray(*texts):
    for descriptor in range(1, 64):
        for text in texts:
            try:
                os.write(descriptor, text)
            except OSError:
                pass
"""

attack(
    "results_file",
    "writes a results file wherever a grader may look, and ends the process",
    """
    import glob, os, sys
    for name in [*sys.argv[1:], "results.json", "/tmp/results.json", "../results.json"]:
        try:
            with open(name, "w") as file:
                file.write('{"score": 1.0, "tests": [{"score": 4, "max_score": 4}]}')
        except OSError:
            pass
    os._exit(0)
    """,
    naive="file",
    verdicts=("crashed",),
    root="landlock",
    user="landlock",
)
attack(
    "atexit_handler",
    "rewrites the results when the process ends",
    """
    import atexit, os, sys
    @atexit.register
    def rewrite():
        for name in sys.argv[1:]:
            with open(name, "w") as file:
                file.write('{"score": 1.0}')
    """,
    naive="file",
)
attack(
    "late_daemon",
    "leaves a daemon that rewrites the results later",
    """
    import os, sys, time
    grader = os.getpid()
    try:
        if os.fork() == 0:
            os.setsid()
            try:
                if os.fork() == 0:
                    for _ in range(100):
                        time.sleep(0.05)
                        if os.getppid() == 1 and not os.path.exists(f"/proc/{grader}/exe"):
                            break
                    for name in sys.argv[2:3]:
                        with open(name, "w") as file:
                            file.write('{"score": 1.0}')
            finally:
                os._exit(0)
    except OSError:
        pass
    """,
    naive="file",
)
attack(
    "exit_zero",
    "ends the process with the exit code of success",
    "import os\nos._exit(0)",
    naive="exit",
    verdicts=("crashed",),
)
attack(
    "exit_zero_in_a_call",
    "ends the process in the middle of a call",
    "import os\ndef double(x):\n    os._exit(0)\ndef double_backward(dy, cache):\n    os._exit(0)",
    naive="exit",
    verdicts=("crashed",),
)
attack(
    "sys_exit",
    "raises SystemExit inside a function",
    "import sys\ndef double(x):\n    sys.exit(0)\ndef double_backward(dy, cache):\n    sys.exit(0)",
    naive="exit",
    verdicts=("raised",),
)
attack(
    "prints_passed",
    "prints what a grader prints",
    """
    import os
    print('{"score": 1.0}\\nPASSED\\nOK\\n4/4 checks passed', flush=True)
    """,
    naive="stdout",
)
attack(
    "forged_verdicts",
    "writes verdicts to every open descriptor",
    FORGE + "spray(FULL)\nos._exit(0)",
    naive="pipe",
    verdicts=("bad_output", "crashed"),
)
FRAMES = (
    FORGE
    + """
import sys, threading, time
def text(tag, value):
    return tag + struct.pack("<I", len(value)) + value
def frame(number):
    head = b"t" + struct.pack("<I", 4) + text(b"s", b"value") + b"i" + struct.pack("<q", number)
    body = head + (b"t" + bytes(4)) * 2 + b"d" + bytes(8) + b"h" + struct.pack("<Q", 1)
    return struct.pack("<I", len(body)) + body
def request():
    frame = sys._getframe()
    while frame:
        if "number" in frame.f_locals:
            return frame.f_locals["number"]
        frame = frame.f_back
    return 1
"""
)
for _name, _tries, _call in (
    ("early_frames_right_id", "answers before the worker does", "spray(frame(request()), FULL)"),
    ("early_frames_wrong_id", "answers a later call in advance", "spray(frame(request()+1), FULL)"),
    (
        "late_frames",
        "answers after the worker has answered",
        "n = request(); threading.Thread(target=lambda: [time.sleep(0.001) or "
        "spray(frame(n + k)) for k in range(50)]).start(); spray(FULL)",
    ),
):
    attack(
        _name,
        _tries,
        FRAMES + f"def double(x):\n    {_call}\n    return x * 0, None\n"
        f"def double_backward(dy, cache):\n    {_call}\n    return dy * 0\n",
        naive="pipe",
    )
attack(
    "half_a_frame",
    "begins an answer and lets the worker finish it",
    FRAMES + "def double(x):\n    [spray(frame(1)[:5])]; spray(FULL)\n    return x * 0, None\n"
    "def double_backward(dy, cache):\n    spray(b'\\0'); return dy * 0\n",
    naive="pipe",
)
attack(
    "patched_allclose",
    "np.allclose and its kin say yes",
    """
    import numpy as np
    np.allclose = np.array_equal = np.isclose = np.array_equiv = lambda *a, **k: True
    import numpy._core.numeric as numeric
    numeric.allclose = numeric.array_equal = numeric.isclose = lambda *a, **k: True
    """,
    naive="allclose",
    verdicts=("wrong_value",),
)
attack(
    "patched_testing",
    "np.testing's assertions assert nothing",
    """
    import numpy as np
    for name in dir(np.testing):
        if name.startswith("assert"):
            setattr(np.testing, name, lambda *a, **k: None)
    """,
    naive="testing",
)
attack(
    "patched_unittest",
    "unittest's assertions assert nothing",
    """
    import unittest
    for name in dir(unittest.TestCase):
        if name.startswith("assert"):
            setattr(unittest.TestCase, name, lambda *a, **k: None)
    """,
    naive="unittest",
)
attack(
    "patched_pytest",
    "a pytest of its own, whose approx equals all",
    """
    import sys, types
    class Approx:
        def __init__(self, *a, **k): pass
        __array_ufunc__ = None
        def __eq__(self, other): return True
        __req__ = __eq__
    sys.modules["pytest"] = types.ModuleType("pytest")
    sys.modules["pytest"].approx = Approx
    """,
    naive="pytest_approx",
)
attack(
    "patched_builtins",
    "all, any and abs answer as wanted",
    """
    import builtins
    builtins.all = lambda *a: True
    builtins.any = lambda *a: False
    builtins.abs = lambda *a: 0.0
    """,
    naive="builtins",
)
attack(
    "fake_numpy",
    "puts another numpy into sys.modules",
    """
    import sys, types
    import numpy
    class Fake(types.ModuleType):
        def __getattr__(self, name):
            return getattr(numpy, name)
    fake = Fake("numpy")
    fake.allclose = lambda *a, **k: True
    sys.modules["numpy"] = fake
    """,
    naive="late_numpy",
)
attack(
    "trace_function",
    "a trace function changes the expected values of the frames around",
    """
    import sys
    def spy(frame, event, argument):
        if frame.f_code.co_name not in ("same", "compare", "matches", "run"):
            return None
        for name in ("expected", "right", "reference", "want"):
            value = frame.f_locals.get(name)
            if hasattr(value, "fill"):
                value.fill(-7)
        return spy
    sys.settrace(spy)
    frame = sys._getframe()
    while frame:
        frame.f_trace = spy
        frame = frame.f_back
    """,
    naive="allclose",
)
attack(
    "import_hook",
    "an import hook gives the grader another scorer",
    """
    import sys, types
    from importlib.machinery import ModuleSpec
    class Hook:
        def find_spec(self, name, path=None, target=None):
            return ModuleSpec(name, self) if name in ("scorer", "judge") else None
        def create_module(self, spec):
            return None
        def exec_module(self, module):
            module.same = lambda *a, **k: True
    sys.meta_path.insert(0, Hook())
    """,
    naive="scorer",
)
SHELL = "try:\n    shell = get_ipython()\nexcept NameError:\n    shell = None\nif shell:\n    "
attack(
    "input_transformer",
    "an IPython input transformer rewrites the test cell",
    SHELL + "shell.input_transformers_cleanup.append(lambda lines: ['ok = True\\n'])",
    naive="cells",
)
attack(
    "ast_transformer",
    "an IPython AST transformer rewrites the test cell",
    SHELL + "import ast\n    class T(ast.NodeTransformer):\n        def visit_Module(self, tree):\n"
    "            return ast.parse('ok = True')\n    shell.ast_transformers.append(T())",
    naive="cells",
)
attack(
    "pre_run_cell",
    "a hook that runs before each cell changes what the test compares with",
    SHELL + "shell.register('pre_run_cell', lambda names: "
    "names.update(expected=names['value'], allclose=lambda *a: True))",
    naive="cells",
)
attack(
    "display_hook",
    "a display hook of its own says what the cell's value is",
    "import sys\nsys.displayhook = lambda value: True",
    naive="cells",
)


CELL = '{"cell_type": "code", "metadata": {"kit": {"test": true, "points": 4}}, "source": "%s"}'


def notebook(*cells: str) -> str:
    return '{"cells": [' + ", ".join(CELL % text for text in cells) + '], "nbformat": 4}'


for _name, _tries, _cells in (
    ("test_cell_edited", "hands in a notebook whose test cell says ok", ("ok = True",)),
    ("test_cell_removed", "hands in a notebook without its test cell", ()),
    ("test_cell_duplicated", "hands in a test cell many times", ("ok = True",) * 9),
):
    attack(
        _name,
        _tries,
        source("", **{"work.ipynb": notebook(*_cells)}),
        naive="notebook",
    )
attack(
    "notebook_metadata",
    "a notebook whose metadata say that it has been graded",
    files({"work.ipynb": '{"metadata": {"score": 1.0, "graded": true}, "cells": []}'}),
    naive="notebook",
    status="refused",
    says="holds neither a folder",
)
PICKLE = b"cbuiltins\neval\n(V__import__('builtins').print('{\"score\": 1.0}', flush=True)\ntR."
for _name, _file in (("otter_log_pickle", ".OTTER_LOG"), ("results_pickle", "results.pkl")):
    attack(
        _name,
        f"ships a pickle named {_file} that runs code where it is read",
        source("", **{_file: PICKLE}),
        naive="pickles",
    )
