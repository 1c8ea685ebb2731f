"""Extensions, adjustments, rosters and regrading: the files, and the commands."""

import csv

import pytest

from autograder.course.course import Course
from autograder.documents.tables import append_row, read_table
from autograder.errors import UsageProblem
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.roster import Roster
from tests.desk import RIGHT, SLIP, TINY

# The files


def test_lines_are_added_and_nothing_else_is_touched(tmp_path):
    path = tmp_path / "adjustments.csv"
    append_row(path, {"student": "=ada", "points": "-1", "why": 'late, "very"'})
    path.write_bytes(path.read_bytes().rstrip(b"\n"))  # an editor that drops the last line's end
    append_row(path, {"student": "李", "points": "2.5", "why": "x"})
    assert path.read_text(encoding="utf-8") == (
        'student,points,why\n\'=ada,-1,"late, ""very"""\n李,2.5,x\n'
    )
    assert [row["student"] for row in read_table(path).rows] == ["=ada", "李"]


def test_what_a_spreadsheet_saves_is_read(tmp_path):
    path = tmp_path / "adjustments.csv"
    path.write_bytes("\ufeffstudent;points\r\nada;1\r\n;\r\nbob;-2\r\n".encode())
    assert [(row["student"], row["points"]) for row in read_table(path).rows] == [
        ("ada", "1"),
        ("bob", "-2"),
    ]
    append_row(path, {"student": "cy", "points": "3"})
    assert path.read_bytes().endswith(b"bob;-2\r\ncy;3\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("student,assignment,ponts\n", 'unknown column "ponts" (did you mean "points"?)'),
        ("student,assignment\n", 'the column "points" is missing'),
        ("student,assignment,points\nada,01,\n", 'line 2: "points" is empty'),
        ("student,assignment,points\nada,01,two\n", "line 2: 'two' is no number of points"),
        ("student,assignment,points\nada,01,nan\n", "line 2: 'nan' is no number of points"),
        ("student,assignment,points\nada,09,1\n", 'line 2: There is no assignment "09"'),
        ("student,assignment,points\nada,01,1,2\n", "line 2: 4 cells, but the header has 3"),
        ("", "is empty"),
        ("student,assignment,points,when\nada,01,1,soon\n", "line 2: 'soon' is no date and time"),
    ],
)
def test_slips_in_a_file_are_told_with_their_line(tmp_path, text, words):
    (tmp_path / "adjustments.csv").write_text(text)
    with pytest.raises(UsageProblem) as caught:
        Ledger.load(tmp_path, Course.find(TINY))
    assert words in str(caught.value)
    assert "adjustments.csv" in str(caught.value)


# Rosters


def roster(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return Roster.load(path)


def test_uploads_are_known_by_every_name_that_platforms_give_them(tmp_path):
    people = roster(
        tmp_path,
        "student,name,email,canvas_id,uploads\n"
        'aking,"King, Ada",ada@example.org,41,final version;v2\n'
        "bob,Bob Ōno,bono@example.org,,\n",
    )
    for name in ("aking", "ada@example.org", "ADA", "Ada King", "kingada_41", "v2"):
        assert people.of_upload(name) == "aking", name
    for name in ("Bob Ōno_2087", "onobob", "Bob Ōno"):
        assert people.of_upload(name) == ("bob" if "Ō" in name else None)
    assert people.of_upload("kingada_42") is None


def test_a_name_that_two_people_have_is_nobodys(tmp_path):
    people = roster(tmp_path, "student,name\na1,Ada King\na2,Ada King\n")
    assert people.of_upload("Ada King") is None
    assert people.of_upload("a2") == "a2"


@pytest.mark.parametrize(
    ("text", "student", "name"),
    [
        ("Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
         '"King, Ada",41,S1,aking,A\n', "aking", ("Ada", "King")),
        ("First name,Surname,ID number,Email address\nAda,King,S1,ada@example.org\n",
         "ada", ("Ada", "King")),
        ("First Name,Last Name,SID,Email,Sections\nAda,King,S1,ada@example.org,A\n",
         "ada", ("Ada", "King")),
    ],
)  # fmt: skip
def test_downloads_of_platforms_are_rosters(tmp_path, text, student, name):
    people = roster(tmp_path, text).people
    assert [(one.student, one.names) for one in people.values()] == [(student, name)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("student\nada\nAda\n", 'line 3: "Ada" is there already (line 2)'),
        ("student,name\n", "names no students"),
        ("student,section\n,A\n", "line 2: nothing says who this is"),
    ],
)
def test_slips_in_a_roster_are_told(tmp_path, text, words):
    with pytest.raises(UsageProblem) as caught:
        roster(tmp_path, text)
    assert words in str(caught.value)


# The commands


def policy(desk, text):
    toml = desk.course / "assignments" / "course.toml"
    toml.write_text(toml.read_text() + text)


