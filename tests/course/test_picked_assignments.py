"""A course that has some of the assignments: everything else of them is given, not asked."""

import shutil
import subprocess
import sys

import pytest

from autograder.commands.cli import run
from autograder.course.course import Course
from autograder.errors import UsageProblem
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.release.template import GIVEN, template_files, write_files
from autograder.uploads.submission import Source, read_submission
from tests.desk import ROOT


def course_of(folder, picked):
    """This course, with a line in its course.toml."""
    shutil.copytree(ROOT / "assignments", folder / "assignments")
    (folder / "solutions").symlink_to(ROOT / "solutions")
    (folder / "autograder").mkdir()
    (folder / "autograder" / "hidden").symlink_to(ROOT / "autograder" / "hidden")
    toml = folder / "assignments" / "course.toml"
    toml.write_text(f"assignments = {picked}\n" + toml.read_text())
    return folder


@pytest.fixture(scope="module")
def picked(tmp_path_factory):
    return Course.find(course_of(tmp_path_factory.mktemp("picked"), '["06", "04_attention"]'))


@pytest.fixture(scope="module")
def template(picked, tmp_path_factory, committed_changes):
    folder = tmp_path_factory.mktemp("template")
    write_files(template_files(picked), folder)
    return folder


def test_they_come_in_the_order_of_their_numbers(picked):
    assert [one.number for one in picked.assignments] == ["04", "06"]
    assert len(picked.every) == 9


def test_what_they_build_on_is_given_whole(template):
    package = template / "transformer"
    for name in ("layer.py", "layernorm.py", "activations.py"):
        text = (package / name).read_text()
        assert text.startswith(GIVEN), name
        assert "NotImplementedError" not in text
    for name in ("attention.py", "transformer_block.py"):
        assert "NotImplementedError" in (package / name).read_text()
    assert not (package / "decoder.py").exists()
    folders = sorted(path.name for path in (template / "assignments").iterdir())
    assert folders == ["04_attention", "06_transformer_block"]
    assert "assignments/04_attention/handout.html" in (template / "README.md").read_text()


def test_the_students_first_minute_and_last(template, tmp_path):
    def check(*arguments):
        command = [sys.executable, template / "check.py", *arguments]
        return subprocess.run(command, cwd=template, capture_output=True, text=True, check=False)

    listed = check("--list").stdout
    assert "04_attention" in listed
    assert "01_activations" not in listed
    stubs = {}
    for name in ("attention.py", "transformer_block.py"):
        path = template / "transformer" / name
        stubs[path] = path.read_bytes()
        shutil.copy(ROOT / "solutions" / "transformer" / name, path)
    done = check("06").stdout
    for path, content in stubs.items():
        path.write_bytes(content)
    assert "All public checks pass" in done


def test_a_lone_file_is_graded_with_what_is_given(picked, tmp_path):
    shutil.copy(ROOT / "solutions" / "transformer" / "attention.py", tmp_path)
    assignment = picked.assignment("04")
    with Grader(picked, assignment, Settings()) as grader:
        source = Source("ada", (tmp_path / "attention.py",))
        work = read_submission(source, expected_of(picked, assignment))
        assert grader.grade(work).score == assignment.max_points


def test_what_is_left_out_is_not_graded_released_or_marked(picked, tmp_path, capsys):
    with pytest.raises(UsageProblem, match='leaves "03" out'):
        picked.assignment("03")
    assert run(["grade", "01", str(tmp_path), "--course", str(picked.root)]) == 2
    assert "04_attention, 06_transformer_block" in capsys.readouterr().err


def test_a_name_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageProblem, match='names "04_atention", which is not there'):
        Course.find(course_of(tmp_path, '["04_atention"]'))


@pytest.mark.usefixtures("committed_changes")
def test_nbgrader_gets_the_rest_whole(picked, tmp_path):
    pytest.importorskip("nbgrader")
    target = tmp_path / "campus"
    command = ["release", "--nbgrader", str(target), "--course", str(picked.root)]
    assert run(command) == 0
    released = target / "source" / "04_attention" / "transformer"
    assert (released / "layer.py").read_text().startswith(GIVEN)
    assert "NotImplementedError" in (released / "attention.py").read_text()
    assert sorted(path.name for path in (target / "source").iterdir() if path.is_dir()) == [
        "04_attention",
        "06_transformer_block",
    ]
