"""Functions that equal the published reference but for names, comments and layout."""

from __future__ import annotations

import ast
import builtins
import functools
from pathlib import Path

from autograder.grading.source import FunctionNode, parse

LEAST_NODES = 40  # shorter functions come out the same by chance
KEPT = frozenset(dir(builtins)) | {"np"}


def form(node: FunctionNode, public: frozenset[str], numpy: frozenset[str]) -> str:
    """A function's tree with its own names numbered in the order in which they occur.

    public: names that everybody uses, such as the course's functions. numpy: what the file calls
    NumPy. Docstring, annotations and the leading guards, which stubs have, are left out.
    """
    return _Writer(public, numpy).text([node.args, _own_part(node)])


def _own_part(node: FunctionNode) -> list[ast.stmt]:
    body = list(node.body)
    while body and _is_given(body[0]):
        body.pop(0)
    return body


def _is_given(statement: ast.stmt) -> bool:
    """Whether a stub has this statement: the docstring, or a guard."""
    if isinstance(statement, ast.Expr):
        value = statement.value
        checks = isinstance(value, ast.Call) and "check" in ast.unparse(value.func)
        return checks or isinstance(value, ast.Constant)
    return isinstance(statement, ast.If) and all(
        isinstance(one, ast.Raise) for one in statement.body
    )


class _Writer:
    def __init__(self, public: frozenset[str], numpy: frozenset[str]) -> None:
        self.kept = KEPT | public
        self.numpy = numpy
        self.names: dict[str, str] = {}

    def text(self, value: object) -> str:
        """A tree in brackets."""
        if isinstance(value, list):
            return f"[{','.join(map(self.text, value))}]"
        if isinstance(value, ast.Name):
            return self._name(value.id)
        if isinstance(value, ast.arg):
            return self._name(value.arg)
        if isinstance(value, ast.AnnAssign):
            value = ast.Assign([value.target], value.value or ast.Constant(None))
        if isinstance(value, ast.AST):
            fields = (getattr(value, name, None) for name in value._fields if name != "ctx")
            return f"{type(value).__name__}({','.join(map(self.text, fields))})"
        return repr(value)

    def _name(self, name: str) -> str:
        if name in self.numpy:
            return "np"
        return name if name in self.kept else self.names.setdefault(name, f"n{len(self.names)}")


def numpy_names(tree: ast.Module) -> frozenset[str]:
    """What a file calls NumPy."""
    return frozenset(
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "numpy"
    )


@functools.cache
def telling_forms(path: Path, public: frozenset[str]) -> dict[str, str]:
    """The forms of a reference file's functions whose way of putting it is not the natural one."""
    source = parse(path.name, path.read_bytes())
    if source is None:
        return {}
    numpy = numpy_names(source.tree)
    return {
        name: form(node, public, numpy)
        for name, node in source.functions.items()
        if _is_telling(node)
    }


def _is_telling(node: FunctionNode) -> bool:
    """Products with ones, vecdot, steps in place, private helpers: turns of phrase of our own."""
    body = ast.Module(_own_part(node), [])
    parts = list(ast.walk(body))
    if len(parts) < LEAST_NODES:
        return False
    steps = sum(isinstance(one, ast.AugAssign) for one in parts)
    ours = any(
        (isinstance(one, ast.Attribute) and one.attr == "vecdot")
        or (isinstance(one, ast.BinOp) and isinstance(one.op, ast.MatMult) and _has_ones(one))
        or (isinstance(one, ast.Name) and one.id.startswith("_") and len(one.id) > 2)
        for one in parts
    )
    return ours or steps >= 2


def _has_ones(product: ast.BinOp) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "ones" for one in ast.walk(product))
