"""Rubrics: read whole, and slips told with the task and the line."""

import shutil

import pytest

from autograder.course.course import Course
from autograder.errors import UsageProblem
from autograder.verify.rubrics import rubric_proof
from tests.desk import ROOT, TINY


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(TINY, tmp_path / "course")


def changed(folder, old, new):
    path = folder / "assignments/01_double/rubric.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return Course.load(folder).assignment("01")


def test_a_rubric_is_read_whole(folder):
    (task,) = Course.load(folder).assignment("01").tasks
    assert (task.id, task.title, task.points, task.minutes) == ("why-two", "Why two", 3, 5)
    assert [line.points for line in task.line] == [2, 1]
    assert Course.load(folder).assignment("02").tasks == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("points = 3", "points = 4", 'task "why-two" has 4 points, but its lines come to 3'),
        ("points = 2", "points = 0", 'task "why-two", line 1: points should be above 0, found 0'),
        ("points = 2", "points = nan", "line 1: points should be above 0, found nan"),
        ('"what-its-gradient-is"', '"what-its-gradient"', "(did you mean"),
        ('id = "why-two"', 'id = "Why Two"', "is lower-case letters, digits and hyphens"),
        ('title = "Why two"', 'titel = "Why two"', 'unknown key "task[1].titel"'),
        ('text = "uses add up"', "", 'the key "task[1].line[2].text" is missing'),
        ('text = "uses add up"', 'text = " "', 'line 2: "text" is empty'),
    ],
)
def test_slips_are_told_and_verify_tells_them_too(folder, old, new, words):
    assignment = changed(folder, old, new)
    with pytest.raises(UsageProblem) as caught:
        _ = assignment.tasks
    assert words in str(caught.value)
    assert "rubric.toml" in str(caught.value)
    (problem,) = rubric_proof(assignment).problems
    assert words in problem


def test_a_task_is_there_once(folder):
    path = folder / "assignments/01_double/rubric.toml"
    path.write_text(path.read_text() * 2)
    with pytest.raises(UsageProblem, match="is there twice"):
        _ = Course.load(folder).assignment("01").tasks


def test_every_assignment_of_the_course_has_a_rubric_and_the_notes_do_not_repeat_it():
    for assignment in Course.load(ROOT).assignments:
        assert assignment.tasks, assignment.name
        proof = rubric_proof(assignment)
        assert (proof.problems, proof.looked_at > 2) == ((), True)
        notes = (assignment.folder / "instructor_notes.md").read_text(encoding="utf-8")
        assert "rubric.toml" in notes
        for task in assignment.tasks:
            assert task.question.strip()
            assert task.question.strip()[:60] not in notes
            assert not any(line.text in notes for line in task.line)


@pytest.mark.usefixtures("committed_changes")
def test_students_do_not_get_rubrics(tmp_path):
    from autograder.release.template import assignment_files

    course = Course.load(ROOT)
    for assignment in course.assignments:
        texts = [task.solution.strip()[:40] for task in assignment.tasks if task.solution]
        for file in assignment_files(course, assignment):
            assert file.path.name != "rubric.toml"
            assert not any(text in file.content.decode("utf-8", "ignore") for text in texts)
