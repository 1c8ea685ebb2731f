"""The filter, run by a small machine of our own, for both architectures."""

from __future__ import annotations

import errno

import pytest

from autograder.sandbox.jail import seccomp
from autograder.sandbox.jail.syscalls import ARCHITECTURES, numbers

EPERM = seccomp.ERRNO | errno.EPERM
ENOSYS = seccomp.ERRNO | errno.ENOSYS

# from the kernel's headers: x86-64, aarch64
FORBIDDEN = {
    "socket": (41, 198),
    "connect": (42, 203),
    "socketpair": (53, 199),
    "sendmsg": (46, 211),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "memfd_create": (319, 279),
    "perf_event_open": (298, 241),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "symlink": (88, None),
    "link": (86, None),
    "mknodat": (259, 33),
    "setuid": (105, 146),
    "rt_sigqueueinfo": (129, 138),
    "inotify_init1": (294, 26),
    "setsid": (112, 157),
}
NEW = {"clone3": 435, "io_uring_setup": 425, "pidfd_open": 434, "openat2": 437, "pidfd_getfd": 438}


def run(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the kernel would answer."""
    data = {
        seccomp.NUMBER: number,
        seccomp.ARCHITECTURE: ARCHITECTURES[machine][0] if audit is None else audit,
    }
    data |= {seccomp.ARGUMENTS + 8 * k: value & 0xFFFFFFFF for k, value in enumerate(arguments)}
    program = seccomp.build(machine, pid=77)
    position = accumulator = 0
    while True:
        code, yes, no, value = program[position]
        position += 1
        if code == seccomp.RETURN:
            return value
        if code == seccomp.LOAD:
            accumulator = data.get(value, 0)
        elif code == seccomp.MASK:
            accumulator &= value
        else:
            holds = {
                seccomp.JUMP_EQUAL: accumulator == value,
                seccomp.JUMP_ABOVE: accumulator > value,
                seccomp.JUMP_BITS: bool(accumulator & value),
            }[code]
            position += yes if holds else no


@pytest.mark.parametrize("machine", list(ARCHITECTURES))
class TestBothArchitectures:
    def test_forbidden_calls_are_refused(self, machine: str) -> None:
        for name, both in FORBIDDEN.items():
            number = both[ARCHITECTURES[machine][1]]
            if number is not None:
                assert run(machine, number) == EPERM, name

    def test_new_calls_do_not_exist(self, machine: str) -> None:
        for name, number in NEW.items():
            assert run(machine, number) == ENOSYS, name

    def test_ordinary_calls_are_allowed(self, machine: str) -> None:
        calls = numbers(machine)
        for name in ("read", "write", "futex", "munmap", "openat", "exit_group", "getrandom"):
            assert run(machine, calls[name]) == seccomp.ALLOW, name

    def test_threads_but_no_processes(self, machine: str) -> None:
        clone = numbers(machine)["clone"]
        assert run(machine, clone, 0x3D0F00) == seccomp.ALLOW
        assert run(machine, clone, 0x01200011) == EPERM
        assert run(machine, clone, 0x10000011) == EPERM

    def test_signals_to_oneself_only(self, machine: str) -> None:
        calls = numbers(machine)
        for name in ("kill", "tgkill", "tkill"):
            assert run(machine, calls[name], 77, 77, 6) == seccomp.ALLOW
            for other in (1, 78, 0, -1):
                assert run(machine, calls[name], other, 77, 6) == EPERM

    def test_arguments_that_matter(self, machine: str) -> None:
        calls = numbers(machine)
        assert run(machine, calls["mmap"], 0, 4096, 3, 0x22) == seccomp.ALLOW
        assert run(machine, calls["mmap"], 0, 4096, 3, 0x21) == EPERM
        assert run(machine, calls["mmap"], 0, 4096, 3, 0x01) == seccomp.ALLOW
        assert run(machine, calls["fcntl"], 1, 3) == seccomp.ALLOW
        assert run(machine, calls["fcntl"], 1, 8) == EPERM  # F_SETOWN
        assert run(machine, calls["ioctl"], 1, 0x5401) == seccomp.ALLOW
        assert run(machine, calls["ioctl"], 1, 0x5412) == EPERM  # TIOCSTI
        assert run(machine, calls["prctl"], 15) == seccomp.ALLOW
        assert run(machine, calls["prctl"], 1) == EPERM  # the signal at the parent's death
        assert run(machine, calls["prlimit64"], 0) == seccomp.ALLOW
        assert run(machine, calls["prlimit64"], 1) == EPERM

    def test_another_architecture_is_killed(self, machine: str) -> None:
        assert run(machine, 0, audit=0x40000003) == seccomp.KILL

    def test_no_jump_is_too_long(self, machine: str) -> None:
        for _, yes, no, _ in seccomp.build(machine, 1):
            assert 0 <= yes < 256
            assert 0 <= no < 256


def test_x32_calls_are_killed() -> None:
    assert run("x86_64", seccomp.X32_BIT | 1) == seccomp.KILL
