"""A submission's worker while it is judged: whose fault an end is, and what is not asked again."""

from collections import Counter
from typing import Any

from autograder.checker.contract import Function
from autograder.checker.implementation import CallResult, Implementation
from autograder.checker.outcome import ImplementationStopped, Verdict
from autograder.sandbox.outside.host import SandboxFault


class Watched(Implementation):
    """An implementation whose sandbox may fail: the judge must not take that for an answer.

    A function that ran into its time limit `patience` times is not called again: an endless loop
    costs seconds, not the whole budget of a submission. `timeouts` counts over several workers.
    """

    def __init__(
        self, inner: Implementation, patience: int = 2, timeouts: Counter[str] | None = None
    ) -> None:
        super().__init__(inner.contract)
        self.inner = inner
        self.patience = patience
        self.fault: SandboxFault | None = None
        self.timeouts: Counter[str] = Counter() if timeouts is None else timeouts

    def begin(self, cpu: float | None = None) -> None:
        """Hand on, and remember a fault."""
        super().begin()
        try:
            self.inner.begin(cpu)
        except SandboxFault as fault:
            self.fault = fault

    @property
    def cpu_seconds(self) -> float:
        """The worker's."""
        return self.inner.cpu_seconds

    def invoke(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CallResult:
        """Hand on; after a fault nothing more is asked."""
        if self.timeouts[function.name] >= self.patience:
            raise ImplementationStopped(
                Verdict.SKIPPED,
                f"{function.name} ran into its time limit before and is not called again",
            )
        if self.fault is None:
            try:
                return self.inner.invoke(function, args, kwargs)
            except SandboxFault as fault:
                self.fault = fault
            except ImplementationStopped as stopped:
                self.timeouts[function.name] += stopped.verdict == Verdict.TIMEOUT
                raise
        raise ImplementationStopped(Verdict.GRADER_ERROR, str(self.fault))
