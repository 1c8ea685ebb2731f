"""Something that has the package's functions: the reference, a variant, a student's worker."""

from __future__ import annotations

import linecache
import sys
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from autograder.checker.contract import OPAQUE, Contract, Function
from autograder.checker.outcome import (
    Generator,
    ImplementationMissing,
    ImplementationRaised,
    Opaque,
    Outcome,
    Unsupported,
    WrongStructure,
)

PLAIN = (bool, int, float, str, type(None))
DTYPE_KINDS = "biuf"


@dataclass(frozen=True)
class CallResult:
    """What one call gave: its parts as `Function.returns` says, opaque ones wrapped."""

    value: Any
    mutated: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """One call of a probe, for second looks at it (gradients of the student's own forward)."""

    function: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: CallResult


class Implementation(ABC):
    """`impl.NAME(*args, **kwargs)` calls a function of the contract and keeps a trace."""

    kept_outcomes: dict[tuple[str, int], Outcome] | None = None
    """Of one that gives the same twice: what it gave, by check and seed, where that is kept."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.trace: list[Call] = []

    @abstractmethod
    def invoke(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallResult:
        """Call a function. Raises ImplementationRaised, -Missing, -Stopped or WrongStructure."""

    def begin(self, cpu: float | None = None) -> None:  # noqa: ARG002  (calls in this process)
        """Forget the last check (its trace, its budgets). The judge calls this before each.

        cpu: seconds that the new one may take, where they are fewer than usual.
        """
        self.trace = []

    @property
    def cpu_seconds(self) -> float:
        """CPU time that was spent on calls so far."""
        return time.process_time()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        contract: Contract = self.__dict__["contract"]
        if name not in contract.functions:
            raise AttributeError(f"the package {contract.package} has no function {name}")
        function = contract.functions[name]

        def call(*args: Any, **kwargs: Any) -> Any:
            result = self.invoke(function, args, kwargs)
            self.trace.append(Call(function, args, kwargs, result))
            return result.value

        return call


class LocalImplementation(Implementation):
    """Functions called in this process: the reference, variants of it, a student's own tests."""

    def __init__(self, contract: Contract, namespace: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(contract)
        self.namespace = namespace

    def invoke(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallResult:
        """Call on copies of the arguments; exceptions and warnings are caught and told."""
        target = self.find(function)
        before = plain_only(args), plain_only(kwargs)  # without caches: those are their owner's
        args, kwargs = hand_out(args), hand_out(kwargs)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = target(*args, **kwargs)
            except (Exception, SystemExit) as error:
                kinds = tuple(kind.__name__ for kind in type(error).__mro__)
                where = own_line(error.__traceback__)
                raise ImplementationRaised(kinds, str(error)[:500], where) from error
        changed = [f"argument {k + 1}" for k in range(len(args)) if not same(before[0][k], args[k])]
        changed += [
            f"argument {name}" for name in kwargs if not same(before[1][name], kwargs[name])
        ]
        return CallResult(
            take_apart(function, result), tuple(changed), tuple(map(warning_text, caught))
        )

    def find(self, function: Function) -> Callable[..., Any]:
        """The Python function behind a name."""
        if function.name not in self.namespace:
            raise ImplementationMissing(
                function.name, f"{function.module}.py has no function {function.name}"
            )
        return self.namespace[function.name]


class PackageImplementation(LocalImplementation):
    """A package imported into this process, a module when it is needed (local tests)."""

    def __init__(self, contract: Contract, load: Callable[[str], ModuleType]) -> None:
        super().__init__(contract, {})
        self.load = load

    def find(self, function: Function) -> Callable[..., Any]:
        """Import the function's module; an error in it is the student's, told with its line."""
        try:
            module = self.load(function.module)
        except (Exception, SystemExit) as error:
            kinds = tuple(kind.__name__ for kind in type(error).__mro__)
            raise ImplementationRaised(
                kinds, str(error)[:500], own_line(error.__traceback__)
            ) from error
        found = getattr(module, function.name, None)
        if not callable(found):
            raise ImplementationMissing(
                function.name, f"{function.module}.py has no function {function.name}"
            )
        result: Callable[..., Any] = found
        return result


def hand_out(value: Any) -> Any:
    """A copy of an argument as the implementation receives it: arrays fresh and writable."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Generator):
        return np.random.default_rng(value.seed)
    if isinstance(value, Opaque):
        return value.value
    if isinstance(value, dict):
        return {key: hand_out(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hand_out(item) for item in value]
    if isinstance(value, tuple):
        return tuple(hand_out(item) for item in value)
    return value


def plain_only(value: Any) -> Any:
    """The part of an argument that a change is looked for in: arrays and what holds them."""
    if isinstance(value, dict):
        return {key: plain_only(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_only(item) for item in value]
    return value if isinstance(value, (np.ndarray, *PLAIN)) else None


def same(before: Any, after: Any) -> bool:
    """Whether an argument is what it was."""
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and before.keys() == after.keys()
            and all(same(before[key], after[key]) for key in before)
        )
    if isinstance(before, list):
        return (
            isinstance(after, list | tuple)
            and len(before) == len(after)
            and all(same(b, a) for b, a in zip(before, after, strict=True))
        )
    if isinstance(before, np.ndarray):
        return (
            isinstance(after, np.ndarray)
            and before.shape == after.shape
            and before.dtype == after.dtype
            and before.tobytes() == after.tobytes()
        )
    return True


def take_apart(function: Function, result: Any) -> Any:
    """The parts of a result as the contract names them; data checked, opaque parts wrapped."""
    if len(function.returns) == 1:
        return Opaque(result) if function.returns[0] == OPAQUE else data(result)
    if type(result) is not tuple or len(result) != len(function.returns):
        count = f"a tuple of {len(result)}" if type(result) is tuple else kind_of(result)
        raise WrongStructure(
            f"{function.name} returned {count}; expected {len(function.returns)} values"
        )
    return tuple(
        Opaque(part) if role == OPAQUE else data(part)
        for role, part in zip(function.returns, result, strict=True)
    )


def data(value: Any, depth: int = 0) -> Any:
    """Plain data as it is; anything else as `Unsupported` (exact types: subclasses may lie)."""
    kind = type(value)
    if kind is np.ndarray:
        if value.dtype.kind not in DTYPE_KINDS:
            return Unsupported("numpy.ndarray", f"of dtype {value.dtype}"[:60])
        return value.copy()
    if kind in PLAIN:
        return value
    if kind.__module__ == "numpy" and isinstance(value, np.generic):
        return value if value.dtype.kind in DTYPE_KINDS else Unsupported(kind_of(value))
    if depth < 16:
        if kind is dict and all(type(key) is str for key in value):
            return {key: data(item, depth + 1) for key, item in value.items()}
        if kind is list:
            return [data(item, depth + 1) for item in value]
        if kind is tuple:
            return tuple(data(item, depth + 1) for item in value)
    return Unsupported(kind_of(value))


def kind_of(value: Any) -> str:
    """A value's class as a student knows it."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def warning_text(caught: warnings.WarningMessage) -> str:
    """`RuntimeWarning: overflow encountered in exp (activations.py, line 31)`."""
    return (
        f"{caught.category.__name__}: {caught.message} "
        f"({Path(caught.filename).name}, line {caught.lineno})"
    )


def own_line(trace: TracebackType | None) -> str:
    """The innermost line of the traceback that lies in neither the kit's files nor a library."""
    own = Path(__file__).parent.parent
    best = ""
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        foreign = "site-packages" in path or path.startswith(("<", sys.base_prefix))
        if not foreign and not Path(path).is_relative_to(own):
            line = linecache.getline(path, trace.tb_lineno).strip()
            best = f"{Path(path).name}, line {trace.tb_lineno}" + (f": {line}" if line else "")
        trace = trace.tb_next
    return best