def decide(desk, *arguments, code=0):
    done = desk.run(*arguments, "--course", desk.course, "--results", desk.results)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_from_uploads_to_marks_and_back_to_the_student(desk):
    policy(desk, "\n[late]\nper_day_percent = 10\nfree_days = 1\n")
    desk.hand_in("kingada_41", RIGHT)
    desk.hand_in("bob", RIGHT)
    desk.results.mkdir()
    lines = "student,assignment,deadline\nadda,01,2026-06-02T20:00\n"
    (desk.results / "extensions.csv").write_text(lines)
    (desk.results / "roster.csv").write_text("student,name,canvas_id\nada,Ada King,41\n")
    times = desk.folder / "times.csv"
    times.write_text("student,submitted_at\nada,2026-06-03T18:00\n")
    done = desk.grade(options=["--times", times])
    assert "Not in the roster, graded under the upload's name: bob." in done.stderr
    assert "When 1 of 2 uploads came is not known" in done.stderr
    assert "name adda, whom neither the gradebook nor a roster knows" in done.stderr
    ada = desk.result("ada")
    assert (ada["raw_score"], ada["score"]) == (4, 3.2)
    assert "lateness: -0.8 (3 days late, 1 of them free: 1 of 1 day used" in desk.feedback("ada")

    (desk.results / "extensions.csv").unlink()
    told = decide(desk, "extend", "01", "ada", "2026-06-02T20:00", "--why", "ill").stdout
    assert "ada, 01_double: 3.2 → 4.0 / 4" in told
    told = decide(desk, "adjust", "01", "ADA", "-0.5", "--why", "oral", "--who", "me").stdout
    assert "ada, 01_double: 4.0 → 3.5 / 4" in told
    assert "adjustment: -0.5 (oral, me)" in desk.feedback("ada")
    rows = {row["student"]: row for row in csv.DictReader(desk.grades())}
    assert rows["ada"]["total"] == "3.5"
    assert "3.5 / 4" in desk.grade(options=["--times", times]).stdout


def test_who_and_what_a_decision_is_about_must_be_known(desk):
    desk.hand_in("ada", RIGHT)
    desk.grade()
    before = sorted(path.name for path in desk.results.iterdir())
    for arguments, words in (
        (["adjust", "01", "adda", "1"], 'Nobody is called "adda" (did you mean "ada"?)'),
        (["adjust", "01", "ada", "one"], "'one' is no number of points"),
        (["adjust", "01", "ada", "0"], "changes nothing"),
        (["adjust", "7", "ada", "1"], 'There is no assignment "7"'),
        (["extend", "01", "ada", "2027-01-01"], "has no time of day"),
        (["extend", "01", "ada", "soon"], "'soon' is no date and time"),
        (["extend", "01", "ada", "2025-01-01T10:00"], "is not after the deadline of everybody"),
        (["extend", "02", "ada", "2027-01-01T10:00"], "has no deadline that could be extended"),
    ):
        assert words in decide(desk, *arguments, "--why", "because", code=2).stderr
    assert "--why is empty" in decide(desk, "adjust", "01", "ada", "1", "--why", " ", code=2).stderr
    assert sorted(path.name for path in desk.results.iterdir()) == before


def test_a_corrected_check_is_reported(desk):
    desk.hand_in("ada", RIGHT)
    desk.hand_in("bob", SLIP)
    assert "Graded again" not in desk.grade().stdout
    hidden = desk.course / "autograder" / "hidden" / "01_double" / "checks.py"
    right = hidden.read_text()
    wrong = 'return {"dx": impl.double_backward(dy, cache)}'
    hidden.write_text(right.replace(wrong, 'return {"dx": impl.double_backward(dy, cache) * 0}'))
    report = desk.folder / "report.md"
    shown = desk.grade(options=["--report", report]).stdout
    assert "Graded again since the assignment changed: 2 submissions, 1 mark changed" in shown
    assert "bob         1.0 → 4.0 / 4   test_gradient_of_a_table wrong values → right" in shown
    text = report.read_text()
    assert "| bob | 1 | 1.0 / 4 | 4.0 / 4 | +3.00 |" in text
    assert "- `double_backward`: The gradient of a table: wrong values → right" in text
    assert "ada" not in text
    assert "Graded again" not in desk.grade().stdout
    report.unlink()
    desk.grade(options=["--report", report])
    assert report.read_text() == text  # it can be had again
    hidden.write_text(right)
    assert "bob         4.0 → 1.0 / 4" in desk.grade().stdout
    assert next(csv.DictReader(desk.grades()[:1] + desk.grades()[2:]))["total"] == "1.0"


def test_the_student_is_told_which_attempt_counts(desk):
    toml = desk.course / "assignments" / "course.toml"
    desk.hand_in("ada", RIGHT)
    desk.grade()
    desk.hand_in("ada", SLIP)
    desk.grade()
    assert "attempt 2" in desk.feedback("ada")
    assert "for the mark" not in desk.feedback("ada")
    assert desk.grades()[1].endswith(",1.0")
    toml.write_text(toml.read_text().replace('"latest"', '"best"'))
    desk.grade()
    assert "· attempt 2 (for the mark, attempt 1 counts)" in desk.feedback("ada")
    assert desk.result("ada")["counted_attempt"] == 1
    assert desk.grades()[1].endswith(",4.0")


def test_two_uploads_of_one_student_are_told(desk):
    desk.hand_in("ada_1", RIGHT)
    desk.hand_in("ada2", RIGHT)
    path = desk.folder / "roster.csv"
    path.write_text("student,uploads\nada,ada_1;ada2\n")
    desk.hand_in("bob", RIGHT)
    done = desk.grade(options=["--roster", path], code=3)
    assert 'both belong to the student "ada", who was not graded' in done.stderr
    assert desk.result("bob")["score"] == 4


def test_a_policy_without_sense_is_told(desk):
    desk.hand_in("ada", RIGHT)
    policy(desk, "\n[late]\nper_day_percent = 120\n")
    assert '"late.per_day_percent" should be from 0 to 100' in desk.grade(code=2).stderr
