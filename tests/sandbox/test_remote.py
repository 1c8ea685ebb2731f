"""Calls into a worker: data, exceptions, warnings, mutations, and what is no data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checker.contract import Contract, Function
from autograder.checker.outcome import (
    Generator,
    ImplementationMissing,
    ImplementationRaised,
    ImplementationStopped,
    Unsupported,
    WrongStructure,
)
from autograder.errors import UsageProblem
from autograder.sandbox.outside.answers import read_answer
from autograder.sandbox.outside.remote import Sandbox
from autograder.sandbox.wire import frames
from autograder.sandbox.wire.encoder import encode

from .conftest import write_package


def test_values_of_every_kind_come_back(sandbox: Sandbox, submission: Path) -> None:
    value = {"a": [1, 2.5, None, True, "é", (1,)], "x": np.arange(6.0, dtype=np.float32)}
    with sandbox.open(submission) as impl:
        impl.begin()
        got = impl.other(value)
        assert got["a"] == value["a"]
        assert got["x"].dtype == np.float32
        assert got["x"].tolist() == value["x"].tolist()
        assert type(impl.other(np.float32(2))) is np.float32
        assert impl.other(x=3) == 3
        assert impl.run("import numpy as np; result = args[0] is np.float32", np.float32)


def test_caches_stay_in_the_worker(sandbox: Sandbox, submission: Path) -> None:
    with sandbox.open(submission) as impl:
        impl.begin()
        y, cache = impl.keep(np.ones(2))
        assert y.tolist() == [1, 1]
        assert impl.keep_backward(np.ones(2), cache).tolist() == [2, 2]


def test_a_generator_is_the_one_of_its_seed(best: Sandbox, submission: Path) -> None:
    with best.open(submission) as impl:
        impl.begin()
        got = impl.run("result = args[0].normal(size=3)", Generator(7))
    assert got.tolist() == np.random.default_rng(7).normal(size=3).tolist()


def test_an_exception_tells_its_line(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = write_package(
        tmp_path / "s",
        running="class Own(ValueError):\n    pass\n\ndef other(x):\n    raise Own(f'bad {x}')\n",
    )
    with sandbox.open(folder) as impl:
        impl.begin()
        with pytest.raises(ImplementationRaised) as caught:
            impl.other(3)
    assert caught.value.kinds[:2] == ("Own", "ValueError")
    assert caught.value.message == "bad 3"
    assert caught.value.where == "running.py, line 5: raise Own(f'bad {x}')"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import sys; sys.exit()", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseException('x')", "BaseException"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("class E(Exception):\n  def __str__(self): 1/0\nraise E", "E"),
        ("raise ValueError('x' * 10**7)", "ValueError"),
        ("raise NotImplementedError('later')", "NotImplementedError"),
        ("raise ExceptionGroup('g', [ValueError(1)])", "ExceptionGroup"),
    ],
)
def test_anything_raised_is_reported(best: Sandbox, submission: Path, code: str, kind: str) -> None:
    with best.open(submission) as impl:
        impl.begin()
        with pytest.raises(ImplementationRaised) as caught:
            impl.run(code)
        assert caught.value.kinds[0] == kind
        assert len(caught.value.message) <= 500
        assert impl.other(1) == 1


def test_a_broken_module_leaves_the_others_alone(best: Sandbox, tmp_path: Path) -> None:
    folder = write_package(
        tmp_path / "s", running="def other(x): return x\n", scaling="x = 1\ndef scale(x:\n"
    )
    with best.open(folder) as impl:
        impl.begin()
        assert impl.other(1) == 1
        with pytest.raises(ImplementationRaised) as caught:
            impl.scale(np.ones((1, 1)))
        with pytest.raises(ImplementationMissing, match=r"running\.py has no function run"):
            impl.run("")
    assert "SyntaxError" in caught.value.kinds
    assert caught.value.where.startswith("scaling.py, line 2")


def test_a_missing_file_is_named(best: Sandbox, tmp_path: Path) -> None:
    with best.open(write_package(tmp_path / "s")) as impl:
        impl.begin()
        with pytest.raises(ImplementationMissing, match=r"tinycourse/running\.py is missing"):
            impl.other(1)


def test_changed_arguments_are_named(best: Sandbox, submission: Path) -> None:
    code = "args[0][0] = 5; result = 1"
    with best.open(submission) as impl:
        impl.begin()
        function = impl.contract.functions["run"]
        x = np.zeros(3)
        assert impl.invoke(function, (code, x, x), {}).mutated == ("argument 2",)
        assert impl.invoke(function, ("args[0]['w'] += 1", {"w": x}), {}).mutated == ("argument 2",)
        assert impl.invoke(function, ("args[0]['w'] + 1", {"w": x}), {}).mutated == ()
        reordered = "args[0]['a'] = args[0].pop('a')"
        assert impl.invoke(function, (reordered, {"a": x, "b": 1}), {}).mutated == ()
        assert x.tolist() == [0, 0, 0]


def test_warnings_carry_the_students_line(best: Sandbox, tmp_path: Path) -> None:
    source = "import numpy as np\ndef other(x):\n    np.mean([])\n    return np.exp(x * 1e5)\n"
    with best.open(write_package(tmp_path / "s", running=source)) as impl:
        impl.begin()
        result = impl.invoke(impl.contract.functions["other"], (np.ones(1),), {})
    assert "RuntimeWarning: overflow encountered in exp (running.py, line 4)" in result.warnings
    assert "RuntimeWarning: Mean of empty slice (running.py, line 3)" in result.warnings


def test_a_wrong_structure_is_told(best: Sandbox, tmp_path: Path) -> None:
    source = "def keep(x):\n    return x\ndef keep_backward(dy, cache):\n    return dy\n"
    with best.open(write_package(tmp_path / "s", running=source)) as impl:
        impl.begin()
        with pytest.raises(WrongStructure, match=r"keep returned numpy\.ndarray; expected 2"):
            impl.keep(np.ones(2))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import numpy as np; result = np.matrix([[1.0]])", "numpy.matrix"),
        ("import numpy as np; result = np.ma.masked_all(3)", "numpy.ma.MaskedArray"),
        ("import numpy as np; result = np.zeros(2, complex)", "numpy.ndarray"),
        ("import numpy as np; result = np.zeros(2, object)", "numpy.ndarray"),
        ("import numpy as np; result = np.broadcast_to(1.0, (2**20, 2**20))", "numpy.ndarray"),
        ("import numpy as np\nclass A(np.ndarray): pass\nresult = np.ones(2).view(A)", "A"),
        ("class F(float): pass\nresult = F(1)", "F"),
        ("result = (k for k in range(3))", "generator"),
        ("result = {1: 2}", "dict"),
        ("result = 2**70", "int"),
        ("result = float", "type"),
        ("import numpy as np; result = np.dtype('f4')", "numpy.dtype"),
        ("x = result = []\nx.append(x)", "list"),
        ("import kit_sandbox.wire.frames as w; result = w.Unsupported('q', 'r')", "q"),
    ],
)
def test_what_is_not_data_is_marked(best: Sandbox, submission: Path, code: str, kind: str) -> None:
    with best.open(submission) as impl:
        impl.begin()
        got = impl.run(code)
        while type(got) is list:
            got = got[0]
        assert type(got) is Unsupported
        assert got.type_name.split(".")[-1] == kind.split(".")[-1]


def test_prints_are_kept_and_never_block(sandbox: Sandbox, submission: Path) -> None:
    with sandbox.open(submission) as impl:
        impl.begin()
        impl.run("print('hello \\x1b[31m')")
        assert impl.log == "hello \\x1b[31m\n"
        impl.run("import sys\nfor _ in range(3000): print('x' * 100, file=sys.stderr)")
        assert impl.other(2) == 2
        assert len(impl.log) <= 65536 + 16


def test_a_course_package_must_not_shadow_python(course: tuple[Path, Contract]) -> None:
    with pytest.raises(UsageProblem, match="can't be called random"):
        Sandbox(Contract("random", course[1].functions))


def test_a_compiled_file_is_never_read(best: Sandbox, tmp_path: Path) -> None:
    import py_compile

    folder = write_package(tmp_path / "s", running="def other(x): return 'forged'\n")
    source = folder / "tinycourse" / "running.py"
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.write_text("def other(x): return 'source'\n")
    with best.open(folder) as impl:
        impl.begin()
        assert impl.other(1) == "source"


def test_a_submission_shadows_nothing(best: Sandbox, tmp_path: Path) -> None:
    source = (
        "import numpy, random, json, helper\ndef other(x): return helper.f(numpy, random, json)"
    )
    folder = write_package(tmp_path / "s", running=source)
    for name in ("numpy", "random", "json", "sitecustomize", "usercustomize", "conftest"):
        (folder / f"{name}.py").write_text("raise RuntimeError('shadowed')\n")
    (folder / "helper.py").write_text("def f(*m): return [x.__name__ for x in m]\n")
    with best.open(folder) as impl:
        impl.begin()
        assert impl.other(1) == ["numpy", "random", "json"]


heads = st.one_of(
    st.tuples(
        st.sampled_from(["value", "raised", "missing", "structure", "x"]),
        st.one_of(st.just(1), st.integers(), st.just(np.ones(3)), st.none()),
        st.one_of(st.just(()), st.text(), st.none(), st.just(("a", "b")), st.just((1,))),
        st.one_of(st.just(()), st.text(), st.just(np.ones(2))),
        *[st.text()] * 2,
    ).flatmap(lambda head: st.sampled_from([head[:k] for k in range(7)])),
    st.just(np.ones(4)),
    st.just((np.ones(4), np.ones(4))),
)


@settings(max_examples=2000, deadline=None)
@given(heads, st.lists(st.sampled_from([1.0, frames.Handle(1), np.float32, np.ones(2), "x"])))
def test_any_answer_is_a_result_or_a_refusal(head: Any, parts: list[Any]) -> None:
    function = Function("f", "m", ("value", "opaque"))
    try:
        read_answer(encode([head, *parts]), function, 1, 1, 512)
    except (
        *(ImplementationMissing, ImplementationRaised, ImplementationStopped),
        *(WrongStructure, frames.WireError),
    ):
        return
