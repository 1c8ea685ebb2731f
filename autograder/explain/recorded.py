"""One recorded call of a function, and what each change of its steps makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from autograder.checker.contract import OPAQUE
from autograder.checker.implementation import Call, hand_out
from autograder.checker.nests import leaves
from autograder.checker.outcome import Generator, Opaque
from autograder.explain.change import Variant
from autograder.explain.promising import ATOL, RTOL, Array, Compared, Leaves, Tried, same
from autograder.explain.steps import Steps

MOST_TWINS = 6  # variants that give the same on one call


@dataclass
class Recorded:
    """One call of the function under test, and what each variant makes of it."""

    call: int  # among the calls of the check
    right: Leaves
    before: Mapping[int, dict[str, Any]]
    tried: list[Tried] = field(default_factory=list)
    """The variants that make a difference here."""
    pairing: list[Tried] = field(default_factory=list)
    """Of those that make the same difference, two: enough for pairs."""
    _one: dict[str, tuple[int, Array]] = field(default_factory=dict)

    @cached_property
    def shapes(self) -> dict[str, set[tuple[int, ...]]]:
        """The shapes that each output has, rightly or with some variant."""
        results = [self.right, *(one.leaves for one in self.tried)]
        return {name: {np.shape(leaves[name]) for leaves in results} for name in self.right}

    def giving(self, name: str, value: Any) -> list[int]:
        """The variants (their places in `tried`) that give a value as one of the outputs."""
        right = self.right[name]
        plain = isinstance(right, np.ndarray) and right.dtype == np.float64 and right.size > 0
        if plain and isinstance(value, np.ndarray) and value.shape == right.shape:
            place, numbers = self._number_of_each(name)
            allowed = RTOL * float(np.abs(value).max()) + ATOL
            far = np.abs(numbers - float(value.flat[place])) > allowed  # False where one is NaN
            places = np.flatnonzero(~far).tolist()
        else:
            places = list(range(len(self.tried)))
        return [k for k in places if same(value, self.tried[k].leaves[name])]

    def _number_of_each(self, name: str) -> tuple[int, Array]:
        """A place of an output, and the number that each variant has there; NaN: other shape."""
        if name not in self._one:
            right = self.right[name]
            place = int(np.abs(right).argmax())
            leaves = [one.leaves[name] for one in self.tried]
            alike = (isinstance(a, np.ndarray) and a.shape == right.shape for a in leaves)
            numbers = [a.flat[place] if ok else np.nan for a, ok in zip(leaves, alike, strict=True)]
            self._one[name] = place, np.array(numbers, np.float64)
        return self._one[name]


def tried(
    steps: Steps, calls: Sequence[Call], at: int, variants: Sequence[Variant] | None = None
) -> Recorded | None:
    """Run a call's steps, then each of their variants. None where the steps can't take it."""
    arguments = arguments_of(calls, at)
    if arguments is None:
        return None
    try:
        with np.errstate(all="ignore"):
            bound = steps.signature.bind(*arguments[0], **arguments[1])
            bound.apply_defaults()
            before = steps.program.trace(_fresh(bound.arguments))
        if any(isinstance(value, Generator) for value in bound.arguments.values()):
            start = {**steps.program.names, **bound.arguments}  # each run draws from the start
            before = dict.fromkeys(before, start)
    except Exception:
        return None
    right = attempt(steps, before, {}, 0)
    if right is None:
        return None
    recorded, compared = Recorded(at, right, before), Compared(right)
    seen: Counter[Hashable] = Counter()
    for variant in steps.variants if variants is None else variants:
        if variant.default is not None:
            other = _with_default(steps, before, arguments, variant.default)
            alike = other and other.keys() == right.keys()
            if other and alike and (differing := compared.changed(other)):
                recorded.tried.append(Tried(variant, other, differing))
            continue
        if variant.operation not in before or variant.start not in before:
            continue
        if variant.names and not _of_one_kind(before[variant.operation], *variant.names):
            continue
        uses = variant.change.uses
        if uses and not _usable(before[variant.operation], *uses):
            continue
        changed = steps.code([variant])
        given = changed and attempt(steps, before, changed, variant.start)
        if given and given.keys() == right.keys() and (differing := compared.changed(given)):
            look = tuple((name, glimpse(given[name])) for name in sorted(differing))
            one = Tried(variant, given, differing)
            if seen[look] < MOST_TWINS:  # the same here, but perhaps not elsewhere
                recorded.tried.append(one)
            if seen[look] < 2:
                recorded.pairing.append(one)
            seen[look] += 1
    return recorded


def _with_default(
    steps: Steps,
    before: Mapping[int, dict[str, Any]],
    arguments: tuple[tuple[Any, ...], dict[str, Any]],
    default: tuple[str, Any],
) -> Leaves | None:
    """What comes of another default, where the call leaves that argument out."""
    given = steps.signature.bind(*arguments[0], **arguments[1]).arguments
    name, value = default
    return None if name in given else attempt(steps, {0: before[0] | {name: value}}, {}, 0)


def glimpse(value: Any) -> Hashable:
    """What two equal outputs have in common, and hardly any others: cheap, for a first look."""
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind == "f":
        with np.errstate(all="ignore"):
            seen = value.flat[0], value.sum(), value.ravel() @ _places(value.size)
            return value.shape, *(f"{float(number):.8g}" for number in seen)
    return str(value)


@lru_cache(maxsize=64)
def _places(size: int) -> Array:
    """Weights that tell numbers in another order apart."""
    return np.arange(1.0, size + 1)


def attempt(
    steps: Steps, before: Mapping[int, dict[str, Any]], changed: Mapping[int, Any], start: int
) -> Leaves | None:
    """What changed steps give; None where they can't be computed."""
    try:
        with np.errstate(all="ignore"):
            env = before[start]
            if isinstance(env.get("rng"), Generator):
                env, start = _fresh(env), 0
            result = steps.program.run(env, start, changed)
        return leaves_of(_data(steps, steps.typed(result, env)))
    except Exception:
        return None


