"""The trusted side's content of a course: the reference solution and the judge made from it."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from autograder.checker.bank import load_misconceptions
from autograder.checker.contract import Contract
from autograder.checker.declare import load_checks
from autograder.checker.implementation import LocalImplementation
from autograder.checker.judge import Judge
from autograder.course import AssignedFunction, Assignment, Course
from autograder.errors import KitError
from autograder.secret import Secret


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


def load_judge(course: Course, assignment: Assignment, secret: Secret) -> Judge:
    """The judge of an assignment's hidden checks.

    KitError if a function with points has no value check, or a check is of an unknown function.
    """
    try:
        checks = load_checks(assignment.hidden_checks)
        path = assignment.misconceptions
        slips = load_misconceptions(path) if path.is_file() else ()
    except KitError:
        raise
    except Exception as error:
        raise KitError(f"The hidden checks of {assignment.name} can't be read: {error}") from error
    names = {function.name for function in assignment.functions}
    if unknown := sorted({check.of for check in checks} - names - set(assignment.given)):
        raise KitError(
            f"{assignment.hidden_checks} checks {', '.join(unknown)}, which {assignment.manifest} "
            "gives no points: add it there, or remove the check."
        )
    covered = {check.of for check in checks if not check.gated}
    if missing := [
        function.name for function in assignment.functions if function.name not in covered
    ]:
        raise KitError(
            f"{assignment.hidden_checks} has no value check of {', '.join(missing)}: nobody could "
            "earn the points."
        )
    return Judge(
        [check for check in checks if check.of in names],
        load_reference(course),
        slips,
        seed=lambda name: secret.seed(assignment.name, name),
    )


def served_functions(
    course: Course, assignment: Assignment, function: AssignedFunction
) -> frozenset[str]:
    """What a function may take from the reference on its second chance.

    All functions of the modules of earlier assignments, and those of its own assignment that the
    manifest lists as below it; never itself or its other half.
    """
    contract = course.contract
    modules = {Path(name).stem for earlier in course.before(assignment) for name in earlier.files}
    served = {name for name, entry in contract.functions.items() if entry.module in modules}
    return frozenset(served | set(function.below)) - contract.pair(function.name)


def assignment_digest(course: Course, assignment: Assignment) -> str:
    """Changes whenever something changes that a mark depends on."""
    checker = Path(__file__).parent / "checker"
    paths = [
        assignment.manifest,
        assignment.hidden_checks,
        assignment.misconceptions,
        *sorted((course.solutions / course.package).rglob("*.py")),
        *sorted(checker.glob("*.py")),
    ]
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
