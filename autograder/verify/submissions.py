"""What verify grades: cheap answers, slips laid over the reference, accepted alternatives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checker.contract import VALUE, Contract, Function
from autograder.checker.implementation import LocalImplementation
from autograder.course.course import Assignment, Course
from autograder.release.template import stub_of


def _first(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def _zeros(x: Any) -> Any:
    return np.zeros_like(x) if isinstance(x, np.ndarray) else 0.0


def _ones(x: Any) -> Any:
    return np.ones_like(x) if isinstance(x, np.ndarray) else 1.0


def _raises(x: Any) -> Any:
    raise ValueError(f"no {type(x).__name__} is ever right")


CHEAP: dict[str, Callable[[Any], Any]] = {
    "return x": _first,
    "zeros": _zeros,
    "ones": _ones,
    "always raise": _raises,
}


def cheap_implementation(
    contract: Contract, names: frozenset[str], answer: Callable[[Any], Any], given: dict[str, Any]
) -> LocalImplementation:
    """Every function of an assignment answers with its first argument, zeros, ones, or raises."""
    cheap = {name: _cheap(contract.functions[name], contract, answer) for name in names}
    return LocalImplementation(contract, given | cheap)


def _cheap(
    function: Function, contract: Contract, answer: Callable[[Any], Any]
) -> Callable[..., Any]:
    forward = contract.functions.get(function.partner)
    is_backward = function.name.endswith("_backward") and forward is not None

    def reply(*args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else next(iter(kwargs.values()), None)
        if is_backward:  # shaped as the gradients are: one for each float argument of the forward
            kept, _ = args[1] if len(args) > 1 else ((), {})
            shaped = [_tree(item, answer) for item in kept if _has_floats(item)]
            return tuple(shaped) if len(shaped) > 1 else (shaped or [_tree(first, answer)])[0]
        if function.returns == (VALUE,):
            return _tree(first, answer)
        parts = [
            _tree(first, answer) if role == VALUE else (args, kwargs) for role in function.returns
        ]
        return tuple(parts) if len(parts) > 1 else parts[0]

    return reply


def _has_floats(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_floats, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_floats, value))
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _tree(value: Any, answer: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _tree(item, answer) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(item, answer) for item in value]
    return answer(value)


def write_template(course: Course, assignment: Assignment, folder: Path) -> None:
    """Make a submission of the assignment's stubs on the reference's other files."""
    package = folder / course.package
    package.mkdir(parents=True)
    for path in (course.solutions / course.package).glob("*.py"):
        stubbed = path.name in assignment.files
        text = path.read_text(encoding="utf-8")
        content = stub_of(course, assignment, path.name) if stubbed else text
        (package / path.name).write_text(content, encoding="utf-8")
