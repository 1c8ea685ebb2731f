"""What student code finds when it tries the walls, at each level."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.checker.outcome import ImplementationRaised, ImplementationStopped
from autograder.sandbox.outside.remote import Sandbox


def ask(sandbox: Sandbox, folder: Path, code: str, *args: Any) -> Any:
    with sandbox.open(folder) as impl:
        impl.begin()
        return impl.run(code, *args)


def refused(sandbox: Sandbox, folder: Path, code: str) -> bool:
    """Whether the code meets an OSError (or dies) instead of reaching its end."""
    try:
        ask(sandbox, folder, code)
    except ImplementationRaised as error:
        return "OSError" in error.kinds or "AttributeError" in error.kinds
    except ImplementationStopped:
        return True
    return False


CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
"""

FORBIDDEN_BY_FILTER = [
    "import socket; socket.socket()",
    "import socket; socket.socket(socket.AF_UNIX)",
    "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "import os; os.fork()",
    "import subprocess; subprocess.run(['true'])",
    "import os; os.execv('/bin/true', ['true'])",
    "import os; os.posix_spawn('/bin/true', ['true'], {})",
    "import os; os.kill(os.getppid(), 9)",
    "import os; os.kill(-1, 9)",
    "import os; os.kill(1 if os.getpid() != 1 else 2, 9)",
    "import os; os.memfd_create('x')",
    "import os; os.setsid()",
    "import mmap; mmap.mmap(-1, 4096)",
    "import os; os.symlink('/etc/passwd', 'x')",
    "import os; os.mkfifo('x')",
    "import os; os.link('/etc/passwd', 'x')",
    "import fcntl, os; fcntl.fcntl(3, fcntl.F_SETOWN, os.getppid())",
    *(
        CALL + f"call({text})"
        for text in (
            "101, 16, 1, 0, 0",  # ptrace
            "46, 4, 0, 0",  # sendmsg
            "310, 1, 0, 0, 0, 0, 0",  # process_vm_readv
            "272, 0x10000000",  # unshare
            "165, 0, 0, 0, 0, 0",  # mount
            "29, 1234, 4096, 0o1600",  # shmget
            "68, 1234, 0o1600",  # msgget
            "240, b'/x', 0o100, 0o600, 0",  # mq_open
            "425, 8, 0",  # io_uring_setup
            "321, 0, 0, 0",  # bpf
            "298, 0, 0, -1, -1, 0",  # perf_event_open
            "250, 0, 0",  # keyctl
            "323, 0",  # userfaultfd
            "434, 1, 0",  # pidfd_open
            "157, 1, 0, 0, 0, 0",  # prctl: the signal at the parent's death
            "157, 4, 1, 0, 0, 0",  # prctl: dumpable again
            "105, 0",  # setuid
            "0x40000000 + 39",  # an x32 call
        )
    ),
]


@pytest.mark.parametrize("code", FORBIDDEN_BY_FILTER)
def test_the_filter_refuses(strong: Sandbox, submission: Path, code: str) -> None:
    assert refused(strong, submission, code)


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd').read()",
        "import os; os.listdir('/')",
        "import os; os.listdir('..')",
        "import os; os.listdir('/tmp/..')",
        "open('/proc/self/environ').read()",
        "import os; open(f'/proc/{os.getppid()}/stat').read()",
        "open('/tmp/note', 'w')",
        "open('/dev/shm/note', 'w')",
        "open('/var/tmp/note', 'w')",
        "import running",
        "open('../note', 'w')",
        "import tinycourse; open(tinycourse.__file__, 'a')",
    ],
)
def test_foreign_files_are_closed(make_sandbox: Any, submission: Path, code: str) -> None:
    for level in ("landlock", "namespaces"):
        try:
            sandbox = make_sandbox(level)
        except pytest.skip.Exception:
            continue
        assert refused(sandbox, submission, code) or "import running" in code


def test_other_submissions_are_closed(sandbox: Sandbox, submission: Path, tmp_path: Path) -> None:
    other = sandbox.open(submission)
    other.begin()
    other.other(1)
    assert other._staged is not None
    staged = str(other._staged.folder / "tinycourse" / "running.py")
    try:
        if sandbox.isolation.level == "process" and os.geteuid() != 0:
            pytest.skip("an ordinary user's files are open at this level")
        if sandbox.isolation.level == "seccomp" and os.geteuid() != 0:
            pytest.skip("an ordinary user's files are open at this level")
        assert refused(sandbox, submission, f"open({staged!r}).read()")
    finally:
        other.close()


