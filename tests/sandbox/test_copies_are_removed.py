"""The jail's copy of a submission goes with the submission: user ids repeat in a long batch."""

from pathlib import Path

from autograder.course.course import Course
from autograder.grading.grader import Grader, Settings, expected_of
from autograder.uploads.submission import Source, read_submission
from tests.desk import RIGHT, TINY


def test_no_copy_is_left_for_a_later_submission(tmp_path):
    course = Course.find(TINY)
    assignment = course.assignment("01")
    path = tmp_path / "ada" / "arithmetic" / "double.py"
    path.parent.mkdir(parents=True)
    path.write_text(RIGHT["arithmetic/double.py"])
    with Grader(course, assignment, Settings(isolation="process")) as grader:
        roots: list[Path] = grader.sandbox._stage.roots
        before = [sorted(root.glob("s*")) for root in roots]
        upload = Source("ada", (tmp_path / "ada",))
        submission = read_submission(upload, expected_of(course, assignment))
        assert grader.grade(submission).score == 4
        assert [sorted(root.glob("s*")) for root in roots] == before
