"""Inputs of checks: one stream of random numbers, the same on every platform and in every year."""

from __future__ import annotations

import functools
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograder.checker.outcome import Generator

T = TypeVar("T")
GRID = 1024  # reals are multiples of 1/1024: no platform's libm can change them


@functools.lru_cache(maxsize=2048)
def _tape(_seed: int) -> list[tuple[Any, Any]]:
    """What was drawn from a seed so far, in order: (what was asked for, value)."""
    return []


class Draw:
    """A check's source of inputs. NEP 19 froze `RandomState`: a seed means the same for ever.

    A batch runs each check hundreds of times. What was drawn once is kept, since a generator costs
    ten times what the check's arrays cost to copy.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._tape = _tape(seed)
        self._position = 0
        self._state: np.random.RandomState | None = None

    def normal(
        self, *shape: int, scale: float = 1.0, dtype: DTypeLike = np.float64
    ) -> NDArray[Any]:
        """Normal values of mean 0 and standard deviation `scale`, never exactly 0."""
        return self._next(_normal, shape, scale, dtype)

    def uniform(
        self, low: float, high: float, *shape: int, dtype: DTypeLike = np.float64
    ) -> NDArray[Any]:
        """Values uniform in [low, high), never exactly 0."""
        return self._next(_uniform, low, high, shape, dtype)

    def integers(self, low: int, high: int, *shape: int) -> NDArray[np.int64]:
        """Whole numbers in [low, high)."""
        return self._next(_integers, low, high, shape)

    def integer(self, low: int, high: int) -> int:
        """One Python int in [low, high)."""
        return self._next(_integer, low, high)

    def permutation(self, n: int) -> NDArray[np.int64]:
        """The numbers 0 … n-1 in random order."""
        return self._next(_permutation, n)

    def generator(self) -> Generator:
        """A stand-in that the implementation receives as `np.random.default_rng(seed)`."""
        return self._next(_generator)

    def _next(self, make: Callable[..., T], *arguments: Any) -> T:
        """The value of the tape, if the same was asked for here before; else a new one."""
        asked = (make, arguments)
        position = self._position
        self._position += 1
        tape = self._tape
        if self._state is None and position < len(tape):
            before, value = tape[position]
            if before == asked:
                kept: Any = value.copy() if isinstance(value, np.ndarray) else value
                return kept  # type: ignore[no-any-return]
            self._tape = tape = tape[:position]  # its own way: nothing of it is for others
        if self._state is None:
            words = [(self._seed >> (32 * k)) & 0xFFFFFFFF for k in range(8)]
            self._state = np.random.RandomState(words)
            for (made, of), _ in tape:
                made(self._state, *of)
        value = make(self._state, *arguments)
        if position == len(tape):  # else another run of the same seed was quicker
            tape.append((asked, value))
        return cast(T, value.copy()) if isinstance(value, np.ndarray) else value


def _normal(
    state: np.random.RandomState, shape: tuple[int, ...], scale: float, dtype: DTypeLike
) -> NDArray[Any]:
    return _grid(state.normal(size=shape) * scale, dtype)


def _uniform(
    state: np.random.RandomState, low: float, high: float, shape: tuple[int, ...], dtype: DTypeLike
) -> NDArray[Any]:
    return _grid(state.uniform(low, high, size=shape), dtype)


def _integers(
    state: np.random.RandomState, low: int, high: int, shape: tuple[int, ...]
) -> NDArray[np.int64]:
    return np.asarray(state.randint(low, high, size=shape, dtype=np.int64))


def _integer(state: np.random.RandomState, low: int, high: int) -> int:
    return int(state.randint(low, high))


def _permutation(state: np.random.RandomState, n: int) -> NDArray[np.int64]:
    return state.permutation(n).astype(np.int64)


def _generator(state: np.random.RandomState) -> Generator:
    return Generator(int(state.randint(0, 2**31 - 1)))


def _grid(values: Any, dtype: DTypeLike) -> NDArray[Any]:
    steps = np.rint(np.asarray(values) * GRID)
    return np.asarray(np.where(steps == 0, 1.0, steps) / GRID).astype(dtype)


def public_seed(assignment: str, check: str) -> int:
    """Public inputs need no secret: they are the same for everybody."""
    return int.from_bytes(sha256(f"public/{assignment}/{check}".encode()).digest(), "big")
