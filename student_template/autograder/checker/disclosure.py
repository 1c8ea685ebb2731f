"""What a student may read of a hidden check: nothing in it was chosen by the code that ran.

An exception's message, a class's name, a dict's keys, a shape or an exit code can each carry the
arguments of a hidden check back to whoever wrote the code. Instructors read them; students read
what is made here, out of words that the kit knows.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable

from autograder.checker.outcome import ImplementationMissing, ImplementationStopped, Unsupported

MOST_AXES, MOST_SIZE = 4, 99  # of a wrong shape that is told
NUMPY_ERRORS = ("LinAlgError", "AxisError", "UFuncTypeError", "_UFuncNoLoopError")
TYPES = (
    "matrix",
    "MaskedArray",
    "memmap",
    "recarray",
    "set",
    "range",
    "generator",
    "function",
    "map",
)
RESULTS = ("ndarray", "None", "NoneType", "list", "dict", "tuple", "int", "float", "bool", "str")


def exception(kinds: Iterable[str], own: frozenset[str] = frozenset()) -> str:
    """The name of the most derived class that Python, NumPy or the submission's source defines."""
    for kind in kinds:
        found = getattr(builtins, kind, None)
        known = isinstance(found, type) and issubclass(found, BaseException)
        if known or kind in NUMPY_ERRORS or kind in own:
            return kind
    return "an exception"


def death(stopped: ImplementationStopped) -> str:
    """How a process ended, without the exit code and the words that it chose."""
    return re.sub(r" \(exit code -?\d+\)|: .*", "", stopped.message, flags=re.DOTALL)


def missing(error: ImplementationMissing) -> str:
    """That a function is not there."""
    return f"{error.function} was not found"


def structure(message: str) -> str:
    """That a result is not built as the contract says, with its type where that is a plain one."""
    match = re.fullmatch(r"(\w+) returned (.+); (expected \d{1,2} values)", message, re.DOTALL)
    if not match:
        return "a result is not built as the docstring says"
    function, got, expected = match.groups()
    bare = re.sub(r"^(an? )", "", got)
    plain = bare in RESULTS or re.fullmatch(r"a tuple of \d{1,2}", got)
    return f"{function} returned {got if plain else 'something else'}; {expected}"


def shape(sizes: tuple[int, ...]) -> str:
    """A wrong shape, where it is one that work could have by mistake; else "another shape"."""
    if len(sizes) > MOST_AXES or any(size > MOST_SIZE for size in sizes):
        return "another shape"
    return f"shape {sizes}"


def type_name(value: Unsupported) -> str:
    """A type that is no plain data, where it is one of Python's or NumPy's."""
    bare = value.type_name.rpartition(".")[2]
    return bare if bare in TYPES else "something else"
