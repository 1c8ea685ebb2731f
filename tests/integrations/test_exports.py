"""Exports, read back by a CSV or XML reader."""

import csv
import io
import shutil
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from autograder.commands.cli import run
from autograder.documents.results import CheckResult, Diagnosis, Handed, Result, Versions
from autograder.documents.tables import cell, uncell
from autograder.gradebook.attempts import Gradebook
from tests.desk import TINY

DUE = datetime(2026, 6, 1, 11, tzinfo=UTC)
POLICY = """
[late]
per_day_percent = 10

[deadlines]
"""
ROSTER = """student,name,email,section,canvas_id,sis_user_id,sis_login_id
ada,"King, Ada",Ada@example.org,"A, B",41,S-1,adaking
bob,"O'Brien, ""Bob"" B",bob@example.org,B,42,=1+1,bobm
cy,李 小龙,cy@example.org,B,43,S3,cyli
dee,"=cmd|' /C calc'!A0",dee@example.org,B,44,S4,dee
zoe,"Ünal, Zoë",zoe@example.org,B,45,S5,zu
"""
CHECKS = (
    CheckResult("test_a", "double", "a table", "hidden", 1.0, 1.0, 1.0, "passed"),
    CheckResult(
        *("test_b", "double_backward", "its <gradient> & more", "hidden", 1.0, 0.0, 3.0),
        "wrong_value",
        "y is wrong\x1b[2J",
        "worst at [0]: yours 1, expected 2",
        Diagnosis("one_copy", "One copy <only>.", "1.2"),
        seconds=0.5,
    ),
)


