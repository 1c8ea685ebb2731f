"""Workers that end: budgets, deaths, forged answers; the next check works in a fresh one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.checker.contract import Contract
from autograder.checker.outcome import (
    ImplementationStopped,
    Verdict,
)
from autograder.sandbox.outside.host import SandboxFault
from autograder.sandbox.outside.remote import Sandbox

from .conftest import LIMITS


def stopped_by(sandbox: Sandbox, folder: Path, code: str) -> ImplementationStopped:
    """How a call ends the worker; the next check must then work in a fresh one."""
    with sandbox.open(folder) as impl:
        impl.begin()
        with pytest.raises(ImplementationStopped) as caught:
            impl.run(code)
        with pytest.raises(ImplementationStopped):
            impl.other(1)
        impl.begin()
        assert impl.other(1) == 1
    return caught.value


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import numpy as np; x = np.ones((9, 9))\nwhile True: x @ x",
        "import time; time.sleep(100)",
        "import threading; threading.Event().wait()",
        "input = __import__('os').read(3, 1)",
        "while True: print('flood' * 1000)",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "import os, time\nwhile True: os.write(4, b'\\xff'); time.sleep(0.001)",
    ],
)
def test_what_never_ends_is_ended(best: Sandbox, submission: Path, code: str) -> None:
    verdict = stopped_by(best, submission, code).verdict
    if "os.write(4" in code:
        assert verdict == Verdict.BAD_OUTPUT
    else:
        assert verdict == Verdict.TIMEOUT


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np; x = np.ones(10**9)",
        "x = []\nwhile True: x.append(bytearray(10**6))",
        "x = []\nwhile True: x.append([0] * 3000)",
    ],
)
def test_memory_is_limited(patient: Sandbox, submission: Path, code: str) -> None:
    assert stopped_by(patient, submission, code).verdict == Verdict.OUT_OF_MEMORY


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(0)",
        "import os; os.close(4); os._exit(0)",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.abort()",
        "import os, time; os.close(4); time.sleep(60)",
    ],
)
def test_a_death_is_a_crash(sandbox: Sandbox, submission: Path, code: str) -> None:
    assert stopped_by(sandbox, submission, code).verdict == Verdict.CRASHED


@pytest.mark.parametrize(
    "code",
    [
        "sys.setrecursionlimit(10**8)\ndef f(): return f()\nf()",
        "sys.setrecursionlimit(10**8)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)",
    ],
)
def test_endless_recursion_ends(best: Sandbox, submission: Path, code: str) -> None:
    verdict = stopped_by(best, submission, "import sys\n" + code).verdict
    assert verdict in (Verdict.CRASHED, Verdict.OUT_OF_MEMORY, Verdict.TIMEOUT)


def test_signals_to_itself(sandbox: Sandbox, submission: Path) -> None:
    if sandbox.isolation.level == "namespaces":
        with sandbox.open(submission) as impl:  # the first process of a namespace ignores them
            impl.begin()
            assert impl.run("import os; os.kill(os.getpid(), 9); os.kill(os.getpid(), 19)") is None
        return
    code = "import os; os.kill(os.getpid(), {})"
    assert stopped_by(sandbox, submission, code.format(19)).verdict == Verdict.TIMEOUT
    assert stopped_by(sandbox, submission, code.format(9)).verdict == Verdict.CRASHED


@pytest.mark.parametrize(
    "data",
    [
        "b'\\xff' * 4",
        "b'\\0\\0\\0\\0'",
        "b'\\1\\0\\0\\0N'",
        "b'PASSED' * 100",
        "b'\\2\\0\\0\\0NN'",
    ],
)
def test_forged_frames_are_bad_output(best: Sandbox, submission: Path, data: str) -> None:
    code = f"import os; os.write(4, {data})"
    assert stopped_by(best, submission, code).verdict == Verdict.BAD_OUTPUT


def test_a_handle_where_data_belongs_is_bad_output(best: Sandbox, submission: Path) -> None:
    code = "import kit_sandbox.wire.frames as w; result = [w.Handle(1)]"
    assert stopped_by(best, submission, code).verdict == Verdict.BAD_OUTPUT


def test_the_submissions_time_is_limited_in_total(best: Sandbox, submission: Path) -> None:
    verdicts = []
    with best.open(submission) as impl:
        for _ in range(9):
            impl.begin()
            with pytest.raises(ImplementationStopped) as caught:
                impl.run("while True: pass")
            verdicts.append(caught.value.verdict)
        assert impl.cpu_seconds > 3
    ended = verdicts.count(Verdict.TIMEOUT)  # 6, or fewer where a busy machine saw an end late
    assert 3 <= ended <= 6
    assert verdicts == [Verdict.TIMEOUT] * ended + [Verdict.SKIPPED] * (9 - ended)


def soon(condition: Callable[[], bool]) -> bool:
    for _ in range(250):
        if condition():
            return True
        time.sleep(0.02)
    return False


def ended(pid: int) -> bool:
    """Whether a process is gone, or a corpse that the system's first process has yet to bury."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return text.rpartition(")")[2].split()[0] in "ZX"


def descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def test_a_dead_fork_server_is_replaced(course: tuple[Path, Contract], submission: Path) -> None:
    with Sandbox(course[1], limits=LIMITS, at_least="process") as sandbox:
        with sandbox.open(submission) as impl:
            impl.begin()
            worker = impl._worker or impl._start()
            impl.other(1)
            os.kill(sandbox._workers._process.pid, 9)
            assert soon(lambda: ended(worker.pid))
            with pytest.raises(SandboxFault):
                impl.other(1)
        with sandbox.open(submission) as impl:
            impl.begin()
            assert impl.other(2) == 2


def test_nothing_is_left_when_a_sandbox_closes(
    course: tuple[Path, Contract], submission: Path
) -> None:
    before = descriptors()
    with Sandbox(course[1], limits=LIMITS, at_least="process") as sandbox:
        roots = sandbox._stage.roots
        zygote = sandbox._workers._process.pid
        impl = sandbox.open(submission)
        impl.begin()
        impl.other(1)
        worker = impl._worker
    assert worker is not None
    assert not any(root.exists() for root in roots)
    for pid in (zygote, worker.pid):
        assert not Path(f"/proc/{pid}").exists()
    impl.close()
    assert descriptors() == before
