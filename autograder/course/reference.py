"""The reference solution, imported on the trusted side: it is the course's own code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from autograder.checker.contract import Contract
from autograder.checker.implementation import LocalImplementation
from autograder.course.course import Course
from autograder.errors import KitError


def load_reference(course: Course) -> LocalImplementation:
    """The solution as an implementation in this process. KitError if it can't be imported."""
    return load_package(course.contract, course.solutions)


def load_package(contract: Contract, folder: Path) -> LocalImplementation:
    """A trusted folder's package as an implementation in this process."""
    with package_in_place(contract.package, folder):
        modules = import_modules(contract, folder)
    namespace = {
        function.name: getattr(modules[function.module], function.name)
        for function in contract.functions.values()
        if hasattr(modules[function.module], function.name)
    }
    return LocalImplementation(contract, namespace)


def import_modules(contract: Contract, folder: Path) -> dict[str, ModuleType]:
    """The package's modules by their bare names; `package_in_place` must hold."""
    names = sorted({function.module for function in contract.functions.values()})
    try:
        return {name: importlib.import_module(f"{contract.package}.{name}") for name in names}
    except Exception as error:
        raise KitError(f"The package in {folder} can't be imported: {error!r}") from error


@contextmanager
def package_in_place(package: str, folder: Path) -> Iterator[None]:
    """Let `import PACKAGE` find the package in `folder`, and leave no trace of it afterwards."""
    before = _take_out(package)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        _take_out(package)
        sys.modules.update(before)


def _take_out(package: str) -> dict[str, ModuleType]:
    """Remove a package's modules from sys.modules; what was there."""
    names = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
    return {name: sys.modules.pop(name) for name in names}