def graded(student, score, when=DUE, **changes):
    whole = {
        "assignment": "01_double",
        "assignment_title": "Twice as much",
        "assignment_digest": "a" * 64,
        "student": student,
        "members": (student,),
        "submission": Handed(f"{student}.zip", f"digest of {student}", when),
        "status": "graded",
        "raw_score": score,
        "score": score,
        "max_score": 4.0,
        "versions": Versions("1", "3.11", "2.4", "Linux"),
        "checks": CHECKS,
        "functions": {"double": 1.0, "double_backward": 3.0},
        "graded_at": DUE,
    }
    return Result(**(whole | changes))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A course with a gradebook and a roster, and this folder as the one we are in."""
    course = tmp_path / "course"
    shutil.copytree(TINY, course)
    toml = course / "assignments" / "course.toml"
    toml.write_text(toml.read_text().replace("[deadlines]", POLICY))
    results = tmp_path / "results"
    results.mkdir()
    (results / "roster.csv").write_text(ROSTER, encoding="utf-8")
    with Gradebook(results / "gradebook.sqlite") as book:
        book.record(graded("ada", 4.0), "k")
        book.record(graded("bob", 2.5, DUE + timedelta(hours=30)), "k")
        book.record(graded("cy", 1.0), "k")
        book.record(graded("dee", 0.0, status="refused", reason="<a link>", checks=()), "k")
    monkeypatch.chdir(course)
    return tmp_path


def export(desk, form, *arguments, code=0):
    target = desk / f"{form}.out"
    assert run(["export", form, "--results", str(desk / "results"), *arguments]) == code
    return target


def rows_of(desk, form, *arguments):
    """The file, as a CSV reader reads it."""
    target = desk / "out.csv"
    export(desk, form, "--to", str(target), *arguments)
    with target.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def adjust(desk, *arguments, code=0):
    command = ["adjust", *arguments, "--who", "me", "--results", str(desk / "results")]
    assert run(command) == code


def test_canvas_takes_identity_and_scores(desk):
    rows = rows_of(desk, "canvas", "01", "--id", "01=4711")
    title = "01 Twice as much (4711)"
    assert rows == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title],
        ["    Points Possible", "", "", "", "", "4.0"],
        ["King, Ada", "41", "S-1", "adaking", "A, B", "4.0"],
        ['O\'Brien, "Bob" B', "42", "'=1+1", "bobm", "B", "1.7"],
        ["李 小龙", "43", "S3", "cyli", "B", "1.0"],
        ["'=cmd|' /C calc'!A0", "44", "S4", "dee", "B", "0.0"],
        ["Ünal, Zoë", "45", "S5", "zu", "B", ""],
    ]


def test_a_title_of_the_schools_own(desk):
    rows = rows_of(desk, "canvas", "--title", "01=Homework, first")
    assert rows[0][-1] == "Homework, first"


def test_moodle_takes_identity_grade_and_feedback(desk):
    adjust(desk, "01", "ada", "1.5", "--why", "written task")
    rows = rows_of(desk, "moodle", "01")
    assert rows[0] == [
        *("First name", "Last name", "ID number", "Username", "Email address"),
        *("01 Twice as much", "01 Twice as much (feedback)"),
    ]
    by_email = {row[4]: row for row in rows[1:]}
    assert list(by_email) == ["Ada@example.org", *(f"{one}@example.org" for one in DONE)]
    assert by_email["Ada@example.org"][:2] == ["Ada", "King"]
    assert by_email["Ada@example.org"][5] == "5.5"
    text = by_email["Ada@example.org"][6]
    assert text.startswith("5.5 / 4; checks 4.0; adjustment +1.5 (written task)")
    assert "double_backward: One copy &lt;only&gt;." in text
    assert "lateness -0.8 (2 days late; 10 % of the points a day)" in by_email["bob@example.org"][6]
    assert "could not be graded" in by_email["dee@example.org"][6]


DONE = ("bob", "cy", "dee")


def test_gradescopes_columns(desk):
    rows = rows_of(desk, "gradescope")
    assert rows[0][:6] == [
        *("First Name", "Last Name", "SID", "Email", "Sections"),
        "01 Twice as much",
    ]
    bob = dict(zip(rows[0], rows[2], strict=True))
    assert bob["01 Twice as much"] == "1.7"
    assert bob["01 Twice as much - Max Points"] == "4.0"
    assert bob["01 Twice as much - Submission Time"] == "2026-06-02 17:00:00 +0000"
    assert bob["01 Twice as much - Lateness (H:M:S)"] == "30:00:00"
    assert bob["Total Lateness (H:M:S)"] == "30:00:00"


def test_nbgraders_columns(desk):
    adjust(desk, "01", "bob", "-0.5", "--why", "oral")
    rows = rows_of(desk, "nbgrader")
    bob = dict(zip(rows[0], rows[2], strict=True))
    assert (bob["student_id"], bob["first_name"], bob["last_name"]) == ("bob", '"Bob" B', "O'Brien")
    assert (bob["raw_score"], bob["late_submission_penalty"], bob["score"]) == ("2.0", "0.8", "1.2")
    zoe = dict(zip(rows[0], rows[5], strict=True))
    assert (zoe["timestamp"], zoe["score"], zoe["max_score"]) == ("", "0.0", "4.0")


def test_the_plain_table_keeps_everything_apart(desk):
    adjust(desk, "01", "bob", "-0.5", "--why", "-oral, and more")
    adjust(desk, "01", "zoe", "2", "--why", "written task")
    rows = rows_of(desk, "csv")
    found = {row[1]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    bob, zoe = found["bob"], found["zoe"]
    assert [bob[name] for name in ("checks", "lateness", "adjustment", "score")] == [
        *("2.5", "-0.8", "-0.5", "1.2")
    ]
    assert bob["why"].endswith("-oral, and more (-0.5)")
    assert (zoe["status"], zoe["checks"], zoe["score"]) == ("nothing handed in", "", "2.0")


def test_junit_is_xml_and_says_what_students_may_see(desk, capsys):
    export(desk, "junit", "01")
    text = capsys.readouterr().out
    root = ElementTree.fromstring(text)
    assert (root.get("tests"), root.get("failures")) == ("7", "4")
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [f"01_double/{name}" for name in ("ada", "bob", "cy", "dee")]
    bob = suites["01_double/bob"]
    scores = {one.get("name"): one.get("value") for one in bob.iter("property")}
    assert scores == {"attempt": "1", "raw_score": "2.5", "score": "1.7", "max_score": "4"}
    right, wrong = bob.findall("testcase")
    assert right.find("failure") is None
    assert wrong.get("name") == "its <gradient> & more"
    failure = wrong.find("failure")
    assert failure.get("type") == "wrong_value"
    assert "One copy <only>." in failure.text
    assert "expected 2" not in text
    assert "\x1b" not in text
    refused = suites["01_double/dee"].find("testcase/failure")
    assert refused.get("message") == "<a link>"


def test_members_of_a_group_have_a_line_each(desk):
    with Gradebook(desk / "results" / "gradebook.sqlite") as book:
        book.record(graded("eve+zoe", 3.0, members=("eve", "zoe")), "k")
    rows = rows_of(desk, "csv")
    found = {row[1]: row for row in rows[1:]}
    place = rows[0].index("score")
    assert (found["eve"][place], found["zoe"][place]) == ("3.0", "3.0")


def test_somebody_with_two_marks_is_told(desk, capsys):
    with Gradebook(desk / "results" / "gradebook.sqlite") as book:
        book.record(graded("ada+zoe", 3.0, members=("ada", "zoe")), "k")
    export(desk, "csv", code=2)
    assert 'ada has two marks in 01_double, as "ada" and as "ada+zoe"' in capsys.readouterr().err


def test_those_without_a_grade_or_a_line_in_the_roster_are_named(desk, capsys):
    with Gradebook(desk / "results" / "gradebook.sqlite") as book:
        book.record(graded("pat", None, status="grader_error", raw_score=None), "k")
    lines = "student,assignment,deadline\nbobb,01,2027-01-18T20:00\n"
    (desk / "results" / "extensions.csv").write_text(lines)
    export(desk, "canvas")
    told = capsys.readouterr()
    assert "name bobb, whom neither the gradebook nor a roster knows" in told.err
    assert "With grades, but not in" in told.err
    assert "The grader failed on pat in 01_double: no grade is written" in told.err
    rows = list(csv.reader(io.StringIO(told.out)))
    assert rows[-1] == ["pat", "", "", "pat", "", ""]


def test_canvas_own_export_is_a_roster(desk):
    path = desk / "canvas.csv"
    path.write_text(
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Old (1)\n"
        "    Points Possible,,,,,10\n"
        '"King, Ada",41,S1,ada,A,3\n'
        '"Student, Test",99,,abc,A,\n',
        encoding="utf-8",
    )
    rows = rows_of(desk, "canvas", "--roster", str(path))
    assert rows[2][:5] == ["King, Ada", "41", "S1", "ada", "A"]
    assert [row[0] for row in rows[3:]] == ["bob", "cy", "dee"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["canvas", "02"], "has no results of 02_sums"),
        (["canvas", "01_duble"], 'did you mean "01_double"?'),
        (["canvas", "--id", "01=x1"], "digits only"),
        (["canvas", "--id", "01"], "write ASSIGNMENT=…"),
        (["canvas", "--roster", "nowhere.csv"], "nowhere.csv can't be read"),
        (["canvas", "--gradebook", "nowhere.sqlite"], "There is no gradebook nowhere.sqlite"),
        (["excel"], "'excel' is not one of"),
    ],
)
def test_wrong_usage_is_told(desk, capsys, arguments, words):
    assert run(["export", "--results", str(desk / "results"), *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("text", ["=1", "+1", "-x", "@a", "\t=1", "\r=1", "plain", "'quoted", "-1"])
def test_escaped_cells_come_back(text):
    assert uncell(cell(text)) == text
    assert cell(text)[0] not in "=+@\t\r"
