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
        self._made: list[Callable[[np.random.RandomState], Any]] = []
        self._state: np.random.RandomState | None = None

    def normal(
        self, *shape: int, scale: float = 1.0, dtype: DTypeLike = np.float64
    ) -> NDArray[Any]:
        """Normal values of mean 0 and standard deviation `scale`, never exactly 0."""
        asked = "normal", shape, scale, dtype
        return self._next(asked, lambda s: self._grid(s.normal(size=shape) * scale, dtype))

    def uniform(
        self, low: float, high: float, *shape: int, dtype: DTypeLike = np.float64
    ) -> NDArray[Any]:
        """Values uniform in [low, high), never exactly 0."""
        asked = "uniform", low, high, shape, dtype
        return self._next(asked, lambda s: self._grid(s.uniform(low, high, size=shape), dtype))

    def integers(self, low: int, high: int, *shape: int) -> NDArray[np.int64]:
        """Whole numbers in [low, high)."""
        return self._next(
            ("integers", low, high, shape),
            lambda s: np.asarray(s.randint(low, high, size=shape, dtype=np.int64)),
        )

    def integer(self, low: int, high: int) -> int:
        """One Python int in [low, high)."""
        return self._next(("integer", low, high), lambda s: int(s.randint(low, high)))

    def permutation(self, n: int) -> NDArray[np.int64]:
        """The numbers 0 … n-1 in random order."""
        return self._next(("permutation", n), lambda s: s.permutation(n).astype(np.int64))

    def generator(self) -> Generator:
        """A stand-in that the implementation receives as `np.random.default_rng(seed)`."""
        return self._next(("generator",), lambda s: Generator(int(s.randint(0, 2**31 - 1))))

    def _next(self, asked: tuple[Any, ...], make: Callable[[np.random.RandomState], T]) -> T:
        """The value of the tape, if the same was asked for here before; else a new one."""
        position = len(self._made)
        self._made.append(make)
        if self._state is None and position < len(self._tape):
            before, value = self._tape[position]
            if before == asked:
                return cast(T, _copy(value))
            self._tape = []  # this run goes its own way: nothing of it is for others
        if self._state is None:
            words = [(self._seed >> (32 * k)) & 0xFFFFFFFF for k in range(8)]
            self._state = np.random.RandomState(words)
            for earlier in self._made[:-1]:
                earlier(self._state)
        value = make(self._state)
        if position == len(self._tape):
            self._tape.append((asked, _copy(value)))
        return value

    @staticmethod
    def _grid(values: Any, dtype: DTypeLike) -> NDArray[Any]:
        steps = np.rint(np.asarray(values) * GRID)
        return np.asarray(np.where(steps == 0, 1.0, steps) / GRID).astype(dtype)


def _copy(value: T) -> T:
    return value.copy() if isinstance(value, np.ndarray) else value


def public_seed(assignment: str, check: str) -> int:
    """Public inputs need no secret: they are the same for everybody."""
    return int.from_bytes(sha256(f"public/{assignment}/{check}".encode()).digest(), "big")
