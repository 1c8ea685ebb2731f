"""A term of the real course, through the real commands, from the first release to the last export.

Ada is in time. Bob is late. Cy has an extension. Dee hands in twice. Eve meets a check that is
wrong: it asks for a gradient at a kink that nobody had told her.
"""

import csv
import sys

import pytest

from autograder.student.workspace import SOLUTIONS
from tests.rehearsal.school import School, solution

STUDENTS = ("ada", "bob", "cy", "dee", "eve")
ROSTER = """Student,ID,SIS User ID,SIS Login ID,Section
    Points Possible,,,,
"King, Ada",101,S1,ada,A
"Müller, Bob",102,S2,bob,A
李 小龙,103,S3,cy,B
"=Dee, Ltd.",104,S4,dee,B
"O'Neil, Eve",105,S5,eve,B
"""
TIMES = {
    "ada": "2027-01-18T20:00",
    "bob": "2027-01-20T09:30",
    "cy": "2027-01-21T12:00",
    "dee": "2027-01-17T10:00",
    "eve": "2027-01-18T23:59",
}
HALF = """

def softmax_backward(dy, cache):
    raise NotImplementedError("later")
"""
EVE = """

def relu(x):
    return np.maximum(x, 0), x


def relu_backward(dy, cache):
    return dy * (cache >= 0)
"""
WRONG_CHECK = "    x[:, 1::2] = 0.0\n    x[1, 0] = -0.75\n    _, cache = impl.relu(x)\n"
RIGHT_CHECK = "    x[:, 1::2] = 0.5\n    x[1, 0] = -0.75\n    _, cache = impl.relu(x)\n"


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    if not sys.platform.startswith("linux"):
        pytest.skip("grading needs Linux")
    folder = tmp_path_factory.mktemp("school")
    folder.chmod(0o755)
    return School(folder)


def column(rows, title):
    """A column of Canvas' file by student's number."""
    place = rows[0].index(title)
    return {row[1]: row[place] for row in rows[2:]}


def test_a_term(school):
    released = school.release("01")
    school.unpack(released, STUDENTS)
    stubs = {name: (school.home("ada") / f"transformer/{name}").read_text() for name in FILES_01}

    work(school)
    first_grading(school)
    first_export(school)
    a_check_is_found_wrong(school)
    people_decide(school)
    next_assignment(school, stubs)
    last_export(school)


FILES_01 = ("activations.py", "losses.py")


def work(school):
    """Students fill assignment 01; dee has not got far at first."""
    for student in STUDENTS:
        for file in FILES_01:
            school.write(student, file, solution(file))
    school.write("dee", "activations.py", solution("activations.py"), appended=HALF)
    school.write("eve", "activations.py", solution("activations.py"), appended=EVE)
    for student in STUDENTS:
        school.hand_in(student, "01", "first")
    school.write("dee", "activations.py", solution("activations.py"))
    school.hand_in("dee", "01", "second")
    school.results.mkdir()
    (school.results / "roster.csv").write_text(ROSTER, encoding="utf-8")
    text = school.decide(
        "extend", "01", "cy", "2027-01-21T23:59", "--why", "ill, with a doctor's note"
    )
    assert "extensions.csv" in text


def first_grading(school):
    times = school.times("first", TIMES)
    school.grade("01", "first", times)
    assert school.result("dee", "01_activations")["score"] < 20
    times = school.times("second", {"dee": "2027-01-18T23:00"})
    school.grade("01", "second", times)

    ada, bob, cy, dee, eve = (school.result(name, "01_activations") for name in STUDENTS)
    assert (ada["raw_score"], ada["score"], ada["adjustments"]) == (20, 20, [])
    assert (bob["raw_score"], bob["score"]) == (20, 16)
    assert [one["points"] for one in bob["adjustments"]] == [-4]
    assert "2 days late" in school.feedback("bob", "01_activations")
    assert (cy["score"], cy["adjustments"][0]["points"]) == (20, 0)
    assert "in time: extended to 2027-01-21 23:59" in school.feedback("cy", "01_activations")
    assert (dee["score"], dee["attempt"]) == (20, 2)
    assert 19 < eve["score"] < 20


def first_export(school):
    rows = school.export("canvas", "01", "--id", "01=4711")
    title = "01 Activations and losses (4711)"
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    assert rows[1] == ["    Points Possible", "", "", "", "", "20.0"]
    assert [row[0] for row in rows[2:4]] == ["King, Ada", "Müller, Bob"]
    assert rows[4][0] == "李 小龙"
    assert rows[5][0] == "'=Dee, Ltd."
    scores = column(rows, title)
    assert [scores[number] for number in ("101", "102", "103", "104")] == [
        *("20.0", "16.0", "20.0", "20.0")
    ]


