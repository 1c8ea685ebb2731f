"""Deadlines, extensions, late work, adjustments, rosters, regrading."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autograder.cells import append_row, read_table
from autograder.course import Course
from autograder.errors import UsageProblem
from autograder.gradebook import Gradebook
from autograder.ledger import Extension, Ledger
from autograder.marks import Books
from autograder.policy import Attempts, Late
from autograder.results import Adjustment, Handed
from autograder.roster import Roster
from tests.engine.desk import RIGHT, SLIP, TINY
from tests.engine.test_results_and_gradebook import result

DUE = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "days"), [(-1, 0), (0, 0), (0.25, 0), (0.26, 1), (24, 1), (24.1, 2), (47, 2)]
)
def test_days_late_are_days_begun_after_the_grace(hours, days):
    assert Late(grace_minutes=15).days(DUE + hours * HOUR, DUE) == days


def test_a_time_that_nobody_knows_is_in_time():
    assert Late().days(None, DUE) == Late().days(DUE, None) == 0


def test_a_penalty_has_a_cap():
    late = Late(per_day_percent=10, cap_percent=25)
    assert [late.penalty(days, 20) for days in (0, 1, 2, 3, 9)] == [0, 2, 4, 5, 5]


def test_time_zones_are_understood():
    summer = datetime.fromisoformat("2026-06-01T13:10:00+01:00")
    assert Late(grace_minutes=15).days(summer, DUE) == 0
    assert Late().days(summer, DUE) == 1


# Marks


@pytest.fixture
def course():
    found = Course.find(TINY)
    deadlines = {"01_double": DUE, "02_sums": DUE + timedelta(days=7)}
    return replace(found, deadlines=deadlines, late=Late(per_day_percent=25))


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "gradebook.sqlite") as gradebook:
        yield gradebook


def hand_in(book, digest, score, hours, assignment="01_double", student="ada"):
    due = DUE if assignment == "01_double" else DUE + timedelta(days=7)
    handed = Handed("x.zip", digest, due + hours * HOUR)
    given = result(student, digest, score, assignment=assignment, submission=handed)
    return book.record(replace(given, adjustments=(), members=(student,)), digest)


def mark(course, book, ledger=None, assignment="01_double", student="ada"):
    return Books(course, book, ledger or Ledger()).marks()[assignment][student]


def test_raw_score_lateness_and_adjustments_stay_apart(course, book):
    kept = hand_in(book, "d", 3.0, 25)
    ledger = Ledger(adjustments=(("ADA", "01_double", Adjustment("manual", 0.5, "oral", "me")),))
    found = mark(course, book, ledger)
    assert (found.raw_score, found.penalty, found.adjustment, found.score) == (3.0, 2.0, 0.5, 1.5)
    settled = Books(course, book, ledger).settle(kept)
    assert (settled.raw_score, settled.score) == (3.0, 1.5)
    assert [one.kind for one in settled.adjustments] == ["late", "manual"]
    assert Books(course, book, Ledger()).settle(settled).score == 1.0  # worked out anew


def test_lateness_takes_no_more_than_there_is(course, book):
    hand_in(book, "d", 0.5, 60)
    found = mark(course, book)
    assert (found.penalty, found.score) == (0.5, 0.0)


def test_the_last_extension_holds(course, book):
    hand_in(book, "d", 3.0, 25)
    two = tuple(Extension("Ada", "01_double", DUE + hours * HOUR, "ill") for hours in (48, 12))
    assert mark(course, book, Ledger(two[:1])).penalty == 0
    assert mark(course, book, Ledger(two)).penalty == 1.0
    other = Extension("bob", "01_double", DUE + 48 * HOUR, "ill")
    assert mark(course, book, Ledger((other,))).penalty == 2.0


def test_the_best_attempt_is_the_best_after_lateness(course, book):
    course = replace(course, attempts=Attempts("best"))
    hand_in(book, "a", 3.0, -1)
    hand_in(book, "b", 4.0, 40)
    assert mark(course, book).attempt == 1
    extension = Extension("ada", "01_double", DUE + 48 * HOUR, "ill")
    assert mark(course, book, Ledger((extension,))).attempt == 2


def test_the_last_in_time_goes_by_extension_and_grace(course, book):
    course = replace(course, attempts=Attempts("last_on_time"))
    hand_in(book, "a", 3.0, -1)
    hand_in(book, "b", 2.0, 0.2)
    assert mark(course, book).attempt == 1
    graceful = replace(course, late=Late(grace_minutes=15))
    assert mark(graceful, book).attempt == 2


def test_free_late_days_are_used_in_the_courses_order(course, book):
    course = replace(course, late=Late(per_day_percent=25, free_days=3))
    hand_in(book, "b", 4.0, 30, "02_sums")
    first = mark(course, book, assignment="02_sums")
    assert (first.score, first.days_late) == (4.0, 2)
    assert "2 of 3 days used" in first.adjustments[0].reason
    hand_in(book, "a", 4.0, 30)
    assert mark(course, book).score == 4.0
    second = mark(course, book, assignment="02_sums")
    assert second.score == 3.0
    assert "1 of them free: 3 of 3 days used" in second.adjustments[0].reason
    settled = Books(course, book, Ledger()).settle(book.attempts("02_sums")[0])
    assert settled.score == 3.0


def test_points_without_anything_handed_in(course, book):
    ledger = Ledger(adjustments=(("zoe", "01_double", Adjustment("manual", 2.0, "essay")),))
    found = mark(course, book, ledger, student="zoe")
    assert (found.raw_score, found.score, found.attempt) == (None, 2.0, 0)


def test_the_time_told_last_holds(course, book):
    first = hand_in(book, "a", 4.0, 30)
    again = book.seen_again(first, DUE - HOUR)
    assert again.submission.submitted_at == DUE - HOUR
    assert mark(course, book).score == 4.0
    assert book.attempts("01_double")[0].submission.submitted_at == DUE - HOUR


def test_attempts_are_ordered_in_time_whatever_their_zones(course, book):
    early = datetime.fromisoformat("2026-06-01T13:30:00+04:00")
    for digest, when in (("late", DUE), ("early", early)):
        given = result("ada", digest, 1.0, submission=Handed("x", digest, when))
        book.record(given, digest)
    assert [one.submission.digest for one in book.attempts("01_double")] == ["early", "late"]


def test_a_change_taken_back_is_the_newest_grading_again(book):
    for key, score in (("check", 1.0), ("other", 2.0)):
        book.record(result(score=score), key)
    assert book.find("01_double", "ada", "check") is None
    book.record(result(score=1.0), "check")
    assert book.standings("01_double")["ada"][0].score == 1.0
    assert len(book.history("01_double", "ada")) == 3
    ((before, after),) = book.regradings("01_double")
    assert (before.score, after.score) == (2.0, 1.0)


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
    (desk.results / "roster.csv").write_text("student,name,canvas_id\nada,Ada King,41\n")
    times = desk.folder / "times.csv"
    times.write_text("student,submitted_at\nada,2026-06-03T18:00\n")
    done = desk.grade(options=["--times", times])
    assert "Not in the roster, graded under the upload's name: bob." in done.stderr
    assert "When 1 of 2 uploads came is not known" in done.stderr
    ada = desk.result("ada")
    assert (ada["raw_score"], ada["score"]) == (4, 3.2)
    assert "lateness: -0.8 (3 days late, 1 of them free: 1 of 1 day used" in desk.feedback("ada")

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
    hidden = desk.course / "autograder" / "hidden" / "01_double.py"
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


def test_two_uploads_of_one_student_are_told(desk):
    desk.hand_in("ada_1", RIGHT)
    desk.hand_in("ada2", RIGHT)
    path = desk.folder / "roster.csv"
    path.write_text("student,uploads\nada,ada_1;ada2\n")
    done = desk.grade(options=["--roster", path], code=2)
    assert 'both belong to "ada"' in done.stderr


def test_a_policy_without_sense_is_told(desk):
    desk.hand_in("ada", RIGHT)
    policy(desk, "\n[late]\nper_day_percent = 120\n")
    assert '"late.per_day_percent" should be from 0 to 100' in desk.grade(code=2).stderr
