"""What a package offers is read off its code, and nothing of it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.checker.contract import Contract

CODE = """
1 / 0

@decorated
def scale(x, /, factor=2, *rest, shift=0, **more):
    local = [shift for shift in rest]
    def inner(y):
        return y
    return inner(x)

def norm(x): ...
def norm_backward(dy, cache): ...
def _own(x): ...
square = lambda x: x * x

class Model:
    def forward(self): ...
"""


def contract(folder: Path, **modules: str) -> Contract:
    package = folder / "course"
    package.mkdir()
    for name, text in modules.items():
        (package / f"{name}.py").write_text(text)
    return Contract.from_source(package)


def test_public_functions_and_their_parameters(tmp_path: Path) -> None:
    functions = contract(tmp_path, one=CODE).functions
    assert list(functions) == ["scale", "norm", "norm_backward"]
    assert {function.module for function in functions.values()} == {"one"}
    assert functions["scale"].parameters == ("x", "factor", "shift")
    assert functions["norm"].returns == ("value", "opaque")
    assert functions["norm_backward"].returns == ("value",)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python's older than 3.12 have no such ones")
def test_functions_with_parameters_of_types(tmp_path: Path) -> None:
    functions = contract(tmp_path, one="def first[T](x: T, y: T) -> T: ...\n").functions
    assert functions["first"].parameters == ("x", "y")


def test_a_name_twice_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"norm is defined in one\.py and two\.py"):
        contract(tmp_path, one="def norm(x): ...\n", two="def norm(y): ...\n")


def test_what_is_no_python_is_told(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError):
        contract(tmp_path, one="def norm(x:\n")
