"""Compare what a probe gave with what the reference gave: type and shape first, then values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checker.bounds import Bound, Within
from autograder.checker.disclosure import MOST_SIZE, shape, type_name
from autograder.checker.implementation import kind_of
from autograder.checker.nests import SEQUENCES, flattened, kinds_fit, leaves
from autograder.checker.outcome import Unsupported, Verdict

NUMBERS = (int, float, np.integer, np.floating)
RTOL = {8: 1e-9, 4: 1e-4, 2: 2e-2}  # by the item size of the result's dtype


@dataclass(frozen=True)
class Difference:
    """One named output that is not what it should be."""

    name: str
    verdict: Verdict
    text: str
    expected: Any = None
    got: Any = None
    allowed: float = 0.0
    told: str = ""
    """The text without what the code chose; empty where the text has nothing of it."""

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
        found = [value for _, value in leaves("", outputs)]
        self._plain = bool(found) and all(
            type(value) is np.ndarray and value.dtype == np.float64 for value in found
        )
        if self._plain:
            self._flat = np.concatenate([value.ravel() for value in found])
            self._allowed = np.concatenate(
                [np.full(value.size, _allowed(value, value, rules)) for value in found]
            )

    def matches(self, outputs: dict[str, Any]) -> bool:
        """Whether nothing differs. One pass over all arrays where all are float64."""
        if self._plain:
            found: list[NDArray[Any]] = []
            if flattened(self.outputs, outputs, found):
                return _all_within(np.concatenate(found), self._flat, self._allowed)
        return next(iter(self.differences(outputs)), None) is None

    def differences(self, outputs: dict[str, Any]) -> Iterator[Difference]:
        """Every named output that differs, in order."""
        for name, value in self.outputs.items():
            if name not in outputs:
                yield Difference(name, Verdict.BAD_OUTPUT, f"{name} is missing")
            else:
                yield from _differ(name, value, outputs[name], self.rules)


def _allowed(expected: Any, got: Any, rules: Rules) -> float:
    """`rtol * (max|expected| + scale)`, rtol by the coarser of the two dtypes."""
    rtol = max(
        RTOL[min(8, item.dtype.itemsize)] for item in (expected, got) if item.dtype.kind == "f"
    )
    rtol = max(rtol, rules.rtol or 0.0)
    largest = float(np.maximum.reduce(np.abs(expected), axis=None, initial=0.0))
    return rtol * (largest + rules.scale)


def _all_within(got: NDArray[Any], expected: NDArray[Any], allowed: Any) -> bool:
    """Whether all is as near as allowed; what is not finite is not."""
    with np.errstate(invalid="ignore"):
        return int(np.count_nonzero(np.abs(got - expected) <= allowed)) == got.size


def _differ(name: str, expected: Any, got: Any, rules: Rules) -> Iterator[Difference]:
    if isinstance(expected, Within):
        got = got.value if isinstance(got, Within) else got
        yield from _differ(name, expected.value, got, Rules(expected.rtol, 0.0, rules.dtype))
    elif isinstance(expected, Bound):
        yield from _out_of_bound(name, expected, got.value if isinstance(got, Bound) else got)
    elif isinstance(got, Unsupported):
        yield _wrong_type(name, got, article(expected))
    elif isinstance(expected, dict):
        yield from _dict_differs(name, expected, got, rules)
    elif isinstance(expected, SEQUENCES):
        yield from _list_differs(name, expected, got, rules)
    elif isinstance(expected, np.ndarray):
        yield from _array_differs(name, expected, got, rules)
    elif isinstance(expected, bool | str | type(None) | np.bool_):
        if type(expected) is not type(got) and not (_is_bool(expected) and _is_bool(got)):
            yield _wrong_type(name, got, article(expected))
        elif expected != got:
            text = f"{name} is not as expected"
            yield Difference(name, Verdict.WRONG_VALUE, text, expected, got)
    else:
        yield from _number_differs(name, expected, got, rules)


def _wrong_type(name: str, got: Any, wanted: str) -> Difference:
    """A value of another type; of one that is not plain data only instructors read the name."""
    text = f"{name} is {article(got)}; expected {wanted}"
    told = text
    if isinstance(got, Unsupported):
        told = f"{name} is {type_name(got)}; expected {wanted}"
    elif isinstance(got, np.ndarray):
        told = f"{name} is an array; expected {wanted}"
    return Difference(name, Verdict.WRONG_TYPE, text, told=told)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _dict_differs(
    name: str, expected: dict[str, Any], got: Any, rules: Rules
) -> Iterator[Difference]:
    if not isinstance(got, dict):
        yield _wrong_type(name, got, f"a dict with {_keys(expected)}")
    elif expected.keys() != got.keys():
        missing, extra = expected.keys() - got.keys(), got.keys() - expected.keys()
        parts = [f"has no {_keys(missing)}"] if missing else []
        told = [*parts, "has keys too many"] if extra else parts
        parts += [f"has {_keys(extra)} too many"] if extra else []
        text, told_text = (f"{name} {' and '.join(words)}" for words in (parts, told))
        yield Difference(name, Verdict.WRONG_TYPE, text, told=told_text)
    else:
        for key in expected:
            yield from _differ(f"{name}[{key}]", expected[key], got[key], rules)


def _keys(keys: Any) -> str:
    return ", ".join(repr(key[:40]) for key in sorted(keys)[:8])


def _list_differs(name: str, expected: Any, got: Any, rules: Rules) -> Iterator[Difference]:
    if not isinstance(got, SEQUENCES):
        yield _wrong_type(name, got, f"a list of {len(expected)}")
    elif len(expected) != len(got):
        text = f"{name} has {len(got)} items; expected {len(expected)}"
        told = text if len(got) <= MOST_SIZE else f"{name} should have {len(expected)} items"
        yield Difference(name, Verdict.WRONG_SHAPE, text, told=told)
    else:
        for k, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differ(f"{name}[{k}]", one, other, rules)


def _array_differs(
    name: str, expected: NDArray[Any], got: Any, rules: Rules
) -> Iterator[Difference]:
    if type(got) is not np.ndarray:
        yield _wrong_type(name, got, "an array")
    elif not kinds_fit(expected.dtype, got.dtype) or (rules.dtype and expected.dtype != got.dtype):
        text = f"{name} has dtype {got.dtype}; expected {expected.dtype}"
        told = text if got.dtype.kind in "biufc" else f"{name} should have dtype {expected.dtype}"
        yield Difference(name, Verdict.WRONG_TYPE, text, told=told)
    elif expected.shape != got.shape:
        text = f"{name} has shape {got.shape}; expected {expected.shape}"
        told = f"{name} has {shape(got.shape)}; expected {expected.shape}"
        yield Difference(name, Verdict.WRONG_SHAPE, text, expected, got, told=told)
    elif expected.dtype.kind == "f":
        allowed = _allowed(expected, got, rules)
        if _all_within(got.astype(np.float64, copy=False), expected, allowed):
            return
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


def _number_differs(name: str, expected: Any, got: Any, rules: Rules) -> Iterator[Difference]:
    number = isinstance(got, NUMBERS) and not _is_bool(got)
    if not number:
        yield _wrong_type(name, got, article(expected))
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
    if not isinstance(got, NUMBERS):
        yield _wrong_type(name, got, "a number")
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
