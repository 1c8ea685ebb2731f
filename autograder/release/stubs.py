"""Stubs: a solution's file with the bodies of some functions taken out.

Signature, docstring and leading guards stay. Helpers, constants and imports that only the removed
code used go with it, so that nothing of the solution is left. The solution bears no markers.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping

import libcst as cst
from libcst.helpers import get_full_name_for_node

from autograder.errors import KitError


def make_stub(source: str, messages: Mapping[str, str], where: str = "the solution") -> str:
    """The source with each function in `messages` replaced by a stub that raises its message.

    KitError if one of the functions is not there at the top level.
    """
    module = cst.parse_module(source)
    there = {node.name.value for node in module.body if isinstance(node, cst.FunctionDef)}
    if missing := sorted(messages.keys() - there):
        raise KitError(f"{where} has no function {', '.join(missing)}, which the manifest stubs.")
    body = [
        _stub(node, messages[node.name.value])
        if isinstance(node, cst.FunctionDef) and node.name.value in messages
        else node
        for node in module.body
    ]
    kept = [node for node in body if not _is_private(node)]
    kept_ids = {id(node) for node in kept}
    private = [node for node in body if id(node) not in kept_ids]
    while True:
        used = _names_used(kept)
        wanted = [node for node in private if _defines(node) & used]
        if not wanted:
            break
        kept += wanted
        private = [node for node in private if not any(node is other for other in wanted)]
    kept_ids = {id(node) for node in kept}
    used = _names_used([node for node in kept if not _is_import(node)])
    ordered = [
        trimmed
        for node in body
        if id(node) in kept_ids and (trimmed := _without_unused_imports(node, used)) is not None
    ]
    return module.with_changes(body=ordered).code.rstrip("\n") + "\n"


def _stub(node: cst.FunctionDef, message: str) -> cst.FunctionDef:
    """The function with its docstring and leading guards, and then the exception."""
    if not isinstance(node.body, cst.IndentedBlock):
        raise KitError(f"{node.name.value}: a function on one line can't be made a stub.")
    kept: list[cst.BaseStatement] = []
    for position, statement in enumerate(node.body.body):
        docstring = position == 0 and node.get_docstring() is not None
        if not (docstring or _is_guard(statement)):
            break
        kept.append(statement)
    call = cst.Call(cst.Name("NotImplementedError"), [cst.Arg(cst.SimpleString(_quoted(message)))])
    kept.append(cst.SimpleStatementLine([cst.Raise(call)]))
    body = node.body.with_changes(body=kept, footer=())
    return node.with_changes(body=body, decorators=())  # a stub needs no caching


def _quoted(message: str) -> str:
    return '"' + message.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_guard(statement: cst.BaseStatement) -> bool:
    """`if …: raise …` (and nothing else), or a call of a helper named `_check_…`."""
    if isinstance(statement, cst.If):
        block = statement.body
        only = block.body[0] if len(block.body) == 1 else None
        return (
            statement.orelse is None
            and isinstance(only, cst.SimpleStatementLine)
            and len(only.body) == 1
            and isinstance(only.body[0], cst.Raise)
        )
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        expression = statement.body[0]
        call = expression.value if isinstance(expression, cst.Expr) else None
        return (
            isinstance(call, cst.Call)
            and isinstance(call.func, cst.Name)
            and call.func.value.startswith("_check_")
        )
    return False


def _is_private(node: cst.CSTNode) -> bool:
    """Whether this is a helper or a constant whose name begins with an underscore."""
    names = _defines(node)
    return bool(names) and all(name.startswith("_") and name != "__all__" for name in names)


def _defines(node: cst.CSTNode) -> set[str]:
    """The names that a top-level statement defines (imports aside)."""
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        return {node.name.value}
    if isinstance(node, cst.SimpleStatementLine):
        names: set[str] = set()
        for small in node.body:
            targets: Collection[cst.BaseExpression] = ()
            if isinstance(small, cst.Assign):
                targets = [target.target for target in small.targets]
            elif isinstance(small, cst.AnnAssign):
                targets = [small.target]
            names |= {target.value for target in targets if isinstance(target, cst.Name)}
        return names
    return set()


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:  # noqa: N802  (libcst finds it by this name)
        self.found.add(node.value)


def _names_used(nodes: Collection[cst.CSTNode]) -> set[str]:
    visitor = _Names()
    for node in nodes:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            for child in node.children:
                if child is not node.name:
                    child.visit(visitor)
        elif isinstance(node, cst.SimpleStatementLine) and _defines(node):
            for small in node.body:
                if isinstance(small, cst.Assign | cst.AnnAssign) and small.value is not None:
                    small.value.visit(visitor)
        else:
            node.visit(visitor)
    return visitor.found


def _is_import(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleStatementLine) and isinstance(
        node.body[0], cst.Import | cst.ImportFrom
    )


KEPT_IMPORTS = ("__future__", "numpy")  # and those of the course's own package


def _without_unused_imports(
    node: cst.SimpleStatementLine | cst.BaseCompoundStatement, used: set[str]
) -> cst.SimpleStatementLine | cst.BaseCompoundStatement | None:
    """Drop a standard library import that only the removed code needed."""
    if not isinstance(node, cst.SimpleStatementLine) or not _is_import(node):
        return node
    statement = node.body[0]
    if isinstance(statement, cst.ImportFrom):
        root = get_full_name_for_node(statement.module) if statement.module else "."
        names = () if isinstance(statement.names, cst.ImportStar) else statement.names
    elif isinstance(statement, cst.Import):
        root = get_full_name_for_node(statement.names[0].name)
        names = statement.names
    else:
        return node
    top = (root or "").split(".")[0]
    if top in KEPT_IMPORTS or top not in sys.stdlib_module_names:
        return node
    bound = {
        get_full_name_for_node(alias.asname.name if alias.asname else alias.name) for alias in names
    }
    return node if {str(name).split(".")[0] for name in bound} & used else None
