"""The student template: what the generator makes, with nothing of the solution in it."""

import ast
import json
import zipfile

import pytest

from autograder.course.course import Course, slug
from autograder.errors import KitError
from autograder.release.handouts import to_html
from autograder.release.stubs import make_stub
from autograder.release.template import assignment_files, template_files, write_files
from tests.desk import kit
from tests.released import changes_as_committed

COURSE = Course.find()
MOST_STRANGE = 50  # of so many fingerprints one may differ: where rounding crosses a border
COMMITTED = COURSE.root / "student_template"


@pytest.fixture(scope="module")
def files():
    return list(template_files(COURSE))


def test_the_committed_template_is_what_the_generator_makes(files):
    made = {str(file.path): file.content for file in files}
    there = {
        str(path.relative_to(COMMITTED)): path.read_bytes()
        for path in COMMITTED.rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache"} & set(path.parts)
    }
    different = {
        name
        for name in made.keys() | there.keys()
        if not same_content(name, made.get(name), there.get(name))
    }
    assert not different, "run `make template` and commit what it changed"


def same_content(name, one, other):
    """The same bytes; recorded numbers may differ as far as machines round differently."""
    if one == other or one is None or other is None or not name.endswith("expected.json"):
        return one == other
    one, other = json.loads(one), json.loads(other)
    prints = [list(fingerprints(record)) for record in (one, other)]
    strange = sum(a != b for a, b in zip(*prints, strict=False))
    if len(prints[0]) != len(prints[1]) or strange > len(prints[0]) / MOST_STRANGE:
        return False
    for record in (one, other):
        record.pop("changes", None)
        for check in record.get("checks", {}).values():
            check["slips"] = {
                name: "" if isinstance(slip, str) else sorted(slip)
                for name, slip in check["slips"].items()
            }
    return same_record(one, other)


def fingerprints(record):
    """All fingerprints and sealed texts of a record, each as one text."""
    for check in record.get("checks", {}).values():
        yield from (slip for slip in check["slips"].values() if isinstance(slip, str))
    for _, *changes in record.get("changes", {}).values():
        for change in changes:
            yield from (text for text in change if text)


def same_record(one, other, allowed=1e-11):
    """Equal but for rounding, which in float32 is what the record's dtype says."""
    if isinstance(one, dict) and isinstance(other, dict):
        allowed = 1e-4 if one.get("dtype") == "float32" else allowed
        return one.keys() == other.keys() and all(
            same_record(one[key], other[key], allowed) for key in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            same_record(*pair, allowed) for pair in zip(one, other, strict=True)
        )
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=allowed, abs=allowed)
    return type(one) is type(other) and one == other


def test_only_rounding_may_differ_between_records():
    one = b'{"a": [1.0, 2], "b": "x"}'
    assert same_content("expected.json", one, b'{"a": [1.0000000000000002, 2], "b": "x"}')
    for other in (
        b'{"a": [1.0000001, 2], "b": "x"}',
        b'{"a": [1.0, 3], "b": "x"}',
        b'{"a": [1.0]}',
    ):
        assert not same_content("expected.json", one, other)
    many = {"checks": {"a": {"slips": {str(k): "ab" for k in range(100)}}}}
    few = json.loads(json.dumps(many))
    few["checks"]["a"]["slips"]["3"] = "ac"
    assert same_content("expected.json", *(json.dumps(r).encode() for r in (many, few)))
    few["checks"]["a"]["slips"] = {str(k): "ac" for k in range(100)}
    assert not same_content("expected.json", *(json.dumps(r).encode() for r in (many, few)))
    assert not same_content("check.py", one, b'{"a": [1.0000000000000002, 2], "b": "x"}')


def stubbed_bodies():
    """The statements of every function that students write, as lines of the solution."""
    for assignment in COURSE.assignments:
        names = {function.name for function in assignment.functions}
        for file in assignment.files:
            source = (COURSE.solutions / COURSE.package / file).read_text(encoding="utf-8")
            lines = source.splitlines()
            nodes = ast.parse(source).body
            given = {
                lines[k - 1].strip()
                for node in nodes
                if getattr(node, "name", None) not in names
                for k in range(node.lineno, node.end_lineno + 1)
            }
            for node in nodes:
                if isinstance(node, ast.FunctionDef) and node.name in names:
                    for statement in node.body[1:]:
                        guard = isinstance(statement, ast.If) and isinstance(
                            statement.body[0], ast.Raise
                        )
                        if not guard:
                            for k in range(statement.lineno, statement.end_lineno + 1):
                                if lines[k - 1].strip() not in given:
                                    yield file, node.name, lines[k - 1].strip()