def _data(steps: Steps, result: Any) -> Any:
    """A result without its cache or state."""
    returns = steps.returns
    if type(result) is tuple and len(result) == len(returns) and OPAQUE in returns:
        pairs = zip(result, returns, strict=True)
        return tuple(Opaque(part) if role == OPAQUE else part for part, role in pairs)
    return result


def _fresh(env: Mapping[str, Any]) -> dict[str, Any]:
    """The same values; generators anew, so that each run draws the same numbers."""
    return {
        name: hand_out(value) if isinstance(value, Generator) else value
        for name, value in env.items()
    }


def _usable(env: Mapping[str, Any], name: str, kind: str) -> bool:
    """Whether a name holds what a change needs: a number other than 0 and 1, or an array."""
    value = env.get(name)
    if kind == "number":
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        return number and value not in (0, 1)
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _of_one_kind(env: Mapping[str, Any], one: str, other: str) -> bool:
    if one not in env or other not in env:
        return True  # of a loop, whose names come later
    first, second = env[one], env[other]
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return first.ndim == second.ndim
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys()
    numbers = (int, float)
    return type(first) is type(second) or (
        isinstance(first, numbers) and isinstance(second, numbers)
    )


def leaves_of(value: Any) -> Leaves:
    """All data in a call's result by path; caches are left out."""
    found = leaves("", value)
    return {name or "[0]": item for name, item in found if not isinstance(item, Opaque)}


def arguments_of(calls: Sequence[Call], at: int) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """What a step function takes: a cache is exchanged for the arguments of its forward."""
    call = calls[at]
    if not call.function.name.endswith("_backward"):
        return tuple(map(_opened, call.args)), {k: _opened(v) for k, v in call.kwargs.items()}
    positional = [*call.args, *call.kwargs.values()]
    if len(positional) < 2:
        return tuple(positional), {}
    dy, cache = positional[:2]
    for other in calls[:at]:
        parts = other.result.value if type(other.result.value) is tuple else (other.result.value,)
        if any(part is cache for part in parts) and isinstance(cache, Opaque):
            return (dy, *other.args), dict(other.kwargs)
    return tuple(map(_opened, positional)), {}


def _opened(value: Any) -> Any:
    """The reference's own state as it is; anything else as the probe has it."""
    return value.value if isinstance(value, Opaque) else value
