"""The reference solution, imported on the trusted side: it is the course's own code."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from autograder.checker.implementation import LocalImplementation
from autograder.course import Course
from autograder.errors import KitError


def load_reference(course: Course) -> LocalImplementation:
    """Import the solution package by its path, without leaving it in sys.modules.

    KitError if a module of it can't be imported.
    """
    modules = import_package(course)
    namespace = {
        function.name: getattr(modules[function.module], function.name)
        for function in course.contract.functions.values()
    }
    return LocalImplementation(course.contract, namespace)


def import_package(course: Course) -> dict[str, ModuleType]:
    """The solution package's modules by their bare names."""
    package = course.package
    before = _take_out(package)
    sys.path.insert(0, str(course.solutions))
    importlib.invalidate_caches()
    try:
        names = sorted({function.module for function in course.contract.functions.values()})
        return {name: importlib.import_module(f"{package}.{name}") for name in names}
    except Exception as error:
        raise KitError(f"The solution in {course.solutions} can't be imported: {error}") from error
    finally:
        sys.path.remove(str(course.solutions))
        _take_out(package)
        sys.modules.update(before)


def _take_out(package: str) -> dict[str, ModuleType]:
    """Remove a package's modules from sys.modules; what was there."""
    names = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
    return {name: sys.modules.pop(name) for name in names}
