"""Submissions laid out for Dolos and JPlag: whose files, which attempt, what is left out."""

import csv

import pytest

from autograder.commands.cli import run
from autograder.course.course import Course
from autograder.integrations.exports.similarity import short_functions
from tests.desk import BACKWARD, DOUBLE, RIGHT, SLIP, STUB

COURSE = Course.find()


@pytest.fixture
def lay_out(desk, capsys):
    """The command; gives its exit code and what it said."""

    def command(*paths, to="pairs", options=()):
        arguments = ["export", "similarity", "01", *map(str, paths), "--to", str(desk.folder / to)]
        arguments += ["--course", str(desk.course), "--results", str(desk.results), *options]
        code = run(arguments)
        return code, "".join(capsys.readouterr())

    return command


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_each_student_has_a_folder_and_the_stub_is_the_base(desk, lay_out):
    desk.hand_in("ada.zip", RIGHT)
    desk.hand_in("bob", SLIP)
    code, said = lay_out(desk.uploads)
    assert code == 0, said
    found = files(desk.folder / "pairs")
    assert found["submissions/ada/double.py"] == RIGHT["arithmetic/double.py"]
    assert found["submissions/bob/double.py"] == SLIP["arithmetic/double.py"]
    assert "NotImplementedError" in found["base/double.py"]
    assert "x + x" not in found["base/double.py"]
    assert set(found) == {
        *("submissions/ada/double.py", "submissions/bob/double.py"),
        *("base/double.py", "double.csv", "README.md"),
    }


def test_only_what_was_written_for_the_assignment_is_compared(desk, lay_out):
    more = {
        "arithmetic/sums.py": "def total(x):\n    return x.sum(-1)\n",  # another assignment's
        "arithmetic/rounding.py": "GIVEN = 1\n",
        "arithmetic/__init__.py": "",
        "arithmetic/helpers/odd.py": "ODD = 1\n",
        "tools.py": "TOOL = 1\n",
    }
    desk.hand_in("ada", RIGHT | more)
    desk.hand_in("bob", RIGHT)
    assert lay_out(desk.uploads)[0] == 0
    names = {name for name in files(desk.folder / "pairs") if "submissions/ada" in name}
    assert {name.removeprefix("submissions/ada/") for name in names} == {
        *("double.py", "helpers_odd.py", "tools.py")
    }


def test_names_come_from_the_roster(desk, lay_out):
    desk.results.mkdir()
    (desk.results / "roster.csv").write_text('student,name\nada,"King, Ada"\nbob,Bob\n')
    desk.hand_in("ada.zip", RIGHT)
    desk.hand_in("bob.zip", SLIP)
    assert lay_out(desk.uploads)[0] == 0
    with (desk.folder / "pairs" / "double.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"filename": "submissions/ada/double.py", "full_name": "King, Ada"},
        {"filename": "submissions/bob/double.py", "full_name": "Bob"},
    ]


def test_the_attempt_that_counts_is_compared(desk, lay_out):
    toml = desk.course / "assignments" / "course.toml"
    toml.write_text(toml.read_text().replace('counts = "latest"', 'counts = "best"'))
    for name, upload in (("first", RIGHT), ("second", SLIP)):
        desk.uploads = desk.folder / name
        desk.uploads.mkdir()
        desk.hand_in("ada.zip", upload)
        desk.hand_in("bob.zip", STUB)
        desk.grade("01", desk.uploads)
    code, said = lay_out(desk.folder / "first", desk.folder / "second")
    assert code == 0
    found = files(desk.folder / "pairs")
    assert found["submissions/ada/double.py"] == RIGHT["arithmetic/double.py"]
    assert "ada" not in said

    code, said = lay_out(desk.folder / "second", to="others")
    assert code == 0
    assert "ada: what counts is another upload than those named here; ada.zip was taken." in said


def test_of_several_uploads_that_nobody_graded_the_last_is_taken_and_told(desk, lay_out):
    for name, upload in (("first", RIGHT), ("second", SLIP)):
        desk.uploads = desk.folder / name
        desk.uploads.mkdir()
        desk.hand_in("ada.zip", upload)
    desk.hand_in("bob.zip", RIGHT)
    code, said = lay_out(desk.folder / "first", desk.folder / "second")
    assert code == 0
    assert "ada has 2 uploads, none graded; the last one, ada.zip, was taken." in said
    ada = files(desk.folder / "pairs")["submissions/ada/double.py"]
    assert ada == SLIP["arithmetic/double.py"]


def test_what_cannot_be_read_is_named(desk, lay_out):
    desk.hand_in("ada.zip", RIGHT)
    desk.hand_in("bob.zip", RIGHT)
    desk.hand_in("cy.zip", {"letter.txt": "please"})
    code, said = lay_out(desk.uploads)
    assert code == 0
    assert "Left out: cy, " in said
    assert "2 submissions of 01_double" in said


def test_one_submission_has_nothing_to_be_compared_with(desk, lay_out):
    desk.hand_in("ada.zip", RIGHT)
    code, said = lay_out(desk.uploads)
    assert code == 2
    assert "nothing to compare" in said
    assert not (desk.folder / "pairs").exists()


def test_a_folder_that_holds_something_is_not_written_into(desk, lay_out):
    desk.hand_in("ada.zip", RIGHT)
    desk.hand_in("bob.zip", RIGHT)
    assert lay_out(desk.uploads)[0] == 0
    code, said = lay_out(desk.uploads)
    assert code == 2
    assert "name a new folder" in said


def test_without_uploads_it_says_how_to_call_it(desk, lay_out):
    code, said = lay_out()
    assert code == 2
    assert "autograder export similarity ASSIGNMENT PATH... --to DIR" in said


def test_the_readme_has_both_commands_and_warns_of_short_functions(desk, lay_out):
    desk.hand_in("ada.zip", {"arithmetic/double.py": DOUBLE + BACKWARD})
    desk.hand_in("bob.zip", RIGHT)
    assert lay_out(desk.uploads)[0] == 0
    text = (desk.folder / "pairs" / "README.md").read_text()
    assert "\ndolos run -f web -l python -i base/double.py double.csv\n" in text
    assert "\njava -jar jplag.jar -l python3 -bc base -r similarity submissions\n" in text
    assert "`double` and `double_backward` in at most 5" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100


def test_short_functions_are_those_with_one_natural_form():
    short = short_functions(COURSE, COURSE.assignment("01"))
    assert {"relu", "relu_backward", "mse"} <= set(short)
    assert "cross_entropy" not in short
    assert "multi_head_attention_backward" not in short_functions(COURSE, COURSE.assignment("04"))
