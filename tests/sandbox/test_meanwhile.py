"""Work is done while the first fork server starts, and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.checker.contract import Contract
from autograder.sandbox.outside.remote import Sandbox

MOST = 30.0  # seconds


def test_work_goes_on_until_the_jail_is_ready(course: tuple[Path, Contract]) -> None:
    done = []

    def steps() -> Iterator[None]:
        ends = time.monotonic() + MOST
        while time.monotonic() < ends:
            done.append(len(done))
            time.sleep(0.001)
            yield
        pytest.fail("nobody looked whether the jail was ready")

    with Sandbox(course[1], meanwhile=steps()):
        assert done


def test_little_work_is_done_whole(course: tuple[Path, Contract]) -> None:
    done = []

    def steps() -> Iterator[None]:
        done.append("first")
        yield
        done.append("second")

    with Sandbox(course[1], meanwhile=steps()):
        assert done in (["first", "second"], ["first"])


def test_what_goes_wrong_ends_the_jail(course: tuple[Path, Contract]) -> None:
    made: list[Sandbox] = []

    class Kept(Sandbox):
        def __new__(cls, *_: object, **__: object) -> Kept:
            made.append(super().__new__(cls))
            return made[-1]

    def steps() -> Iterator[None]:
        yield
        raise ValueError("no such file")

    with pytest.raises(ValueError, match="no such file"):
        Kept(course[1], meanwhile=steps())
    assert not made[0]._workers.alive
    assert not any(root.exists() for root in made[0]._stage.roots)
