"""A check is a probe: a function from an implementation and inputs to named arrays."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.checker.draw import Draw
from autograder.checker.implementation import Implementation
from autograder.checker.outcome import ImplementationRaised

Probe = Callable[[Implementation, Draw], dict[str, Any]]

KINDS = ("value", "dtype", "edge", "property", "error", "learning", "cost")
GATED = ("edge", "property", "error", "cost")  # count only where a value check of it passes


@dataclass(frozen=True)
class Check:
    """One check. It holds no expected value: the judge runs it on the reference for that."""

    name: str
    of: str
    kind: str
    weight: float
    rtol: float | None
    scale: float
    title: str
    probe: Probe = field(repr=False)

    @property
    def gated(self) -> bool:
        """Whether it counts only where a value check of the same function passes."""
        return self.kind in GATED

    @functools.cached_property
    def source_digest(self) -> str:
        """Changes with the probe's source: what was recorded of another one is stale."""
        return hashlib.sha256(inspect.getsource(self.probe).encode()).hexdigest()


def check(
    of: str,
    *,
    kind: str = "value",
    weight: float = 1.0,
    rtol: float | None = None,
    scale: float = 1.0,
) -> Callable[[Probe], Check]:
    """Declare a check of the function `of`.

    kind: "value", "dtype" (types of results compared too), or one of those whose right answer may
    be trivial and that count only where a value check passes: "edge", "property", "error"; or
    "learning": it trains a model, for seconds, up to a bound that names no slip and no mutant; or
    "cost": a backward's input is so large that a gradient computed by differences takes far more
    work than any derived one, and then earns next to nothing.
    weight: its share among the function's checks, > 0. rtol: relative tolerance, by default by
    dtype. scale: added to max|expected| before rtol is applied (1 for gradients that vanish).
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} of a check of {of}; expected one of {', '.join(KINDS)}")
    if not weight > 0:
        raise ValueError(f"weight={weight} of a check of {of}; expected a number above 0")

    def declare(probe: Probe) -> Check:
        title = (inspect.getdoc(probe) or "").split("\n")[0].rstrip(".")
        if not title:
            raise ValueError(
                f"check {probe.__name__} has no docstring: students read its first line"
            )
        return Check(probe.__name__, of, kind, weight, rtol, scale, title, probe)

    return declare


def error_of(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The class name of the exception that a call raises, or "no error".

    ValueError stands for its subclasses too. A stub's NotImplementedError is passed on.
    """
    try:
        function(*args, **kwargs)
    except ImplementationRaised as error:
        if error.not_implemented:
            raise
        return "ValueError" if "ValueError" in error.kinds else error.kinds[0]
    return "no error"


def load_file(path: Path) -> ModuleType:
    """Run a trusted content file of the course; sys.modules does not learn of it."""
    spec = importlib.util.spec_from_file_location(f"course_content_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_checks(path: Path) -> tuple[Check, ...]:
    """The checks that a file declares, in order. ValueError where a name occurs twice."""
    found = [value for value in vars(load_file(path)).values() if isinstance(value, Check)]
    names = [item.name for item in found]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path}: two checks of one name: {', '.join(doubled)}")
    return tuple(found)
