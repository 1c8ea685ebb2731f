"""Known misconceptions: what a slip would answer, laid over the reference."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.checker.contract import OPAQUE, Function
from autograder.checker.declare import load_file
from autograder.checker.implementation import LocalImplementation


@dataclass(frozen=True)
class Misconception:
    """One known slip: a variant of the function `of`, and the sentence that the student reads.

    `see` is the handout's section ("handout.md#anchor"). Slips of one `family` give the same
    output on every sensible input. `replaces` holds further functions that must change with it.
    `easier_backward`: the slipped forward's backward is simpler than the one that is asked for.
    `alone`: it is believed only where it explains all that is wrong, never a part.
    `of_many`: so many are tried that some fit what tells little.
    """

    name: str
    of: str
    see: str
    family: str
    text: str
    function: Callable[..., Any] = field(repr=False)
    replaces: Mapping[str, Callable[..., Any]] = field(repr=False, default_factory=dict)
    cache: Callable[..., Any] | None = field(repr=False, default=None)
    easier_backward: bool = False
    alone: bool = False
    of_many: bool = False

    @property
    def anchor(self) -> str:
        """The handout's anchor."""
        return self.see.partition("#")[2]


def misconception(
    of: str,
    *,
    see: str,
    family: str = "",
    replaces: Mapping[str, Callable[..., Any]] | None = None,
    cache: Callable[..., Any] | None = None,
    easier_backward: bool = False,
) -> Callable[[Callable[..., Any]], Misconception]:
    """Declare a known slip in the function `of`.

    A wrong forward takes the forward's arguments and returns y; a wrong backward takes dy and the
    forward's arguments and returns the gradients; any other function takes and returns what the
    contract says. Leading parameters named `right` (the reference's answer) and `reference` (a
    namespace of all reference functions) are filled in. `cache` gives what a slipped forward leaves
    for the reference's backward, so that a right backward on top of it is known as right.
    `easier_backward` says that what the slip leaves out is what makes the backward worth its
    points: a backward that is right for the slipped forward then earns nothing.
    """

    def declare(function: Callable[..., Any]) -> Misconception:
        text = " ".join((inspect.getdoc(function) or "").split())
        if not text:
            raise ValueError(
                f"misconception {function.__name__} has no docstring: students read it"
            )
        return Misconception(
            function.__name__,
            of,
            see,
            family or function.__name__,
            text,
            function,
            replaces or {},
            cache,
            easier_backward,
        )

    return declare


def easier(*slips: Misconception) -> tuple[Misconception, ...]:
    """The same slips, said to make their backwards easier: for those that a factory declares."""
    return tuple(replace(slip, easier_backward=True) for slip in slips)


def load_misconceptions(path: Path) -> tuple[Misconception, ...]:
    """The misconceptions that a file declares, in order."""
    found = [value for value in vars(load_file(path)).values() if isinstance(value, Misconception)]
    names = [item.name for item in found]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path}: two misconceptions of one name: {', '.join(doubled)}")
    return tuple(found)


def overlay(
    slip: Misconception, reference: LocalImplementation, *, carried: bool = False
) -> LocalImplementation:
    """The reference with one slip in it.

    carried: a slipped forward hands its own cache to the right backward (where the slip says what
    that is), instead of the right one.
    """
    functions = reference.contract.functions
    if slip.of not in functions:
        raise ValueError(f"misconception {slip.name} is of {slip.of}, which the package hasn't got")
    of = functions[slip.of]
    namespace = dict(reference.namespace) | dict(slip.replaces)
    forward = of.partner if of.name.endswith("_backward") else ""
    if forward in functions:
        namespace |= _wrong_backward(slip, of, functions[forward], reference)
    elif OPAQUE in of.returns and of.partner in functions:
        namespace[of.name] = _wrong_forward(slip, of, reference, carried=carried)
    else:
        namespace[of.name] = _wrong_function(slip, of, reference)
    return LocalImplementation(reference.contract, namespace)


def _wrong_function(
    slip: Misconception, of: Function, reference: LocalImplementation
) -> Callable[..., Any]:
    """A function that has no cache: the variant stands in its place."""
    wrong = _filled_in(
        slip, reference, lambda *args, **kwargs: _call(reference, of.name, args, kwargs)
    )

    def function(*args: Any, **kwargs: Any) -> Any:
        return wrong(args, kwargs)

    return function


def _wrong_forward(
    slip: Misconception, of: Function, reference: LocalImplementation, *, carried: bool
) -> Callable[..., Any]:
    """A forward: the variant's y with the reference's cache, so that its backward is right."""
    wrong = _filled_in(
        slip, reference, lambda *args, **kwargs: _call(reference, of.name, args, kwargs)[0]
    )

    def function(*args: Any, **kwargs: Any) -> Any:
        if carried and slip.cache is not None:
            return wrong(args, kwargs), slip.cache(*args, **kwargs)
        _, cache = _call(reference, of.name, *_drawing_alike(args, kwargs))
        return wrong(args, kwargs), cache

    return function


def _drawing_alike(
    args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The same arguments, generators as copies: who is given the others draws the same numbers."""

    def copied(value: Any) -> Any:
        return copy.deepcopy(value) if isinstance(value, np.random.Generator) else value

    return [copied(arg) for arg in args], {name: copied(arg) for name, arg in kwargs.items()}


def _wrong_backward(
    slip: Misconception, of: Function, forward: Function, reference: LocalImplementation
) -> dict[str, Callable[..., Any]]:
    """A backward: the forward keeps its arguments as the cache for the variant to see."""

    def right(dy: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = copy.deepcopy((args, kwargs))
        _, cache = _call(reference, forward.name, args, kwargs)
        return _call(reference, of.name, (dy, cache), {})

    wrong = _filled_in(slip, reference, right)

    def keep_arguments(*args: Any, **kwargs: Any) -> Any:
        kept = copy.deepcopy((args, kwargs))  # a generator as it was before it drew
        y, _ = _call(reference, forward.name, args, kwargs)
        return y, kept

    def backward(dy: Any, cache: Any) -> Any:
        args, kwargs = copy.deepcopy(cache)
        return wrong((dy, *args), kwargs)

    return {forward.name: keep_arguments, of.name: backward}


def _call(reference: LocalImplementation, name: str, args: Any, kwargs: Any) -> Any:
    return reference.namespace[name](*args, **kwargs)


def _filled_in(
    slip: Misconception, reference: LocalImplementation, right: Callable[..., Any]
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """The variant, with `right` and `reference` put in front where it asks for them."""
    wanted = []
    for name in inspect.signature(slip.function).parameters:
        if name not in ("right", "reference"):
            break
        wanted.append(name)
    namespace = SimpleNamespace(**reference.namespace)

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        extra = [right(*args, **kwargs) if name == "right" else namespace for name in wanted]
        return slip.function(*extra, *args, **kwargs)

    return call
