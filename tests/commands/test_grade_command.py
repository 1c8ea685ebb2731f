"""`autograder grade` on real folders: score, verdict and words."""

import csv
import json
import subprocess

import pytest

from tests.desk import BACKWARD, DOUBLE, RIGHT, SLIP, STUB

SUMS = "from arithmetic.double import double\n\n\n"
TOTAL = "def total(x):\n    return x.sum(-1)\n\n\n"
AVERAGE = "def average(x):\n    return total(x) / x.shape[-1]\n\n\n"
DOUBLE_TOTAL = "def double_total(x):\n    return total(double(x)[0])\n"


def by_check(result):
    return {check["name"]: check for check in result["checks"]}


@pytest.fixture(scope="module")
def class_of_seven(shared_desk):
    desk = shared_desk
    desk.hand_in("ada", RIGHT)
    desk.hand_in("bob.zip", SLIP)
    desk.hand_in("cy.tar.gz", {f"work/{name}": text for name, text in SLIP.items()})
    desk.hand_in("dee", STUB)
    desk.hand_in("eve.zip", {"../x": "", **RIGHT})
    desk.hand_in("fay", {"arithmetic/double.py": "def double(x):\n  return x +\n"})
    noisy = "print('<b>hello</b>', '\\x1b[31m')\n" + DOUBLE + BACKWARD
    desk.hand_in("gus", {"arithmetic/double.py": noisy})
    return desk, desk.grade("1")


def test_right_work_gets_full_marks_and_a_stub_none(class_of_seven):
    desk, _ = class_of_seven
    assert desk.result("ada")["score"] == 4
    assert desk.result("dee")["score"] == 0
    assert {check["verdict"] for check in desk.result("dee")["checks"]} == {"not_implemented"}


def test_a_known_slip_is_named_and_costs_its_points_only(class_of_seven):
    desk, _ = class_of_seven
    for student in ("bob", "cy"):
        result = desk.result(student)
        assert result["score"] == 1
        found = by_check(result)["test_gradient_of_a_table"]
        assert found["verdict"] == "wrong_value"
        assert found["diagnosis"] == {
            "id": "passes_one_copy",
            "text": "The gradient came through one of the two copies of x only.",
            "section": "1.2",
            "part": "",
        }
    assert "through one of the two copies" in desk.feedback("bob")
    assert "Handout §1.2" in desk.feedback("bob")


def test_hidden_values_stay_hidden_by_default(class_of_seven):
    desk, _ = class_of_seven
    details = by_check(desk.result("bob"))["test_gradient_of_a_table"]["details"]
    assert "expected" in details
    assert "expected" not in desk.feedback("bob")


def test_the_table_tells_the_instructor_what_to_say_in_class(class_of_seven):
    _, done = class_of_seven
    lines = done.stdout.splitlines()
    assert lines[0].startswith("01_double   7 submissions   isolation: ")
    rows = {line.split()[0]: " ".join(line.split()) for line in lines[2:9]}
    assert rows["ada"] == "ada 4.0 / 4 4/4"
    assert rows["bob"].startswith("bob 1.0 / 4 2/4 double_backward: The gradient came through")
    assert rows["dee"] == "dee 0.0 / 4 0/4 double: not implemented (4 checks)"
    assert rows["eve"] == 'eve refused the archive holds a name outside its folder ("../x")'
    assert "Same slip in 2 of 7: passes_one_copy (handout §1.2)" in lines
    assert any(line.startswith("Feedback and results: ") for line in lines)


def test_a_syntax_error_is_told_with_its_line(class_of_seven):
    desk, _ = class_of_seven
    result = desk.result("fay")
    assert result["score"] == 0
    assert by_check(result)["test_a_table"]["verdict"] == "raised"
    assert "SyntaxError" in desk.feedback("fay")
    assert "line 2" in desk.feedback("fay")


def test_printing_costs_nothing_and_is_shown_harmlessly(class_of_seven):
    desk, _ = class_of_seven
    assert desk.result("gus")["score"] == 4
    text = desk.feedback("gus")
    printed = text.partition("What your code printed")[2]
    assert "hello" in printed
    assert "\x1b" not in text
    assert printed.index("```text") < printed.index("<b>")


def test_a_refusal_is_one_sentence_and_the_batch_went_on(class_of_seven):
    desk, _ = class_of_seven
    result = desk.result("eve")
    assert (result["status"], result["score"]) == ("refused", 0)
    assert "a name outside its folder" in desk.feedback("eve")
    assert desk.result("gus")["status"] == "graded"


def test_grades_csv_has_a_row_for_every_student(class_of_seven):
    desk, _ = class_of_seven
    rows = list(csv.DictReader(desk.grades()))
    assert [row["student"] for row in rows] == ["ada", "bob", "cy", "dee", "eve", "fay", "gus"]
    assert rows[0]["01_double (4)"] == "4.0"
    assert rows[1]["total"] == "1.0"


