"""An accepted alternative is run where something of its own would run, and nowhere else."""

from types import SimpleNamespace

import numpy as np
import pytest

from autograder.grading.watched import Watched
from autograder.verify.reach import touched

SOLUTION = '''
import numpy as np

from arithmetic import halves

TWO = 2.0
TABLE = {}


def _factor():
    return TWO


def double(x):
    """Twice x."""
    return x * _factor(), None


TABLE["double"] = double


def double_backward(dy, cache):
    """The gradient by x."""
    return dy + dy


def by_name(x):
    return getattr(halves, "half")(x)


def by_table(x):
    return TABLE["double"](x)
'''
HALVES = """
def half(x):
    return x / 2


def quarter(x):
    return half(half(x))
"""
TRAINS = '''

from autograder.checker import at_least


@check(of="double", kind="learning")
def test_it_learns(impl, draw):
    """What is learnt from a long table"""
    return {"right": at_least(float(impl.double(np.ones(50))[0].mean()), 1.5)}
'''
RIGHT_BACKWARD = "def double_backward(dy, cache):\n    return 2.0 * dy\n"
NO_GOOD_FOR_LONG_TABLES = """
def double(x):
    return (x + x if x.size <= 20 else x), None
"""


def led_by(tmp_path, files):
    """The names that lead to what these files of an alternative change."""
    course = SimpleNamespace(solutions=tmp_path / "solutions", package="arithmetic")
    package, way = course.solutions / course.package, tmp_path / "way"
    for folder, content in (package, {"double.py": SOLUTION, "halves.py": HALVES}), (way, files):
        folder.mkdir(parents=True)
        for name, text in content.items():
            (folder / name).write_text(text)
    return touched(course, way)


@pytest.fixture
def written(examined):
    """The tiny course with these files of an accepted alternative, examined."""

    def write(files, **content):
        examination = examined(**content)
        folder = examination.assignment.accepted / "way"
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        return examination

    return write


def problems_of(examination, part):
    found = examination.part(part, mutants=False, advance=lambda *_: None)
    return {proof.title: proof.problems for proof in found.proofs}


@pytest.mark.parametrize(
    ("alternative", "leading"),
    [
        (RIGHT_BACKWARD, {"double_backward"}),
        ("TWO = 4 / 2", {"TWO", "_factor", "double", "TABLE", "by_table"}),
        ("def _new(x):\n    return x\n", set()),
        ("import numpy as np\n\n\n" + RIGHT_BACKWARD, {"double_backward"}),
        ("import halves as np", None),  # whoever says np is led astray
        ("from other import double_backward", {"double_backward"}),
        ("(TWO, more) = 2.0, 0", {"TWO", "more", "_factor", "double", "TABLE", "by_table"}),
    ],
)
def test_what_leads_to_a_change_is_told_by_names(tmp_path, alternative, leading):
    found = led_by(tmp_path, {"double.py": alternative})
    assert "np" in found if leading is None else found == leading


def test_a_name_that_is_looked_up_in_a_module_may_be_any_of_it(tmp_path):
    found = led_by(tmp_path, {"halves.py": "def half(x):\n    return 0.5 * x\n"})
    assert found == {"half", "quarter", "by_name"}


@pytest.mark.parametrize(
    "alternative",
    [
        "print('imported')",
        "double.twice = True",
        "def double_backward(dy, cache):\n    return globals()['double'](dy)[0]\n",
        "def double_backward(dy, cache):\n    return getattr(dy, 'copy')() * 2\n",
        "from halves import *",
    ],
)
def test_where_names_do_not_tell_all_is_run(tmp_path, alternative):
    assert led_by(tmp_path, {"double.py": alternative}) is None


@pytest.mark.parametrize("part", ["proofs", "streams", "jail"])
def test_a_wrong_alternative_is_found_wherever_it_is_run(written, part):
    wrong = "def halve(x):\n    return x\n\n\ndef double(x):\n    return x + x + (x > 0), None\n"
    problems = problems_of(written({"double.py": wrong}), part)
    assert any("way" in line for lines in problems.values() for line in lines)


def test_a_wrong_helper_is_found_by_the_checks_of_who_calls_it(written):
    wrong = "def _factor():\n    return 3.0\n"
    solution = SOLUTION.replace("from arithmetic import halves\n", "")
    way = written({"double.py": wrong}, replace={"double.py": solution + "\n\ndef halve(x): ...\n"})
    assert any(
        "way fails test_a_table" in line
        for line in problems_of(way, "streams")["right ways right on all"]
    )


@pytest.fixture
def trained(monkeypatch):
    """How often a long table was sent into the jail."""
    met = []
    invoke = Watched.invoke

    def heard(self, function, args, kwargs):
        met.append(np.size(args[0]) == 50)
        return invoke(self, function, args, kwargs)

    monkeypatch.setattr(Watched, "invoke", heard)
    return met


def test_training_that_an_alternative_does_not_touch_is_done_once(written, trained):
    way = written({"double.py": RIGHT_BACKWARD}, add={"checks.py": TRAINS})
    assert not problems_of(way, "jail")["the same in the jail"]
    assert sum(trained) == 2  # the solution and the template


def test_an_alternative_that_trains_badly_is_found(written, trained):
    way = written({"double.py": NO_GOOD_FOR_LONG_TABLES}, add={"checks.py": TRAINS})
    (problem,) = problems_of(way, "jail")["the same in the jail"]
    assert problem.startswith("way scores ")
    assert sum(trained) == 3