def test_no_line_of_a_stubbed_body_survives(files):
    """Lines long enough to say something; handouts may show what they teach."""
    code = {
        str(file.path): {line.strip() for line in file.content.decode().splitlines()}
        for file in files
        if file.path.suffix in (".py", ".toml", ".txt", ".ini")
    }
    survivors = [
        (name, function, line)
        for file, function, line in stubbed_bodies()
        if len(line) > 24 and not line.startswith(("_check_", "#"))
        for name, lines in code.items()
        if line in lines and name.startswith(COURSE.package)
    ]
    assert survivors == []


def test_the_template_holds_no_notes_no_hidden_checks_no_solutions(files):
    names = [str(file.path) for file in files]
    for word in (
        "instructor",
        "hidden",
        "accepted",
        "survivors",
        "solutions/",
        "figures/draw.py",
    ):
        assert not [name for name in names if word in name]


def test_extras_are_released_as_they_are_and_their_programs_are_the_students_own(files):
    released = {
        str(file.path.relative_to("assignments")): file
        for file in files
        if file.path.parent.name == "extras"
    }
    assert released["06_transformer_block/extras/bug_hunt.py"].theirs
    assert not released["06_transformer_block/extras/road_from_the_original.md"].theirs
    assert "08_language_model/extras/induction.py" in released
    for name, file in released.items():
        assert file.content == (COURSE.root / "assignments" / name).read_bytes()


def test_every_stub_says_where_to_read(files):
    for assignment in COURSE.assignments:
        stubs = {
            str(f.path): f.content.decode() for f in files if f.path.suffix == ".py" and f.theirs
        }
        for function in assignment.functions:
            module = COURSE.contract.functions[function.name].module
            text = stubs[f"{COURSE.package}/{module}.py"]
            section = assignment.sections[function.section]
            assert f"{function.name} is not written yet: see handout section {section}" in text


def test_handouts_are_self_contained_pages(files):
    pages = [file.content.decode() for file in files if file.path.name == "handout.html"]
    assert len(pages) == len(COURSE.assignments)
    for page in pages:
        assert "<math" in page
        assert "$$" not in page
        for outside in ('src="http', "src='http", "<script", "<link", "@import"):
            assert outside not in page


def test_a_formula_that_cannot_be_shown_is_named(tmp_path):
    with pytest.raises(KitError, match="begin"):
        to_html("$$\\begin{nothing} x$$\n", tmp_path)


def test_anchors_leave_the_number_out():
    assert slug("3.3 The variance also depends on x") == "the-variance-also-depends-on-x"


def test_unpacking_over_ones_work_loses_nothing(tmp_path):
    early, late = COURSE.assignment("03"), COURSE.assignment("04")
    with changes_as_committed():  # and not for the whole file, which is about them
        early, late = (list(assignment_files(COURSE, one)) for one in (early, late))
    write_files(iter(early), tmp_path)
    mine = tmp_path / COURSE.package / "layernorm.py"
    mine.write_text("# my work\n")
    attention = tmp_path / COURSE.package / "attention.py"
    write_files(iter(late), tmp_path)
    attention.write_text("# begun already\n")
    again = write_files(iter(late), tmp_path)
    assert mine.read_text() == "# my work\n"
    assert attention.read_text() == "# begun already\n"
    assert again.kept == (attention,)


def test_one_assignment_holds_only_what_is_new(tmp_path):
    target = tmp_path / "04.zip"
    assert kit("release", "04", "--to", target).returncode == 0
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    assert f"{COURSE.package}/attention.py" in names
    assert all(n.startswith(("transformer/attention", "assignments/04_attention/")) for n in names)


SOURCE = '''"""A module."""

from __future__ import annotations

import functools
import math

import numpy as np

from package.other import thing

_SECRET = math.pi
LIMIT = 3


def asked(x, n=LIMIT):
    """What it does."""
    if n < 1:
        raise ValueError("n")
    _check_x(x)
    # the trick
    y = _helper(x) * _SECRET
    return y
    # a last word


def given(x):
    """Given whole."""
    return _kept(x)


def _check_x(x):
    if x is None:
        raise ValueError(_name(x))


def _name(x):
    return functools.partial(str, x)()


# tells everything
def _helper(x):
    return thing(x)


def _kept(x):
    return np.abs(x)
'''


def test_a_stub_keeps_guards_and_what_they_need_and_nothing_else():
    stub = make_stub(SOURCE, {"asked": 'see "1.2"'})
    assert 'raise NotImplementedError("see \\"1.2\\"")' in stub
    for kept in ("What it does.", 'ValueError("n")', "_check_x(x)", "def _name", "def _kept"):
        assert kept in stub
    for kept in ("import functools", "from __future__", "from package.other", "LIMIT = 3"):
        assert kept in stub
    for gone in ("_helper", "the trick", "a last word", "_SECRET", "tells", "import math"):
        assert gone not in stub
    compile(stub, "stub", "exec")


def test_a_function_that_is_not_there_is_named():
    with pytest.raises(KitError, match="elsewhere"):
        make_stub(SOURCE, {"elsewhere": "x"})