def test_every_result_says_how_it_was_kept_apart_and_by_what(class_of_seven):
    desk, _ = class_of_seven
    result = desk.result("ada")
    assert result["schema"] == 2
    assert result["isolation"]["level"] in ("process", "seccomp", "landlock", "namespaces")
    assert result["isolation"]["layers"]
    assert result["versions"]["numpy"]
    assert len(result["assignment_digest"]) == 64


def test_a_second_run_grades_only_what_is_new(desk):
    desk.hand_in("ada", RIGHT)
    desk.hand_in("bob", SLIP)
    assert "unchanged" not in desk.grade().stdout
    before = desk.result("ada")["graded_at"]
    desk.hand_in("bob", RIGHT)
    desk.hand_in("cy", STUB)
    assert "3 submissions (1 unchanged)" in desk.grade().stdout
    assert desk.result("ada")["graded_at"] == before
    assert (desk.result("bob")["score"], desk.result("bob")["attempt"]) == (4, 2)


@pytest.mark.parametrize("part", ["checks", "slips", "solution", "manifest", "secret"])
def test_a_changed_course_is_graded_again(desk, part):
    desk.hand_in("ada", RIGHT)
    desk.grade()
    paths = {
        "checks": desk.course / "autograder/hidden/01_double/checks.py",
        "slips": desk.course / "autograder/hidden/01_double/slips.py",
        "solution": desk.course / "solutions/arithmetic/sums.py",
        "manifest": desk.course / "assignments/01_double/assignment.toml",
        "secret": desk.folder / "secret",
    }
    paths[part].write_text(paths[part].read_text() + "# changed\n")
    assert "unchanged" not in desk.grade().stdout
    assert "1 submission (1 unchanged)" in desk.grade().stdout


def test_regrade_grades_again_and_keeps_the_attempt(desk):
    desk.hand_in("ada", RIGHT)
    desk.grade()
    before = desk.result("ada")["graded_at"]
    desk.grade(options=["--regrade"])
    assert desk.result("ada")["graded_at"] > before
    assert desk.result("ada")["attempt"] == 1


def test_one_early_bug_costs_once(desk):
    """double_total uses double of assignment 01, and total of its own file."""
    wrong_double = "def double(x):\n    return x * x, None\n"
    right = SUMS + TOTAL + AVERAGE + DOUBLE_TOTAL
    desk.hand_in("ada", {"arithmetic/double.py": wrong_double, "arithmetic/sums.py": right})
    wrong_total = SUMS + TOTAL.replace("-1", "0") + AVERAGE + DOUBLE_TOTAL
    desk.hand_in("bob", {"arithmetic/double.py": DOUBLE, "arithmetic/sums.py": wrong_total})
    desk.grade("02")
    ada, bob = desk.result("ada", "02_sums"), desk.result("bob", "02_sums")
    assert (ada["score"], bob["score"]) == (8, 6)
    assert by_check(ada)["test_double_total_of_rows"]["upstream"] == "reference"
    assert by_check(ada)["test_total_of_rows"]["upstream"] == "own"
    assert "† passes once the functions below it are right" in desk.feedback("ada", "02_sums")


def test_upstream_own_judges_on_own_functions_alone(desk):
    wrong_total = SUMS + TOTAL.replace("-1", "0") + AVERAGE + DOUBLE_TOTAL
    desk.hand_in("bob", {"arithmetic/double.py": DOUBLE, "arithmetic/sums.py": wrong_total})
    desk.grade("sums", options=["--upstream", "own"])
    assert desk.result("bob", "02_sums")["score"] == 0


def test_a_single_file_is_enough_where_it_is_unambiguous(desk):
    desk.hand_in("ada", {"double.py": DOUBLE + BACKWARD})
    desk.hand_in("bob", {"sums.py": SUMS + TOTAL + AVERAGE + DOUBLE_TOTAL})
    desk.grade("01", desk.uploads / "ada")
    assert desk.result("ada")["score"] == 4
    assert "its files were taken for that folder's" in desk.feedback("ada")
    desk.grade("02", desk.uploads / "bob")
    assert desk.result("bob", "02_sums")["score"] == 8


def test_given_files_are_there_even_if_they_were_not_handed_in(desk):
    text = "from arithmetic.rounding import to_tenths\n\n\n" + DOUBLE + BACKWARD
    desk.hand_in("ada", {"arithmetic/double.py": text})
    desk.grade()
    assert desk.result("ada")["score"] == 4


def test_helpers_beside_the_package_may_be_used(desk):
    files = {
        "wrapped/arithmetic/double.py": "from helper import twice\n\n\ndef double(x):\n"
        "    return twice(x), None\n\n\n" + BACKWARD,
        "wrapped/helper.py": "from tools.more import add\n\ndef twice(x):\n    return add(x, x)\n",
        "wrapped/tools/__init__.py": "",
        "wrapped/tools/more.py": "def add(a, b):\n    return a + b\n",
    }
    desk.hand_in("ada.zip", files)
    desk.grade()
    assert desk.result("ada")["score"] == 4


