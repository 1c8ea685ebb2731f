"""Inputs of checks: one stream of random numbers, the same on every platform and in every year."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograder.checker.outcome import Generator

GRID = 1024  # reals are multiples of 1/1024: no platform's libm can change them


class Draw:
    """A check's source of inputs. NEP 19 froze `RandomState`: a seed means the same for ever."""

    def __init__(self, seed: int) -> None:
        words = [(seed >> (32 * k)) & 0xFFFFFFFF for k in range(8)]
        self._state = np.random.RandomState(words)

    def normal(
        self, *shape: int, scale: float = 1.0, dtype: DTypeLike = np.float64
    ) -> NDArray[Any]:
        """Normal values of mean 0 and standard deviation `scale`, never exactly 0."""
        return self._grid(self._state.normal(size=shape) * scale, dtype)

    def uniform(
        self, low: float, high: float, *shape: int, dtype: DTypeLike = np.float64
    ) -> NDArray[Any]:
        """Values uniform in [low, high), never exactly 0."""
        return self._grid(self._state.uniform(low, high, size=shape), dtype)

    def integers(self, low: int, high: int, *shape: int) -> NDArray[np.int64]:
        """Whole numbers in [low, high)."""
        return np.asarray(self._state.randint(low, high, size=shape, dtype=np.int64))

    def integer(self, low: int, high: int) -> int:
        """One Python int in [low, high)."""
        return int(self._state.randint(low, high))

    def permutation(self, n: int) -> NDArray[np.int64]:
        """The numbers 0 … n-1 in random order."""
        return self._state.permutation(n).astype(np.int64)

    def generator(self) -> Generator:
        """A stand-in that the implementation receives as `np.random.default_rng(seed)`."""
        return Generator(int(self._state.randint(0, 2**31 - 1)))

    @staticmethod
    def _grid(values: Any, dtype: DTypeLike) -> NDArray[Any]:
        steps = np.rint(np.asarray(values) * GRID)
        return np.asarray(np.where(steps == 0, 1.0, steps) / GRID).astype(dtype)
