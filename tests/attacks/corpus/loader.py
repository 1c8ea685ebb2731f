"""The loader: files that would be found before Python's, NumPy's or the grader's own."""

import importlib.util
import marshal
import os
import shutil
import subprocess
from pathlib import Path

from tests.attacks.catalogue import RIGHT, WRONG, Group, files, source

attack = Group("loader", wins="score")
YES = "import sys\nprint('{\"score\": 1.0}', flush=True)\nimport os\nos._exit(0)\n"

LIAR = """
import sys
class Fake:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __add__(self, other): return self
    def __mul__(self, other): return self
    __sub__ = __add__
sys.modules["numpy"] = Fake()
"""
attack(
    "ships_numpy",
    "a numpy.py whose comparison says yes",
    source("", **{"numpy.py": LIAR, "numpy/__init__.py": LIAR}),
    naive="allclose",
)
for _module in ("random", "json", "unittest", "re", "struct"):
    attack(
        f"ships_{_module}",
        f"a {_module}.py that ends the run as a success",
        source("", **{f"{_module}.py": YES}),
        naive="fresh_stdout",
    )
attack(
    "ships_the_grader",
    "a package named autograder",
    source(
        "",
        **{
            "autograder/__init__.py": YES,
            "kit_sandbox/__init__.py": YES,
            "scorer.py": "def same(*a, **k): return True\n",
        },
    ),
    naive="scorer",
)
for _name in ("sitecustomize", "usercustomize"):
    attack(
        f"ships_{_name}",
        f"a {_name}.py, which Python runs when it starts",
        source("", **{f"{_name}.py": YES}),
        naive="fresh_stdout",
    )
attack(
    "ships_pth",
    "a .pth file, which Python runs where it looks for packages",
    source("", **{"run.pth": "import os; print('{\"score\": 1.0}', flush=True); os._exit(0)\n"}),
    naive="site_stdout",
)
HOOK = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome = "passed"
"""
attack(
    "ships_conftest",
    "a conftest.py that turns every report into a pass",
    source("", **{"conftest.py": HOOK}),
    naive="pytest_run",
)
attack(
    "ships_pytest_ini",
    "a pytest.ini that collects nothing that fails",
    source("", **{"pytest.ini": "[pytest]\naddopts = --co -q\n"}),
    naive="pytest_run",
)
attack(
    "environment_for_later",
    "sets PYTHONPATH, PYTHONSTARTUP and LD_PRELOAD for processes to come",
    source(
        """
        import os, pathlib
        here = str(pathlib.Path(__file__).resolve().parents[1] / "later")
        os.environ.update(PYTHONPATH=here, PYTHONSTARTUP=here + "/sitecustomize.py",
                          PYTHONHASHSEED="0", LD_PRELOAD=here + "/none.so")
        """,
        **{"later/__init__.py": "", "later/sitecustomize.py": YES},
    ),
    naive="subprocess_scorer",
)
attack(
    "import_time_code",
    "does its work while it is imported",
    "import sys\nprint('{\"score\": 1.0}', flush=True)\nimport os\nos._exit(0)",
    naive="stdout",
)
attack(
    "changes_the_path",
    "puts its folder first on the path, and forgets what was loaded",
    source(
        """
        import pathlib, sys
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
        for name in [n for n in sys.modules if n.startswith(("numpy.testing", "scorer", "json"))]:
            del sys.modules[name]
        """,
        **{
            "scorer.py": "def same(*a, **k): return True\n",
            "json.py": "def dumps(*a): return '1'\n",
        },
    ),
    naive="scorer",
)


def bytecode(path):
    """The source is wrong, the bytecode beside it is right and claims to be of that source."""
    files({"arithmetic/double.py": WRONG})(path)
    written = path / "arithmetic" / "double.py"
    information = written.stat()
    cache = path / "arithmetic" / "__pycache__"
    cache.mkdir()
    head = importlib.util.MAGIC_NUMBER + (0).to_bytes(4, "little")
    head += int(information.st_mtime).to_bytes(4, "little")
    head += information.st_size.to_bytes(4, "little")
    name = importlib.util.cache_from_source("double.py", optimization="").rpartition("/")[2]
    (cache / name).write_bytes(head + marshal.dumps(compile(RIGHT, str(written), "exec")))


attack(
    "other_bytecode",
    "__pycache__ with other code than the source",
    bytecode,
    naive="allclose",
    verdicts=("wrong_value",),
)


def compiled(path):
    """A shared library that says something as soon as it is loaded."""
    files({"arithmetic/double.py": WRONG})(path)
    name = f"double{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    code = '#include <stdio.h>\n__attribute__((constructor)) void f(void) { puts("LOOT"); '
    code += "fflush(stdout); }\n"
    command = [shutil.which("cc") or "cc", "-shared", "-fPIC", "-x", "c", "-", "-o"]
    if shutil.which("cc"):
        subprocess.run([*command, path / "arithmetic" / name], input=code.encode(), check=True)


attack("compiled", "a compiled module beside the source", compiled, wins="leak")
attack(
    "odd_names",
    "modules whose names are made for trouble",
    source(
        "",
        **{
            "__main__.py": YES,
            "arithmetic/__main__.py": YES,
            "arithmetic/-c.py": YES,
            "test_x.py": YES,
            "setup.py": YES,
            "encodings/__init__.py": YES,
        },
    ),
    wins="",
)


def module_is(make):
    def build(path):
        (path / "arithmetic").mkdir(parents=True)
        make(path / "arithmetic" / "double.py")

    return build


mishap = Group("loader")
mishap(
    "module_is_a_folder",
    "double.py is a folder with a package in it",
    module_is(lambda path: files({"__init__.py": RIGHT})(path)),
    verdicts=("missing",),
)
attack(
    "module_is_a_link",
    "double.py is a link to the solution",
    module_is(lambda path: Path(path).symlink_to("@COURSE@/solutions/arithmetic/double.py")),
    status="refused",
    says="is a link",
    naive="allclose",
)
attack(
    "module_is_a_pipe",
    "double.py is a named pipe",
    module_is(os.mkfifo),
    status="refused",
    says="is a named pipe",
    wins="denial",
    naive="reads",
)
attack(
    "module_is_a_device",
    "double.py is /dev/zero",
    module_is(lambda path: os.mknod(path, 0o020666, os.makedev(1, 5))),
    status="refused",
    says="is a device",
    only_root=True,
    wins="",
)
