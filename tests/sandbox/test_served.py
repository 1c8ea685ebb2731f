"""Functions served from the reference: seen through every alias, and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autograder.checker.outcome import (
    Generator,
    ImplementationRaised,
    ImplementationStopped,
    Verdict,
)
from autograder.sandbox.outside.remote import Sandbox

from .conftest import STUDENT, write_package

SERVED = {"scale", "scale_backward", "noise"}

USER = """
import functools
from tinycourse.scaling import scale, scale_backward as back, noise
from tinycourse import scaling
TABLE = {"scale": scale}
part = functools.partial(scale, factor=5.0)

def other(x):
    y, cache = TABLE["scale"](x, factor=3.0)
    return [scale(x)[0], scaling.scale(x)[0], part(x)[0], y, back(y, cache)]
"""

WRONG = """
def wrong(f):
    def inner(*a, **k): return f(*a, **k)
    return inner
def scale(x, factor=1.0): return None
@wrong
def scale_backward(dy, cache): return None
class noise: pass
TABLES = [scale, {"n": noise}]
def seen(x): return TABLES[0](x)[0]
"""

EXPECTED = [2.0, 2.0, 5.0, 3.0, 9.0]


@pytest.mark.parametrize("scaling", [WRONG, "def scale(x oops", "1/0", "", None])
def test_every_alias_sees_them(sandbox: Sandbox, tmp_path: Path, scaling: str | None) -> None:
    files = {"running": USER} | ({} if scaling is None else {"scaling": scaling})
    folder = write_package(tmp_path / "s", **files)
    with sandbox.open(folder, served=SERVED) as impl:
        impl.begin()
        got = impl.other(np.ones((2, 3)))
    assert [float(y[0, 0]) for y in got] == EXPECTED


def test_without_serving_the_students_own_runs(best: Sandbox, tmp_path: Path) -> None:
    folder = write_package(tmp_path / "s", running=USER, scaling=WRONG)
    with best.open(folder) as impl:
        impl.begin()
        with pytest.raises(ImplementationRaised):
            impl.other(np.ones((2, 3)))


def test_what_the_reference_raises_is_raised(best: Sandbox, tmp_path: Path) -> None:
    folder = write_package(tmp_path / "s", running=USER)
    with best.open(folder, served=SERVED) as impl:
        impl.begin()
        with pytest.raises(ImplementationRaised, match="expected two axes") as caught:
            impl.other(np.ones(3))
    assert caught.value.kinds[0] == "ValueError"
    assert caught.value.where.startswith("running.py, line 9")


def test_random_streams_go_on(best: Sandbox, tmp_path: Path) -> None:
    source = (
        "from tinycourse.scaling import noise\n"
        "def other(rng): return [noise(rng, 2), noise(rng, 3), rng.normal(size=2)]\n"
    )
    folder = write_package(tmp_path / "s", running=source)
    with best.open(folder, served=SERVED) as impl:
        impl.begin()
        got = impl.other(Generator(5))
    rng = np.random.default_rng(5)
    for part, size in zip(got, (2, 3, 2), strict=True):
        assert part.tolist() == rng.normal(size=size).tolist()


STEAL = """
import kit_sandbox.wire.encoder as e, kit_sandbox.wire.frames as w
import kit_sandbox.wire.decoder as d
def ask(name, *a):
    w.write_frame(6, e.encode([(0, name, len(a), ()), *a]))
    return d.decode(w.read_frame(5))
"""


def test_nothing_else_is_served(best: Sandbox, submission: Path) -> None:
    with best.open(submission, served={"scale"}) as impl:
        impl.begin()
        for name in ("scale_backward", "noise", "run", "__class__", ""):
            got = impl.run(STEAL + f"result = ask({name!r}, args[0])", np.ones((1, 1)))
            assert got[0][:2] == ("raised", "RefusedError")
        got = impl.run(STEAL + "result = ask('scale', args[0])[1]", np.ones((1, 1)))
        assert got.tolist() == [[2.0]]


def test_a_million_calls_end(best: Sandbox, submission: Path) -> None:
    code = STEAL + "x = args[0]\nwhile True: ask('scale', x)"
    with best.open(submission, served={"scale"}) as impl:
        impl.begin()
        with pytest.raises((ImplementationStopped, ImplementationRaised)):
            impl.run(code, np.ones((1, 1)))


@pytest.mark.parametrize("count", [10**9, 10**6])
def test_the_server_has_limits_too(best: Sandbox, submission: Path, count: int) -> None:
    code = f"from tinycourse.scaling import noise\nwhile True: noise(args[0], {count})"
    with best.open(submission, served=SERVED) as impl:
        impl.begin()
        with pytest.raises(ImplementationStopped) as caught:
            impl.run(code, Generator(1))
    expected = Verdict.OUT_OF_MEMORY if count > 10**8 else Verdict.TIMEOUT
    assert caught.value.verdict == expected


def test_a_lost_server_costs_one_check(best: Sandbox, tmp_path: Path) -> None:
    code = "import os; os.write(6, b'\\xff' * 8)\nfrom tinycourse.scaling import scale\nscale(1)"
    folder = write_package(tmp_path / "s", running=STUDENT)
    with best.open(folder, served=SERVED) as impl:
        impl.begin()
        with pytest.raises(ImplementationRaised) as caught:
            impl.run(code)
        assert caught.value.kinds[0] == "ServedGoneError"
        impl.begin()
        code = "from tinycourse.scaling import scale; result = scale(args[0])[0]"
        assert impl.run(code, np.ones((1, 1))).tolist() == [[2.0]]


def test_the_reference_is_not_in_the_worker(sandbox: Sandbox, tmp_path: Path) -> None:
    code = (
        "import gc, sys\n"
        "texts = [str(getattr(o, 'co_filename', '')) for o in gc.get_objects()]\n"
        "from tinycourse.scaling import scale\n"
        "result = [scale.__code__.co_filename, [t for t in texts if 'reference' in t]]"
    )
    folder = write_package(tmp_path / "s", running=STUDENT)
    with sandbox.open(folder, served=SERVED) as impl:
        impl.begin()
        name, texts = impl.run(code)
    assert name.endswith("served.py")
    assert texts == []