def test_the_disclosure_of_the_course_decides_what_students_see(desk):
    desk.hand_in("bob", SLIP)
    toml = desk.course / "assignments/course.toml"
    texts = {}
    for disclosure in ("full", "cause", "none"):
        toml.write_text(toml.read_text().replace('"cause"', f'"{disclosure}"'))
        desk.grade()
        texts[disclosure] = desk.feedback("bob")
        toml.write_text(
            toml.read_text().replace(f'disclosure = "{disclosure}"', 'disclosure = "cause"')
        )
    assert "expected" in texts["full"]
    assert "copies" in texts["full"]
    assert "copies" in texts["cause"]
    assert "expected" not in texts["cause"]
    assert "copies" not in texts["none"]
    assert "wrong values" in texts["none"]


def test_json_is_one_document_and_the_table_stays_away(desk):
    desk.hand_in("ada", RIGHT)
    desk.hand_in("bob", SLIP)
    done = desk.grade(options=["--json"])
    document = json.loads(done.stdout)
    assert [result["student"] for result in document["results"]] == ["ada", "bob"]
    assert [result["score"] for result in document["results"]] == [4, 1]
    assert done.stderr == ""


def test_several_processes_give_the_same_marks(desk):
    for number in range(12):
        desk.hand_in(f"s{number:02}", (RIGHT, SLIP, STUB)[number % 3])
    desk.grade(options=["--jobs", "3"])
    scores = [desk.result(f"s{number:02}")["score"] for number in range(12)]
    assert scores == [4, 1, 0] * 4
    assert len(desk.grades()) == 13
    again = desk.grade(options=["--jobs", "3"])  # nothing is left to do
    assert "12 submissions (12 unchanged)" in again.stdout


def test_names_that_spreadsheets_would_run_are_defused(desk):
    desk.hand_in("=cmd()", RIGHT)
    desk.hand_in("Łukasz, 李.zip", RIGHT)
    desk.grade()
    rows = list(csv.reader(desk.grades()))
    assert sorted(row[0] for row in rows[1:]) == ["_cmd_", "Łukasz_ 李"]
    desk.hand_in("-2+3", RIGHT)
    desk.hand_in("@sum", RIGHT)
    desk.grade()
    names = [row[0] for row in csv.reader(desk.grades())]
    assert "'-2+3" in names
    assert "'@sum" in names


def test_an_unknown_level_is_wrong_usage(desk):
    desk.hand_in("ada", RIGHT)
    done = desk.run("grade", "01", desk.uploads, "--course", desk.course, "--isolation", "nothing")
    assert done.returncode == 2
    assert "Invalid value for '--isolation'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade", "01_duble", "uploads", "--course", "course"], 'did you mean "01_double"?'),
        (["grade", "01", "nowhere", "--course", "course"], "nowhere does not exist"),
        (["grade", "01", "uploads", "--course", "course"], "Nothing to grade in uploads"),
        (["grade", "01", "uploads", "--course", "uploads"], "is no course"),
        (["grade", "01", "uploads"], "No course here"),
        (["grade", "01"], "Missing argument"),
    ],
)
def test_wrong_usage_has_code_2_and_no_traceback(desk, arguments, words):
    done = desk.run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_course_is_found_from_a_folder_inside_it(desk):
    desk.hand_in("ada", RIGHT)
    script = desk.arguments("grade", "01", desk.uploads, "--results", desk.results)
    inside = desk.course / "assignments" / "01_double"
    done = subprocess.run(script, env=desk.environment, cwd=inside, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert desk.result("ada")["score"] == 4


def test_the_secret_is_made_outside_the_course_for_its_owner_only(desk):
    desk.hand_in("ada", RIGHT)
    state = desk.folder / "state"
    desk.environment.pop("AUTOGRADER_SECRET_FILE")
    desk.grade(XDG_STATE_HOME=str(state))
    secret = state / "autograder" / "tiny" / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    first = secret.read_text()
    assert len(first.strip()) == 64
    assert "1 unchanged" in desk.grade(XDG_STATE_HOME=str(state)).stdout
    assert secret.read_text() == first
    assert first.strip() not in desk.result("ada").__repr__()


def test_help_is_there_without_numpy(desk):
    done = desk.run("--help", PYTHONPROFILEIMPORTTIME="1")
    assert "grade" in done.stdout
    assert "numpy" not in done.stderr
    assert "rich" not in done.stderr


def test_doctor_says_what_is_reached(desk):
    done = desk.run("doctor", "--course", desk.course)
    assert done.returncode == 0
    assert "isolation: " in done.stdout
    assert "Sums, doubled" in done.stdout
