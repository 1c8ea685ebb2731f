"""An instructor's own assignment: CONTRIBUTING's walk, in a course that is not ours."""

import shutil

import pytest

from tests.desk import COMMANDS, PYTHONPATH, TINY


@pytest.fixture
def course(tmp_path):
    """A copy of the tiny course, and a way to run commands in it."""
    folder = tmp_path / "course"
    shutil.copytree(TINY, folder)
    (tmp_path / "secret").write_text("a secret for the tests only\n")

    def run(*arguments, expect=0):
        environment = {
            "PYTHONPATH": PYTHONPATH,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "AUTOGRADER_SECRET_FILE": str(tmp_path / "secret"),
            "NO_COLOR": "1",
        }
        done = COMMANDS.run(["autograder", *arguments], environment, folder)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    return folder, run


def test_a_new_assignment_works_as_it_stands(course):
    folder, run = course
    assert "autograder verify 10_pooling" in run("new", "10_pooling")
    assert "All proven: 10_pooling." in run("verify", "10")
    assert "5.0 / 5" in run("grade", "10", str(folder / "solutions"))
    run("release", "10", "--to", str(folder / "handed_out"))
    stub = next((folder / "handed_out").glob("*/pooling.py")).read_text()
    assert "raise NotImplementedError" in stub
    assert "x * x" not in stub


def test_verify_says_what_no_longer_holds(course):
    folder, run = course
    run("new", "10_pooling")
    hidden = folder / "autograder" / "hidden" / "10_pooling" / "checks.py"
    hidden.write_text(
        hidden.read_text().replace("draw.normal(4, 5), draw.normal(4, 5)", "1.0, 1.0")
    )
    output = run("verify", "10", expect=3)
    assert "problems" in output
    slips = folder / "autograder" / "hidden" / "10_pooling" / "slips.py"
    slips.write_text(slips.read_text().replace("#its-gradient", "#elsewhere"))
    assert "#elsewhere, which the handout hasn't got" in run("verify", "10", expect=3)


@pytest.mark.parametrize("change", ["weaker", "wrong"])
def test_a_check_that_lets_a_slip_through_is_caught(change, course):
    folder, run = course
    run("new", "10_pooling")
    hidden = folder / "autograder" / "hidden" / "10_pooling" / "checks.py"
    text = hidden.read_text()
    if change == "weaker":
        hidden.write_text(text.replace('{"dx": impl.pooling_backward(dy, cache)}', '{"dx": dy}'))
        assert "forgets_dy loses nothing" in run("verify", "10", expect=3)
    else:
        solution = next((folder / "solutions").glob("*/pooling.py"))
        solution.write_text(solution.read_text().replace("2 * cache", "3 * cache"))
        assert "alternatives 100 %" in run("verify", "10", expect=3)


def test_names_and_places_are_looked_at_first(course):
    folder, run = course
    assert "such as 10_pooling" in run("new", "Pooling", expect=2)
    run("new", "10_pooling")
    before = sorted(folder.rglob("*"))
    assert "already" in run("new", "10_other", expect=2)
    assert sorted(folder.rglob("*")) == before
