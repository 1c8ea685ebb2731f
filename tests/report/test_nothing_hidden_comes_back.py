"""Code that tells what it was given: two secrets give two logs, and one and the same feedback.

Each submission here sends an argument of the hidden checks out by another way. Graded with two
secrets, its hidden inputs differ, and so does what instructors read; what students read does not.
"""

import json
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from autograder.checker.compare import Expected, Rules
from autograder.documents.results import read
from autograder.integrations.gradescope.document import document
from autograder.integrations.nbgrader.desk import cell_grades
from autograder.report.feedback import feedback
from tests.desk import BACKWARD, Desk

HEAD = """
import linecache, os, sys, warnings
import numpy as np

def number(x):
    return abs(int(np.ravel(x)[0] * 1024))

def double(x):
    n = number(x)
"""
LEAKS = {
    "prints": "    print('LOOT', x.tolist())\n    return x + x, None\n",
    "prints_and_fails": "    print('LOOT', x.tolist())\n    return x, None\n",
    "raises": "    raise ValueError(f'LOOT {x.tolist()}')\n",
    "warns": "    warnings.warn(f'LOOT {x.tolist()}')\n    return x, None\n",
    "names_a_class": "    raise type(f'LOOT{n}', (Exception,), {})()\n",
    "names_a_file": (
        "    exec(compile('raise ValueError', __file__.replace('double', f'LOOT{n}'), 'exec'))\n"
    ),
    "names_a_line": "    exec(compile('\\n' * (99 + n) + 'raise ValueError', __file__, 'exec'))\n",
    "rewrites_its_source": (
        "    linecache.cache[__file__] = 1, None, [f'LOOT{n}\\n'] * 99, __file__\n"
        "    raise ValueError\n"
    ),
    "names_a_type": "    return type(f'LOOT{n}', (), {})(), None\n",
    "shapes": "    return np.zeros((0, 1000 + n)), None\n",
    "counts_parts": "    return (1.0,) * (1000 + n)\n",
    "exits": "    os._exit(n % 200)\n",
}
SECRETS = ("the first secret of these tests\n", "the second secret of these tests\n")


@pytest.fixture(scope="module")
def graded(tmp_path_factory, scratch):
    """The same submissions, graded with two secrets."""
    desks = []
    for number, secret in enumerate(SECRETS):
        desk = Desk(tmp_path_factory.mktemp(f"desk{number}"), scratch)
        (desk.folder / "secret").write_text(secret)
        for name, body in LEAKS.items():
            desk.hand_in(name, {"arithmetic/double.py": HEAD + body + "\n\n" + BACKWARD})
        desk.grade()
        desks.append(desk)
    return desks


def results(graded, name):
    return [read(desk.results / "01_double" / f"{name}.json") for desk in graded]


def as_files(desk, result):
    return (desk.results / "01_double" / f"{result.student}.md").read_text()


def as_nbgrader(desk, result):
    return "\n".join(
        f"{cell.points} {cell.text}" for cell in cell_grades(desk.course, result).values()
    )


def as_gradescope(desk, result):
    del desk
    return json.dumps(document(result, "cause", 1.0) | {"extra_data": {}})


def as_otter(desk, result):
    pytest.importorskip("otter")
    from autograder.integrations.otter.outcome import fill

    del desk
    said = []
    questions = {}
    fill(
        SimpleNamespace(clear_results=lambda: None, results=questions, set_output=said.append),
        result,
        "cause",
    )
    said += [case.message for one in questions.values() for case in one.test_case_results]
    return "\n".join(said)


def as_junit(desk, result):
    target = desk.folder / "junit.xml"
    if not target.exists():
        done = desk.run("export", "junit", "01", "--course", desk.course, "--to", target)
        assert done.returncode == 0, done.stderr
    root = ElementTree.fromstring(target.read_text())
    (suite,) = [one for one in root if one.get("name") == f"01_double/{result.student}"]
    suite.attrib.pop("timestamp")
    return ElementTree.tostring(suite, encoding="unicode")


DOORS = {
    "files": as_files,
    "nbgrader": as_nbgrader,
    "gradescope": as_gradescope,
    "otter": as_otter,
    "junit": as_junit,
}


@pytest.mark.parametrize("leak", LEAKS)
def test_instructors_read_what_the_code_said(graded, leak):
    one, other = results(graded, leak)
    said = [
        (result.log, [(c.message, c.details, c.warnings) for c in result.checks])
        for result in (one, other)
    ]
    assert said[0] != said[1]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("leak", LEAKS)
def test_students_read_the_same_whatever_the_inputs(graded, leak, door):
    texts = [
        DOORS[door](desk, result)
        for desk, result in zip(graded, results(graded, leak), strict=True)
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) > 40


def test_full_disclosure_shows_it_and_so_the_tests_above_can_fail(graded):
    for leak in ("prints", "raises", "warns"):
        one, other = (feedback(result, "full") for result in results(graded, leak))
        assert "LOOT" in one
        assert one != other


def test_type_and_own_line_of_an_exception_remain(graded):
    text = graded[0].feedback("raises")
    assert "ValueError" in text
    assert "in double.py, line 10: raise ValueError(f'LOOT {x.tolist()}')" in text
    assert "LOOT [[" not in text


def test_what_is_printed_on_public_checks_is_shown(graded):
    text = graded[0].feedback("prints")
    shown = text.partition("What your code printed on the public checks")[2]
    assert shown.count("LOOT") == 1  # the tiny course has one public check
    assert results(graded, "prints")[0].log.count("LOOT") == 4


def test_keys_counts_and_shapes_of_nested_results_are_not_told():
    expected = Expected({"grads": {"w": np.ones(2)}, "list": [np.ones(2)]}, Rules())
    got = {"grads": {"w": np.ones(2), "LOOT": 1.0}, "list": [np.ones(2)] * 4321}
    keys, count = expected.differences(got)
    assert "LOOT" in keys.text
    assert keys.told == "grads has keys too many"
    assert "4321" in count.text
    assert count.told == "list should have 1 items"
    (shape,) = Expected({"y": np.ones((2, 3))}, Rules()).differences({"y": np.ones((3, 2))})
    assert shape.told == "y has shape (3, 2); expected (2, 3)"  # a mistake people make


def test_an_own_exception_class_is_named(desk):
    body = "    raise NoTable('LOOT')\n\n\nclass NoTable(Exception):\n    pass\n\n\n"
    desk.hand_in("ada", {"arithmetic/double.py": HEAD + body + BACKWARD})
    desk.grade()
    assert "NoTable" in desk.feedback("ada")
    assert "NoTable: LOOT" not in desk.feedback("ada")


def test_a_document_of_the_first_version_is_read_and_tells_no_words(graded, tmp_path):
    document = json.loads((graded[0].results / "01_double" / "raises.json").read_text())
    document["schema"] = 1
    document.pop("printed")
    for check in document["checks"]:
        check.pop("told")
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    old = read(path)
    assert "LOOT" not in feedback(old, "cause")
    assert "LOOT" in feedback(old, "full")
