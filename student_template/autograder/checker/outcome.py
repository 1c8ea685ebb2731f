"""What running an implementation can come to: data, an exception, or a death."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np


class Verdict(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    WRONG_VALUE = "wrong_value"
    WRONG_SHAPE = "wrong_shape"
    WRONG_TYPE = "wrong_type"
    NOT_FINITE = "not_finite"
    MUTATED_INPUT = "mutated_input"
    RAISED = "raised"
    NOT_IMPLEMENTED = "not_implemented"
    MISSING = "missing"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    BAD_OUTPUT = "bad_output"
    TOO_COSTLY = "too_costly"
    SKIPPED = "skipped"
    GRADER_ERROR = "grader_error"


class ImplementationRaised(Exception):
    """The implementation raised. `kinds` are the class names along the mro, most derived first."""

    def __init__(self, kinds: tuple[str, ...], message: str, where: str = "") -> None:
        super().__init__(f"{kinds[0] if kinds else 'Exception'}: {message}")
        self.kinds = kinds
        self.message = message
        self.where = where

    @property
    def not_implemented(self) -> bool:
        """Whether this is a stub's NotImplementedError."""
        return "NotImplementedError" in self.kinds


class ImplementationMissing(Exception):
    """The implementation does not have the function."""

    def __init__(self, function: str, message: str) -> None:
        super().__init__(message)
        self.function = function
        self.message = message


class ImplementationStopped(Exception):
    """The implementation can't answer any more calls (timeout, memory, crash, bad output)."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message


class WrongStructure(Exception):
    """A call's result is not built as the contract says (not a pair, not data)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Unsupported:
    """Stands for a returned value that is not plain data."""

    type_name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.type_name} ({self.detail})" if self.detail else self.type_name


@dataclass(frozen=True)
class Opaque:
    """An implementation's cache or state: in process the object, remotely a handle's number."""

    value: Any


@dataclass(frozen=True)
class Generator:
    """Stands for `np.random.default_rng(seed)` as an argument."""

    seed: int


@dataclass(frozen=True)
class Outcome:
    """One run of a check's probe on one implementation.

    Exactly one of `outputs` (it returned), `error` (it raised) and `stopped` (it died) is set;
    `structure` says what was wrong with a result that the contract doesn't allow.
    """

    outputs: dict[str, Any] | None = None
    error: ImplementationRaised | ImplementationMissing | None = None
    stopped: ImplementationStopped | None = None
    structure: str = ""
    probe_error: str = ""
    mutated: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu: float = 0.0  # seconds; of cost checks only
    calls: tuple[Any, ...] = field(default=(), repr=False)

    @cached_property
    def leaves(self) -> dict[str, Any]:
        """Every output and all that is inside it, by path: "grads", "grads[w_q]" …."""
        return dict(_named_leaves(self.outputs or {}))

    @cached_property
    def digest(self) -> str:
        """The same for outcomes that differ in nothing but time, warnings and the calls made."""
        ends = (self.error, self.stopped, self.structure, self.probe_error, self.mutated)
        seen = hashlib.blake2b(repr(ends).encode(), digest_size=16)
        for name, value in self.leaves.items():
            if isinstance(value, np.ndarray) and value.dtype.kind in "fiubc":
                seen.update(f"{name}{value.dtype.str}{value.shape}".encode())
                seen.update(value.tobytes())
            elif isinstance(value, (dict, list, tuple)):  # what is inside comes by itself
                seen.update(f"{name}{type(value).__name__}{len(value)}".encode())
            else:
                seen.update(f"{name}{value!r}".encode())
        return seen.hexdigest()


def _named_leaves(outputs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    waiting = list(reversed(outputs.items()))
    while waiting:
        name, value = waiting.pop()
        yield name, value
        if isinstance(value, dict):
            waiting += [(f"{name}[{key}]", item) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [(f"{name}[{k}]", item) for k, item in enumerate(value)]