def test_nothing_is_inherited(sandbox: Sandbox, submission: Path) -> None:
    os.environ["KIT_TEST_SECRET"] = "hidden"
    code = (
        "import os, sys\n"
        "found = []\n"
        "for k in range(256):\n"
        "    try: os.fstat(k); found.append(k)\n"
        "    except OSError: pass\n"
        "result = [found, sorted(os.environ), [m for m in sys.modules if 'autograder' in m]]\n"
    )
    try:
        descriptors, environment, modules = ask(sandbox, submission, code)
    finally:
        del os.environ["KIT_TEST_SECRET"]
    assert descriptors == [0, 1, 2, 3, 4]
    assert "KIT_TEST_SECRET" not in environment
    assert modules == []


def test_the_user_is_another_one(sandbox: Sandbox, submission: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can change the user")
    code = "import os; result = [list(os.getresuid()), list(os.getresgid()), os.getgroups()]"
    first, second = (ask(sandbox, submission, code) for _ in range(2))
    assert 0 not in first[0] + first[1]
    assert first[2] == []
    assert first[0] != second[0]


HONEST = [
    "import numpy as np; np.save('x.npy', args[0]); result = np.load('x.npy')",
    "import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x')\nresult = 1",
    "import threading\nt = [threading.Thread(target=print) for _ in range(8)]\n"
    "[k.start() for k in t]; [k.join() for k in t]; result = 1",
    "from concurrent.futures import ThreadPoolExecutor as P\n"
    "with P(4) as p: result = list(p.map(abs, [-1, 2]))",
    "import logging; logging.warning('x'); result = 1",
    "import numpy as np; result = np.linalg.svd(args[0])[1]",
    "import numpy as np; result = np.fft.fft(args[0]).real",
    "import numpy as np; result = np.random.default_rng().normal(size=2)",
    "import numpy as np; result = np.einsum('ij,kj->ik', args[0], args[0], optimize=True)",
    "import numpy as np; np.testing.assert_allclose(args[0], args[0]); result = 1",
    "import dataclasses, typing, functools, math, json, time, datetime\n"
    "time.sleep(0.01); result = str(datetime.datetime.now())",
    "import warnings\nwith warnings.catch_warnings(): warnings.simplefilter('error'); result = 1",
    "import pickle, copy; result = pickle.loads(pickle.dumps(copy.deepcopy(args[0])))",
    "import unittest; result = 1",
    "import subprocess, multiprocessing; result = 1",
    "import traceback\ntry: 1/0\nexcept ZeroDivisionError: result = traceback.format_exc()",
    "import gc; gc.collect(); result = 1",
    "import shutil; open('a', 'w').write('x'); shutil.copy('a', 'b'); result = open('b').read()",
]


@pytest.mark.parametrize("code", HONEST)
def test_honest_code_works(sandbox: Sandbox, submission: Path, code: str) -> None:
    assert ask(sandbox, submission, code, np.arange(6.0).reshape(2, 3)) is not None


def test_scratch_is_private_and_small(sandbox: Sandbox, submission: Path) -> None:
    ask(sandbox, submission, "open('note', 'w').write('for the next')")
    assert ask(sandbox, submission, "import os; result = os.listdir('.')") == []
    flood = (
        "import time\nfor k in range(10**6):\n"
        "    open(f'f{k}', 'wb').write(b'x' * 10**6)\n    time.sleep(0.001)"
    )
    with pytest.raises((ImplementationStopped, ImplementationRaised)):
        ask(sandbox, submission, flood)
    big = "f = open('big', 'wb')\nfor k in range(100): f.write(b'x' * 10**6)"
    assert refused(sandbox, submission, big)


def test_nothing_survives(sandbox: Sandbox, submission: Path) -> None:
    marker = f"kit-daemon-{os.getpid()}"
    code = (
        "import ctypes, os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        ctypes.CDLL(None).prctl(15, {marker[:15].encode()!r})\n"
        "        time.sleep(100)\n"
        "    os._exit(0)\n"
        "time.sleep(0.1)"
    )
    with sandbox.open(submission) as impl:
        impl.begin()
        if sandbox.isolation.level == "process":
            impl.run(code)
        else:
            with pytest.raises(ImplementationRaised):
                impl.run(code)
    names = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                names.append((entry / "comm").read_text().strip())
            except OSError:
                continue
    assert marker[:15] not in names


def test_deep_folders_are_removed(sandbox: Sandbox, submission: Path) -> None:
    code = "import os\nfor k in range(400):\n    os.mkdir('d'); os.chdir('d')\nos.mkdir('e', 0)"
    with sandbox.open(submission) as impl:
        impl.begin()
        impl.run(code)
        scratch = impl._worker.scratch  # type: ignore[union-attr]
    assert not scratch.exists()
