"""What is judged: the reference with a case's code appended to the file of its functions."""

from __future__ import annotations

import atexit
import compileall
import functools
import shutil
import tempfile
from pathlib import Path

from autograder.checker.implementation import LocalImplementation
from autograder.course.course import Assignment, Course
from autograder.course.reference import load_package
from tests.explained.cases.case import Case


def subject(course: Course, assignment: Assignment, case: Case) -> LocalImplementation:
    """The package with a case's wrong functions in it, imported into this process."""
    with tempfile.TemporaryDirectory(prefix="autograder-case-") as folder:
        write_case(course, assignment, case, Path(folder))
        return load_package(course.contract, Path(folder))


def write_case(course: Course, assignment: Assignment, case: Case, folder: Path) -> None:
    """Make a submission of it: a folder that holds the package, compiled but for one file."""
    package = folder / course.package
    shutil.copytree(compiled(course.solutions / course.package), package)
    (name,) = {f"{course.contract.functions[name].module}.py" for name in case.functions}
    if name not in assignment.files:
        raise ValueError(f"{case.name}: {name} is no file of {assignment.name}")
    with (package / name).open("a", encoding="utf-8") as file:
        file.write(f"\n\n{case.code}")  # longer than what was compiled of it


@functools.cache
def compiled(package: Path) -> Path:
    """A copy of a package with what Python makes of it: hundreds of cases import it anew."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-compiled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = folder / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(copy, quiet=2)
    return copy
