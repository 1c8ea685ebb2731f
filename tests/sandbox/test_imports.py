"""The untrusted side knows nothing of the rest of the kit: neither by its text nor when it runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograder.sandbox

FOLDER = Path(autograder.sandbox.__file__).parent
ROOMS = ("inside", "jail", "wire")
UNTRUSTED = sorted(
    f"{room}.{path.stem}" for room in ROOMS for path in (FOLDER / room).glob("[a-z]*.py")
)


def test_there_is_something_to_look_at() -> None:
    assert {"inside.worker", "jail.seccomp", "wire.decoder"} <= set(UNTRUSTED)


@pytest.mark.parametrize("name", UNTRUSTED)
def test_imports_stay_inside(name: str) -> None:
    room, module = name.split(".")
    for node in ast.walk(ast.parse((FOLDER / room / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level <= 2
            start = [room] if node.level == 1 else []
            below = (*start, *(node.module or "").split("."))
            names = [part for part in below if part]
            for alias in node.names:
                whole = ".".join(names if len(names) > 1 else [*names, alias.name])
                assert whole in UNTRUSTED
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] in {*sys.stdlib_module_names, "numpy"}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.split(".")[0] in {*sys.stdlib_module_names, "numpy"}


def test_they_run_alone() -> None:
    code = (
        "import importlib, sys, types\n"
        "package = types.ModuleType('kit_sandbox')\n"
        f"package.__path__ = [{str(FOLDER)!r}]\n"
        "sys.modules['kit_sandbox'] = package\n"
        f"for name in {UNTRUSTED!r}: importlib.import_module('kit_sandbox.' + name)\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'autograder'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert done.stdout.strip() == "[]"
