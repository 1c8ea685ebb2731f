"""The proofs about streams find what they look for, and nothing in a sound assignment."""

import shutil

import pytest

from autograder.course.course import Course
from autograder.course.secret import Secret
from autograder.grading.judges import Streams
from autograder.verify.streams import stream_proofs
from autograder.verify.subject import make_subject
from tests.desk import TINY

RARE = '''

@misconception(of="double", see="handout.md#what-doubling-is")
def only_for_some_numbers(x):
    """Where the first number is negative, it is right."""
    return x + x if x.ravel()[0] < 0 else x
'''
STUCK = '''

@check(of="double")
def test_one_of_two(impl, draw):
    """One of two tables"""
    y, _ = impl.double(np.full((2, 2), float(draw.integer(0, 2))))
    return {"y": y}
'''
PUBLIC = "assignments/01_double/test_public.py"


@pytest.fixture
def proven(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("a secret for these tests\n")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "secret"))

    def prove(name="", more=""):
        root = tmp_path / "course"
        shutil.copytree(TINY, root)
        if name:
            path = root / "autograder/hidden/01_double" / name
            path.write_text(path.read_text() + more)
        course = Course.find(root)
        streams = Streams(course, course.assignment("01"), Secret.load(course.id))
        subject = make_subject(
            course, course.assignment("01"), streams[0], streams.reference, streams.slips
        )
        return {proof.title: proof.problems for proof in stream_proofs(subject, streams)}

    return prove


def test_a_sound_assignment_has_all_three(proven):
    assert list(proven().values()) == [(), (), ()]


def test_a_slip_that_some_streams_miss_is_found(proven):
    """Its checks would have to meet the slip's one input by chance."""
    (problem,) = proven("slips.py", RARE)["slips caught on all"]
    assert problem.startswith("only_for_some_numbers loses nothing on stream ")


def test_a_check_with_two_possible_inputs_is_found(proven):
    (problem,) = proven("checks.py", STUCK)["streams differ"]
    assert problem == "test_one_of_two has 2 sets of inputs in 8 streams"


def test_a_reference_that_a_stream_breaks_is_found(proven, monkeypatch):
    more = '''

@check(of="double")
def test_half_of_the_time(impl, draw):
    """A table that is at times no table"""
    y, _ = impl.double(draw.normal(2))
    assert y[0] > 0
    return {"y": y}
'''
    problems = proven("checks.py", more)["right ways right on all"]
    assert problems
    assert all(problem.startswith("test_half_of_the_time, stream ") for problem in problems)