def a_check_is_found_wrong(school):
    """It is corrected; the same uploads are graded again, and only eve's mark changes."""
    path = school.course / "autograder" / "hidden" / "01_activations" / "checks.py"
    text = path.read_text(encoding="utf-8")
    assert WRONG_CHECK in text
    path.write_text(text.replace(WRONG_CHECK, RIGHT_CHECK), encoding="utf-8")
    before = school.result("eve", "01_activations")["score"]
    report = school.folder / "regraded.md"
    shown = school.grade("01", "first", school.folder / "first.csv", "--report", report)
    assert "Graded again since the assignment changed: 5 submissions, 1 mark changed" in shown
    assert f"eve         {before:g} → 20.0 / 20   test_relu_gradient_at_zero" in shown
    assert "Graded before the change, and they count: dee (attempt 2)" in shown
    assert f"| eve | 1 | {before:g} / 20 | 20.0 / 20 | +{20 - before:.2f} |" in report.read_text()

    shown = school.grade("01", "second", school.folder / "second.csv")
    assert "Graded again since the assignment changed: 1 submission, no marks changed" in shown
    assert "they count" not in shown
    assert school.result("bob", "01_activations")["score"] == 16  # lateness as before


def people_decide(school):
    """Two marks of the written task, and a day of bob's lateness given back."""
    shown = school.decide("adjust", "01", "ada", "4.5", "--why", "written task: dtau lacks a sum")
    assert "ada, 01_activations: 20.0 → 24.5 / 20" in shown
    school.decide("adjust", "01", "bob", "-1", "--why", "could not explain the softmax")
    shown = school.decide("adjust", "01", "bob", "2", "--why", "the upload page was down")
    assert "bob, 01_activations: 15.0 → 17.0 / 20" in shown
    text = school.feedback("bob", "01_activations")
    for line in (
        "**17.0 / 20**",
        "- checks: 20.0",
        "- lateness: -4.0 (2 days late",
        "- adjustment: -1.0 (could not explain the softmax, the instructor)",
        "- adjustment: +2.0 (the upload page was down, the instructor)",
    ):
        assert line in text
    assert school.result("bob", "01_activations")["raw_score"] == 20


def next_assignment(school, stubs):
    """02 over the students' folders, then the solution of 01: nobody's work is touched."""
    mine = (school.home("eve") / "transformer/activations.py").read_bytes()
    school.unpack(school.release("02"), STUDENTS)
    school.unpack(school.release("01", "--solution"), STUDENTS)
    for student in STUDENTS:
        home = school.home(student)
        assert "NotImplementedError" in (home / "transformer/layer.py").read_text()
        for file in FILES_01:
            assert (home / f"transformer/{file}").read_text() != stubs[file]
            assert (home / f"{SOLUTIONS}/transformer/{file}").read_text() == solution(file)
    assert (school.home("eve") / "transformer/activations.py").read_bytes() == mine

    for student in ("ada", "eve"):
        school.write(student, "layer.py", solution("layer.py"))
        school.hand_in(student, "02", "layer")
    times = school.times("layer", {"ada": "2027-02-01T12:00", "eve": "2027-02-01T12:00"})
    school.grade("02", "layer", times)
    assert [school.result(name, "02_layer")["score"] for name in ("ada", "eve")] == [20, 20]


def last_export(school):
    rows = school.export("canvas", "--id", "01=4711", "--id", "02=4712")
    first = column(rows, "01 Activations and losses (4711)")
    assert first == {"101": "24.5", "102": "17.0", "103": "20.0", "104": "20.0", "105": "20.0"}
    second = column(rows, rows[0][-1])
    assert second == {"101": "20.0", "102": "", "103": "", "104": "", "105": "20.0"}

    rows = school.export("csv", "01")
    bob = next(dict(zip(rows[0], row, strict=True)) for row in rows if row[1] == "bob")
    assert (bob["checks"], bob["lateness"], bob["adjustment"]) == ("20.0", "-4.0", "1.0")
    assert (bob["score"], bob["days_late"]) == ("17.0", "2")
    with (school.results / "grades.csv").open(newline="", encoding="utf-8") as file:
        totals = {row["student"]: row["total"] for row in csv.DictReader(file)}
    assert totals == {"ada": "44.5", "bob": "17.0", "cy": "20.0", "dee": "20.0", "eve": "40.0"}
