"""The untrusted side knows nothing of the rest of the kit: neither by its text nor when it runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograder.sandbox

FOLDER = Path(autograder.sandbox.__file__).parent
UNTRUSTED = [
    "decoder",
    "encoder",
    "jail",
    "landlock",
    "launch",
    "loading",
    "namespaces",
    "probe",
    "seccomp",
    "served",
    "server",
    "streams",
    "syscalls",
    "wire",
    "worker",
    "zygote",
]


@pytest.mark.parametrize("name", UNTRUSTED)
def test_imports_stay_inside(name: str) -> None:
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = node.module or ""
            names = [module] if module else [alias.name for alias in node.names]
            assert node.level == 1
            assert set(names) <= set(UNTRUSTED)
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
