"""Compare what a probe gave with what the reference gave: type and shape first, then values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checker.implementation import kind_of
from autograder.checker.outcome import Unsupported, Verdict

RTOL = {8: 1e-9, 4: 1e-4, 2: 2e-2}  # by the item size of the result's dtype


@dataclass(frozen=True)
class Within:
    """A value with a relative tolerance of its own."""

    value: Any
    rtol: float


@dataclass(frozen=True)
class Bound:
    """A number that must reach a bound (from above if `least`, else from below)."""

    value: Any
    bound: float
    least: bool


def within(value: Any, rtol: float) -> Within:
    """A value that is compared with relative tolerance `rtol` (statistics of random draws)."""
    return Within(value, rtol)


def at_least(value: Any, bound: float) -> Bound:
    """A number that must be `bound` or more."""
    return Bound(value, bound, least=True)


def at_most(value: Any, bound: float) -> Bound:
    """A number that must be `bound` or less."""
    return Bound(value, bound, least=False)


@dataclass(frozen=True)
class Difference:
    """One named output that is not what it should be."""

    name: str
    verdict: Verdict
    text: str
    expected: Any = None
    got: Any = None
    allowed: float = 0.0

    @property
    def root(self) -> str:
        """The output's name without its path inside dicts and lists."""
        return self.name.split("[")[0]


@dataclass(frozen=True)
class Rules:
    """How a check's outputs are compared."""

    rtol: float | None = None
    scale: float = 1.0
    dtype: bool = False


class Expected:
    """The reference's outputs of one check, ready to be compared with many others."""

    def __init__(self, outputs: dict[str, Any], rules: Rules) -> None:
        self.outputs = outputs
        self.rules = rules
        leaves = list(_leaves("", outputs))
        self._plain = all(
            type(value) is np.ndarray and value.dtype == np.float64 for _, value in leaves
        )
        self._shapes = [(name, np.shape(value)) for name, value in leaves]
        if self._plain and leaves:
            self._flat = np.concatenate([value.ravel() for _, value in leaves])
            self._allowed = np.concatenate(
                [np.full(value.size, _allowed(value, value, rules)) for _, value in leaves]
            )

    def matches(self, outputs: dict[str, Any]) -> bool:
        """Whether nothing differs. One pass over all arrays where all are float64."""
        if self._plain and outputs.keys() == self.outputs.keys():
            leaves = list(_leaves("", outputs))
            plain = all(type(v) is np.ndarray and v.dtype == np.float64 for _, v in leaves)
            if plain and leaves and [(name, v.shape) for name, v in leaves] == self._shapes:
                flat = np.concatenate([value.ravel() for _, value in leaves])
                with np.errstate(invalid="ignore"):
                    return bool((np.abs(flat - self._flat) <= self._allowed).all())
        return next(iter(self.differences(outputs)), None) is None

    def differences(self, outputs: dict[str, Any]) -> Iterator[Difference]:
        """Every named output that differs, in order."""
        for name, value in self.outputs.items():
            if name not in outputs:
                yield Difference(name, Verdict.BAD_OUTPUT, f"{name} is missing")
            else:
                yield from _differ(name, value, outputs[name], self.rules)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key in value:
            yield from _leaves(f"{name}[{key}]", value[key])
    elif isinstance(value, list | tuple):
        for k, item in enumerate(value):
            yield from _leaves(f"{name}[{k}]", item)
    else:
        yield name, value


def _allowed(expected: Any, got: Any, rules: Rules) -> float:
    """`rtol * (max|expected| + scale)`, rtol by the coarser of the two dtypes."""
    rtol = max(
        RTOL[min(8, item.dtype.itemsize)] for item in (expected, got) if item.dtype.kind == "f"
    )
    rtol = max(rtol, rules.rtol or 0.0)
    largest = float(np.max(np.abs(expected), initial=0.0))
    return rtol * (largest + rules.scale)


def _differ(name: str, expected: Any, got: Any, rules: Rules) -> Iterator[Difference]:
    if isinstance(expected, Within):
        got = got.value if isinstance(got, Within) else got
        yield from _differ(name, expected.value, got, Rules(expected.rtol, 0.0, rules.dtype))
    elif isinstance(expected, Bound):
        yield from _out_of_bound(name, expected, got.value if isinstance(got, Bound) else got)
    elif isinstance(got, Unsupported):
        yield Difference(name, Verdict.WRONG_TYPE, f"{name} is {got}; expected {article(expected)}")
    elif isinstance(expected, dict):
        yield from _dict_differs(name, expected, got, rules)
    elif isinstance(expected, list | tuple):
        yield from _list_differs(name, expected, got, rules)
    elif isinstance(expected, np.ndarray):
        yield from _array_differs(name, expected, got, rules)
    elif isinstance(expected, bool | str | type(None) | np.bool_):
        if type(expected) is not type(got) and not (_is_bool(expected) and _is_bool(got)):
            text = f"{name} is {article(got)}; expected {article(expected)}"
            yield Difference(name, Verdict.WRONG_TYPE, text)
        elif expected != got:
            text = f"{name} is not as expected"
            yield Difference(name, Verdict.WRONG_VALUE, text, expected, got)
    else:
        yield from _number_differs(name, expected, got, rules)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _dict_differs(
    name: str, expected: dict[str, Any], got: Any, rules: Rules
) -> Iterator[Difference]:
    if not isinstance(got, dict):
        text = f"{name} is {article(got)}; expected a dict with {_keys(expected)}"
        yield Difference(name, Verdict.WRONG_TYPE, text)
    elif expected.keys() != got.keys():
        missing, extra = expected.keys() - got.keys(), got.keys() - expected.keys()
        parts = [f"has no {_keys(missing)}"] if missing else []
        parts += [f"has {_keys(extra)} too many"] if extra else []
        yield Difference(name, Verdict.WRONG_TYPE, f"{name} {' and '.join(parts)}")
    else:
        for key in expected:
            yield from _differ(f"{name}[{key}]", expected[key], got[key], rules)


