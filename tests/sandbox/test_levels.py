"""Levels: what is probed, what is demanded, what is said."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder.checker.contract import Contract
from autograder.sandbox.jail import landlock
from autograder.sandbox.outside import levels
from autograder.sandbox.outside.identity import Identities
from autograder.sandbox.outside.levels import (
    Isolation,
    IsolationUnavailable,
    demand,
    find_isolation,
)
from autograder.sandbox.outside.remote import Sandbox


def failing(*names: str) -> Callable[[tuple[str, ...]], Mapping[str, str]]:
    return lambda layers: {name: "it broke" for name in names if name in layers}


def test_the_strongest_that_works_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 7)
    monkeypatch.setattr(levels.seccomp, "supported", lambda: "")
    full = find_isolation(failing(), is_root=True)
    assert str(full) == "uid + landlock + seccomp + namespaces"
    less = find_isolation(failing("namespaces"), is_root=False)
    assert str(less) == "process + landlock + seccomp"
    assert less.missing == {"namespaces": "namespaces: it broke"}
    least = find_isolation(failing("seccomp", "landlock"), is_root=False)
    assert least.level == "process"
    assert set(least.missing) == {"seccomp", "landlock", "namespaces"}


def test_a_kernel_without_landlock_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    monkeypatch.setattr(levels.seccomp, "supported", lambda: "")
    found = find_isolation(failing(), is_root=True)
    assert found.level == "seccomp"
    assert "has no Landlock" in found.missing["landlock"]


def test_the_default_is_for_strangers_code() -> None:
    landlocked, filtered = Isolation("landlock", ()), Isolation("seccomp", ())
    demand(landlocked, None, is_root=False)
    demand(filtered, None, is_root=True)
    demand(filtered, "seccomp", is_root=False)
    with pytest.raises(IsolationUnavailable, match=r"5\.13"):
        demand(filtered, None, is_root=False)
    with pytest.raises(IsolationUnavailable, match="--isolation landlock") as caught:
        demand(landlocked, "namespaces", is_root=True)
    assert caught.value.exit_code == 3


def test_without_landlock_secrets_must_be_closed(tmp_path: Path) -> None:
    for parent in tmp_path.parents:
        if parent.is_relative_to(tempfile.gettempdir()) and parent != Path(tempfile.gettempdir()):
            parent.chmod(0o755)
    tmp_path.chmod(0o755)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    hidden.chmod(0o755)
    filtered = Isolation("seccomp", ())
    with pytest.raises(IsolationUnavailable, match="chmod o-rwx"):
        demand(filtered, None, is_root=True, closed=[hidden])
    hidden.chmod(0o750)
    demand(filtered, None, is_root=True, closed=[hidden])


def test_workers_never_share_a_user() -> None:
    users = [Identities().next() for _ in range(3)]
    assert users == [None] * 3 or len(set(users)) == 3


def test_a_sandbox_refuses_to_start_below(course: tuple[Path, Contract]) -> None:
    with pytest.raises(IsolationUnavailable):
        Sandbox(course[1], at_most="process", at_least="landlock")
    with pytest.raises(IsolationUnavailable):
        Sandbox(course[1], at_most="process")


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_other_systems_are_told(
    monkeypatch: pytest.MonkeyPatch, course: tuple[Path, Contract], system: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    with pytest.raises(IsolationUnavailable, match=system):
        Sandbox(course[1])
