"""A tiny course and sandboxes at every level that this machine reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checker.contract import Contract
from autograder.sandbox.outside.levels import LEVELS
from autograder.sandbox.outside.limits import Limits
from autograder.sandbox.outside.remote import Sandbox

REFERENCE = """
def scale(x, factor=2.0):
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}, expected two axes")
    return x * factor, (factor,)


def scale_backward(dy, cache):
    (factor,) = cache
    return dy * factor


def noise(rng, n):
    return rng.normal(size=n)
"""

# `run` executes the text that it is given: every attack of these tests is such a text.
STUDENT = """
def run(code, *args):
    space = {"args": args}
    exec(code, space)
    return space.get("result")


def other(x):
    return x


def keep(x):
    return x, [x]


def keep_backward(dy, cache):
    return dy + cache[0]
"""

LIMITS = Limits(cpu_per_check=0.5, cpu_total=3.0, idle_per_check=0.5, memory_mb=256, file_mb=1)
PATIENT = replace(LIMITS, cpu_per_check=20.0, cpu_total=60.0, idle_per_check=20.0)


def write_package(folder: Path, **files: str) -> Path:
    """A submission: the course's package with these files."""
    package = folder / "tinycourse"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Contract]:
    """The reference's folder and its contract."""
    folder = write_package(tmp_path_factory.mktemp("reference"), scaling=REFERENCE, running=STUDENT)
    return folder, Contract.from_source(folder / "tinycourse")


Making = Callable[..., Sandbox]


@pytest.fixture(scope="session")
def make_sandbox(course: tuple[Path, Contract]) -> Iterator[Making]:
    """A sandbox of a level and of limits, started once."""
    made: dict[tuple[str, Limits], Sandbox] = {}

    def make(level: str, limits: Limits = LIMITS) -> Sandbox:
        key = level, limits
        if key not in made:
            made[key] = Sandbox(
                course[1], limits=limits, at_least="process", at_most=level, reference=course[0]
            )
        reached = made[key].isolation
        if reached.level != level:
            pytest.skip(f"{level} is not reached here: {reached.missing[level]}")
        return made[key]

    yield make
    for sandbox in made.values():
        sandbox.close()


@pytest.fixture(params=list(LEVELS))
def sandbox(request: pytest.FixtureRequest, make_sandbox: Making) -> Sandbox:
    """A sandbox, at each level in turn."""
    return make_sandbox(request.param)


@pytest.fixture(params=list(LEVELS))
def patient(request: pytest.FixtureRequest, make_sandbox: Making) -> Sandbox:
    """One whose time is so ample that, on a busy machine too, another limit is met first."""
    return make_sandbox(request.param, PATIENT)


@pytest.fixture(params=["seccomp", "landlock", "namespaces"])
def strong(request: pytest.FixtureRequest, make_sandbox: Making) -> Sandbox:
    """A sandbox with the system call filter."""
    return make_sandbox(request.param)


@pytest.fixture
def best(make_sandbox: Making) -> Sandbox:
    """The strongest sandbox of this machine."""
    for level in reversed(LEVELS):
        try:
            return make_sandbox(level)
        except pytest.skip.Exception:
            continue
    raise AssertionError("no level is reached")


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A folder that executes what it is told."""
    return write_package(tmp_path / "submission", running=STUDENT)
