"""Which hidden inputs a submission meets: those of its files, for ever and at every door."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest

from autograder.checker.draw import Draw
from autograder.course.course import Course
from autograder.course.secret import Secret
from autograder.errors import UsageProblem
from autograder.grading.grader import Grader, Settings, completed, expected_of
from autograder.grading.judges import Streams
from autograder.integrations.bundle import course_files
from autograder.uploads.submission import Source, read_submission
from tests.desk import BACKWARD, DOUBLE, RIGHT, SLIP, TINY

PRINTS = "def double(x):\n    print(x.ravel().tolist())\n    return x + x, None\n\n\n" + BACKWARD
TABLE = """
import numpy as np

TABLE = {table}


def double(x):
    for known in TABLE:
        if np.shape(x) == np.shape(known) and np.array_equal(x, known):
            return np.asarray(known, x.dtype) * 2, None
    return x * 0, None


def double_backward(dy, cache):
    return double(dy)[0]
"""


@pytest.fixture
def course():
    return Course.find(TINY)


@pytest.fixture
def streams(course, monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("a secret for these tests\n")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "secret"))
    return Streams(course, course.assignment("01"), Secret.load(course.id))


def number(streams, files):
    chosen = streams.of(files)
    return next(k for k in range(streams.count) if streams[k] is chosen)


def files_of(k):
    return {"arithmetic/double.py": f"# attempt {k}\n{DOUBLE}{BACKWARD}".encode()}


def test_each_of_eight_streams_is_met_by_about_an_eighth(streams):
    met = Counter(number(streams, files_of(k)) for k in range(800))
    assert sorted(met) == list(range(8))
    assert all(60 <= count <= 140 for count in met.values())


def test_the_same_files_meet_the_same_inputs_in_every_run(streams, course):
    other = Streams(course, course.assignment("01"), Secret.load(course.id))
    assert all(number(streams, files_of(k)) == number(other, files_of(k)) for k in range(40))


def test_streams_have_other_inputs_for_every_check_that_draws(streams):
    for check in streams.checks:
        first = [Draw(streams.seed(check.name, k)).normal(4) for k in range(8)]
        assert len({array.tobytes() for array in first}) == 8


def test_checks_that_train_or_are_timed_have_one_stream(streams):
    streams._steady = {"test_a_table"}
    assert len({streams.seed("test_a_table", k) for k in range(8)}) == 1
    assert len({streams.seed("test_single_precision", k) for k in range(8)}) == 8


def test_a_door_that_leaves_given_files_out_changes_nothing(course, streams):
    files = files_of(1)
    given = {"arithmetic/__init__.py": b""}
    assert completed(files, course) == completed(files | given, course)
    one = streams.of(completed(files, course))
    assert one is streams.of(completed(files | given, course))


def test_a_bundle_grades_on_the_streams_of_home(course, streams, tmp_path, monkeypatch):
    assignment = course.assignment("01")
    for name, content in course_files(course, assignment):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    away = Course.find(tmp_path / "course")
    (tmp_path / "lent").write_bytes(Secret.load(course.id).lend(assignment.name))
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "lent"))
    there = Streams(away, away.assignment("01"), Secret.load(away.id))
    for k in range(20):
        files = files_of(k)
        assert number(streams, files) == number(there, files)
        assert streams.of(files).key.seed(streams.checks[0]) == there.of(files).key.seed(
            there.checks[0]
        )


@pytest.mark.parametrize("number", [0, 65, -1])
def test_a_number_of_streams_that_makes_no_sense_is_refused(number, tmp_path):
    shutil.copytree(TINY, tmp_path / "course")
    toml = tmp_path / "course/assignments/course.toml"
    text = toml.read_text()
    toml.write_text(text.replace("[feedback]\n", f"[feedback]\nstreams = {number}\n"))
    with pytest.raises(UsageProblem, match=r"feedback\.streams"):
        Course.find(tmp_path / "course")


def grade(course, folder, sources):
    results = []
    assignment = course.assignment("01")
    with Grader(course, assignment, Settings()) as grader:
        for k, source in enumerate(sources):
            path = folder / f"{k}" / "arithmetic" / "double.py"
            path.parent.mkdir(parents=True)
            path.write_text(source)
            upload = Source(f"s{k}", (folder / f"{k}",))
            results.append(grader.grade(read_submission(upload, expected_of(course, assignment))))
    return results


def stream_of(streams, course, source):
    return number(streams, completed({"arithmetic/double.py": source.encode()}, course))


def test_a_table_of_what_one_attempt_read_earns_nothing_in_the_next(course, streams, tmp_path):
    """The worst case: the reader has the instructor's log. Feedback would not give it."""
    (spy,) = grade(course, tmp_path / "spy", [PRINTS])
    read = [np.array(json.loads(line)) for line in spy.log.splitlines()]
    known = [array.reshape(3, 4) if array.size == 12 else array for array in read]
    tables = [
        f"# {k}\n" + TABLE.format(table=[array.tolist() for array in known]) for k in range(24)
    ]
    same = [stream_of(streams, course, t) == stream_of(streams, course, PRINTS) for t in tables]
    assert 0 < sum(same) < 8
    scores = [result.score for result in grade(course, tmp_path / "tables", tables)]
    assert all(score == 0 for score, met in zip(scores, same, strict=True) if not met)
    assert all(score > 0 for score, met in zip(scores, same, strict=True) if met)  # it is alive


def test_marks_do_not_depend_on_the_stream(course, streams, tmp_path):
    right = [f"# {k}\n" + RIGHT["arithmetic/double.py"] for k in range(12)]
    wrong = [f"# {k}\n" + SLIP["arithmetic/double.py"] for k in range(12)]
    assert len({stream_of(streams, course, source) for source in right}) > 3
    scores = [result.score for result in grade(course, tmp_path, right + wrong)]
    assert scores == [4.0] * 12 + [1.0] * 12