def _keys(keys: Any) -> str:
    return ", ".join(repr(key[:40]) for key in sorted(keys)[:8])


def _list_differs(name: str, expected: Any, got: Any, rules: Rules) -> Iterator[Difference]:
    if not isinstance(got, list | tuple):
        text = f"{name} is {article(got)}; expected a list of {len(expected)}"
        yield Difference(name, Verdict.WRONG_TYPE, text)
    elif len(expected) != len(got):
        text = f"{name} has {len(got)} items; expected {len(expected)}"
        yield Difference(name, Verdict.WRONG_SHAPE, text)
    else:
        for k, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differ(f"{name}[{k}]", one, other, rules)


def _array_differs(
    name: str, expected: NDArray[Any], got: Any, rules: Rules
) -> Iterator[Difference]:
    if type(got) is not np.ndarray:
        text = f"{name} is {article(got)}; expected an array"
        yield Difference(name, Verdict.WRONG_TYPE, text)
    elif not _kinds_fit(expected.dtype, got.dtype) or (rules.dtype and expected.dtype != got.dtype):
        text = f"{name} has dtype {got.dtype}; expected {expected.dtype}"
        yield Difference(name, Verdict.WRONG_TYPE, text)
    elif expected.shape != got.shape:
        text = f"{name} has shape {got.shape}; expected {expected.shape}"
        yield Difference(name, Verdict.WRONG_SHAPE, text, expected, got)
    elif expected.dtype.kind == "f":
        allowed = _allowed(expected, got, rules)
        finite = np.isfinite(got)
        if not finite.all() and np.isfinite(expected).all():
            first = tuple(int(k) for k in np.argwhere(~finite)[0])
            what = "NaN" if np.isnan(got[first]) else "infinite"
            count = int((~finite).sum())
            text = f"{name} is not finite in {count} of {got.size} places: {what} at {list(first)}"
            yield Difference(name, Verdict.NOT_FINITE, text, expected, got, allowed)
        elif wrong := int((np.abs(got.astype(np.float64) - expected) > allowed).sum()):
            text = f"{name} has the right shape {got.shape}; {wrong} of {got.size} values differ"
            yield Difference(name, Verdict.WRONG_VALUE, text, expected, got, allowed)
    elif wrong := int((expected != got).sum()):
        text = f"{name} has the right shape {got.shape}; {wrong} of {got.size} values differ"
        yield Difference(name, Verdict.WRONG_VALUE, text, expected, got)


def _kinds_fit(expected: np.dtype[Any], got: np.dtype[Any]) -> bool:
    return expected.kind == got.kind or (expected.kind in "iu" and got.kind in "iu")


def same_form(expected: Any, got: Any) -> bool:
    """Whether two results have the same nesting, kinds of arrays and shapes."""
    if type(expected) is np.ndarray:
        return (
            type(got) is np.ndarray
            and expected.shape == got.shape
            and _kinds_fit(expected.dtype, got.dtype)
        )
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(same_form(expected[key], got[key]) for key in expected)
        )
    if isinstance(expected, list | tuple):
        return (
            isinstance(got, list | tuple)
            and len(expected) == len(got)
            and all(map(same_form, expected, got))
        )
    return not isinstance(got, np.ndarray | dict | list | tuple | Unsupported)


def _number_differs(name: str, expected: Any, got: Any, rules: Rules) -> Iterator[Difference]:
    number = isinstance(got, int | float | np.integer | np.floating) and not _is_bool(got)
    if not number:
        text = f"{name} is {article(got)}; expected {article(expected)}"
        yield Difference(name, Verdict.WRONG_TYPE, text)
        return
    if isinstance(expected, int | np.integer):
        if expected != got:
            text = f"{name} is not as expected"
            yield Difference(name, Verdict.WRONG_VALUE, text, expected, got)
        return
    one, other = np.asarray(expected), np.asarray(got)
    if rules.dtype and isinstance(expected, np.generic) and one.dtype != other.dtype:
        text = f"{name} has dtype {other.dtype}; expected {one.dtype}"
        yield Difference(name, Verdict.WRONG_TYPE, text)
        return
    allowed = _allowed(one, other, rules)
    if not np.isfinite(other) and np.isfinite(one):
        text = f"{name} is {'NaN' if np.isnan(other) else 'infinite'}"
        yield Difference(name, Verdict.NOT_FINITE, text, one, other, allowed)
    elif not abs(float(other) - float(one)) <= allowed:
        text = f"{name} is not as expected"
        yield Difference(name, Verdict.WRONG_VALUE, text, one, other, allowed)


def _out_of_bound(name: str, expected: Bound, got: Any) -> Iterator[Difference]:
    if not isinstance(got, int | float | np.integer | np.floating):
        text = f"{name} is {article(got)}; expected a number"
        yield Difference(name, Verdict.WRONG_TYPE, text)
    elif not (got >= expected.bound if expected.least else got <= expected.bound):
        side = "at least" if expected.least else "at most"
        text = f"{name} misses its bound: {side} {expected.bound:g}"
        yield Difference(
            name, Verdict.WRONG_VALUE, text, np.asarray(expected.bound), np.asarray(got)
        )


def article(value: Any) -> str:
    """What a value is, in words: `a list`, `an array of shape (2, 3)`."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if value is None:
        return "None"
    if isinstance(value, Unsupported):
        return str(value)
    kind = kind_of(value)
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
