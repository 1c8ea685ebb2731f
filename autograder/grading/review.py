"""Review notes: what a reader of the code should look at. Trusted, nothing executed, no points."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from autograder.course.course import Assignment, Course
from autograder.documents.results import ReviewNote
from autograder.grading.derivation import Seen, computed_gradients
from autograder.grading.published import form, numpy_names, telling_forms
from autograder.grading.source import Source, parse

MOST_NOTES = 40
LEAST_NUMBERS, LEAST_LETTERS = 16, 400  # of a table, of a text that may hold one
TABLES = (ast.List, ast.Tuple, ast.Set, ast.Dict)
STANDARD = frozenset(sys.stdlib_module_names) | {"numpy"}
WATCHERS = ("inspect", "traceback", "gc", "linecache", "ctypes", "importlib")


def review(
    files: Mapping[str, bytes], course: Course, assignment: Assignment
) -> tuple[ReviewNote, ...]:
    """What is seen in the assignment's files and in helpers beside them, by file and line."""
    notes: list[ReviewNote] = []
    own = {PurePosixPath(name).parts[0].removesuffix(".py") for name in files}
    for name in sorted(_looked_at(files, course, assignment)):
        source = parse(name, files[name])
        if source is None:
            continue
        seen = [*computed_gradients(source), *_tables(source), *_questions(source)]
        seen += _imports(source, own | {course.package})
        notes += [
            ReviewNote(
                one.kind,
                name,
                one.line,
                source.code(one.line),
                one.message,
                source.function_at(one.line),
            )
            for one in seen
        ]
        notes += _published(source, course, assignment)
    notes.sort(key=lambda note: (note.file, note.line, note.kind))
    return tuple(dict.fromkeys(notes))[:MOST_NOTES]


def _looked_at(files: Mapping[str, bytes], course: Course, assignment: Assignment) -> Iterator[str]:
    """Files of this assignment and the student's own helpers: not earlier work, nor given files."""
    known = {f"{function.module}.py" for function in course.contract.functions.values()}
    known |= set(course.given_files) | {"__init__.py"}
    for one in course.every:
        known |= set(one.files)
    for name in files:
        path = PurePosixPath(name)
        if path.suffix == ".py" and (path.name in assignment.files or path.name not in known):
            yield name


def _tables(source: Source) -> Iterator[Seen]:
    """Literal numbers that answers could be looked up in, or texts that hold them."""
    texts = {id(one.value) for one in source.nodes if isinstance(one, ast.Expr)}
    inner: set[int] = set()
    for node in source.nodes:
        if isinstance(node, TABLES) and id(node) not in inner:
            if len(node.elts if not isinstance(node, ast.Dict) else node.values) < 2:
                continue
            parts = list(ast.walk(node))
            inner |= {id(part) for part in parts}
            count = sum(
                isinstance(one, ast.Constant) and type(one.value) in (int, float, complex)
                for one in parts
            )
            if count >= LEAST_NUMBERS:
                yield Seen("literal_table", node.lineno, f"a table of {count} literal numbers")
        elif isinstance(node, ast.Constant) and id(node) not in texts:
            size = len(node.value) if isinstance(node.value, (str, bytes)) else 0
            if size >= LEAST_LETTERS:
                text = f"a text of {size} characters, which may hold a table"
                yield Seen("literal_table", node.lineno, text)


def _questions(source: Source) -> Iterator[Seen]:
    """Code that asks which check is running: by a whole shape, by counting calls, by a file."""
    for node in source.nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(_is_shape, sides)) and any(map(_is_literal_shape, sides)):
                text = "a shape is compared with literal sizes"
                yield Seen("which_check", node.lineno, text)
        elif isinstance(node, ast.Subscript) and _is_shape(node.slice):
            yield Seen("which_check", node.lineno, "something is looked up by a whole shape")
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if called == "get" and node.args and _is_shape(node.args[0]):
                yield Seen("which_check", node.lineno, "something is looked up by a whole shape")
            elif isinstance(node.func, ast.Name) and node.func.id in ("open", "__import__", "exec"):
                yield Seen("which_check", node.lineno, f"{node.func.id} is called")
            elif called in ("_getframe", "read_text", "read_bytes"):
                yield Seen("which_check", node.lineno, f"{called} is called")
    yield from _counters(source)


def _counters(source: Source) -> Iterator[Seen]:
    for nodes in source.within.values():
        shared = {name for one in nodes if isinstance(one, ast.Global) for name in one.names}
        for node in nodes:
            if isinstance(node, ast.AugAssign):
                target = node.target
                counted = isinstance(target, ast.Name) and target.id in shared
                owner = target.value if isinstance(target, ast.Attribute) else None
                named = isinstance(owner, ast.Name) and owner.id in source.functions
                if counted or named:
                    yield Seen("which_check", node.lineno, "calls are counted across checks")


def _is_shape(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "shape"
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        return name == "shape" or (
            isinstance(node.func, ast.Name)
            and node.func.id == "tuple"
            and any(map(_is_shape, node.args))
        )
    return False


def _is_literal_shape(node: ast.AST) -> bool:
    if isinstance(node, (ast.Tuple, ast.List)):
        sizes = [one.value for one in node.elts if isinstance(one, ast.Constant)]
        whole = len(sizes) == len(node.elts) and len(sizes) > 1
        nested = bool(node.elts) and all(map(_is_literal_shape, node.elts))
        return (whole and any(type(n) is int and n > 1 for n in sizes)) or nested
    return False


def _imports(source: Source, own: set[str]) -> Iterator[Seen]:
    for node in source.nodes:
        names: list[str] = []
        line = 0
        if isinstance(node, ast.Import):
            names, line = [alias.name for alias in node.names], node.lineno
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names, line = [node.module or ""], node.lineno
        for name in names:
            top = name.partition(".")[0]
            if top in WATCHERS:
                yield Seen("which_check", line, f"{top} is imported")
            elif top not in STANDARD and top not in own:
                text = f"{top} is neither NumPy, nor Python's own, nor handed in"
                yield Seen("import", line, text)


def _published(source: Source, course: Course, assignment: Assignment) -> Iterator[ReviewNote]:
    """Functions asked for that are the reference's word for word, but for names."""
    public = frozenset(course.contract.functions)
    numpy = numpy_names(source.tree)
    asked = {function.name for function in assignment.functions}
    for name, node in source.functions.items():
        function = course.contract.functions.get(name)
        if function is None or name not in asked:
            continue
        path = course.solutions / course.package / f"{function.module}.py"
        wanted = telling_forms(path, public).get(name)
        if wanted is not None and form(node, public, numpy) == wanted:
            text = f"{name} equals the published reference but for names, comments and layout"
            note = ReviewNote("published", source.name, node.lineno, "", text, name)
            yield replace(note, code=source.code(node.lineno))
