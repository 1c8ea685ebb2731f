"""A student's folder: the package, the assignments handed out so far, and past solutions."""

from __future__ import annotations

import ast
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from autograder.checker.declare import Check, load_checks
from autograder.checker.implementation import PackageImplementation
from autograder.student.record import FILE_NAME, Exercise, Record

SOLUTIONS = "released_solutions"


@dataclass(frozen=True)
class Assignment:
    """One assignment that has been handed out."""

    record: Record
    checks: tuple[Check, ...]
    folder: Path

    @property
    def name(self) -> str:
        """Its full name, such as "03_layernorm"."""
        return self.record.assignment

    @property
    def number(self) -> str:
        """The part of the name that a student types."""
        return self.name.split("_")[0]

    def exercise(self, function: str) -> Exercise | None:
        """The exercise that a function is, if it is one."""
        return next((item for item in self.record.exercises if item.name == function), None)


class Workspace:
    """The folder that holds check.py, assignments/ and the student's package."""

    def __init__(self, root: Path) -> None:
        self.root = root
        folders = sorted(path.parent for path in (root / "assignments").glob(f"*/{FILE_NAME}"))
        self.assignments = tuple(
            Assignment(Record.load(folder), load_checks(folder / "test_public.py"), folder)
            for folder in folders
        )

    def assignment(self, name: str) -> Assignment | None:
        """Find an assignment by number ("03", "3"), name ("layernorm") or both."""
        wanted = name.strip().rstrip("/").split("/")[-1]
        for item in self.assignments:
            bare = item.name.partition("_")[2]
            if wanted in (item.name, item.number, item.number.lstrip("0"), bare):
                return item
        return None

    def implementation(
        self, assignment: Assignment, released: frozenset[str] = frozenset()
    ) -> PackageImplementation:
        """The student's package; modules in `released` come from the solutions handed out."""
        package = assignment.record.contract.package
        importer = PackageImporter(self.root, package, released)
        return PackageImplementation(assignment.record.contract, importer.load)

    def released_modules(self, before: Assignment) -> dict[str, frozenset[str]]:
        """Modules of past assignments whose solution has been handed out, by assignment."""
        folder = self.root / SOLUTIONS / before.record.contract.package
        there = {path.stem for path in folder.glob("*.py")}
        return {
            item.name: frozenset(exercise.module for exercise in item.record.exercises) & there
            for item in self.assignments
            if item.name < before.name
        }

    def line_of(self, package: str, exercise: Exercise) -> tuple[str, int]:
        """File and line where an exercise is written (line 1 where it can't be found)."""
        path = self.root / package / f"{exercise.module}.py"
        try:
            body = ast.parse(path.read_bytes()).body
        except (OSError, SyntaxError, ValueError):
            body = []
        for node in reversed(body):  # the last definition is the one that counts
            if isinstance(node, ast.FunctionDef) and node.name == exercise.name:
                return f"{package}/{path.name}", node.lineno
        return f"{package}/{path.name}", 1


class PackageImporter:
    """Imports the student's package afresh, so that one process can do it more than once."""

    def __init__(self, root: Path, package: str, released: frozenset[str]) -> None:
        self.root, self.package, self.released = root, package, released
        self._failed: dict[str, BaseException] = {}
        for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
            del sys.modules[name]
        sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, ReleasedFinder)]
        if released:
            sys.meta_path.insert(0, ReleasedFinder(root / SOLUTIONS, package, released))
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        importlib.invalidate_caches()

    def load(self, module: str) -> ModuleType:
        """Import one module of the package; the same error again if it failed before."""
        if module in self._failed:
            raise self._failed[module]
        try:
            return importlib.import_module(f"{self.package}.{module}")
        except BaseException as error:
            self._failed[module] = error
            raise


class ReleasedFinder:
    """Finds some of the package's modules among the solutions handed out."""

    def __init__(self, solutions: Path, package: str, modules: frozenset[str]) -> None:
        self.paths = {f"{package}.{m}": solutions / package / f"{m}.py" for m in modules}

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The import system's question: where is this module?"""
        del path, target
        if name not in self.paths:
            return None
        return importlib.util.spec_from_file_location(name, self.paths[name])
