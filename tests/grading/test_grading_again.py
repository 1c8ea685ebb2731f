"""Grading again: what is unchanged is not opened, and what was changed is never left out."""

import os
import sqlite3
import zipfile

import pytest

from autograder.course.course import Course
from autograder.grading import batch
from autograder.grading.batch import Batch, Options
from autograder.grading.grader import expected_of
from autograder.uploads import fingerprints
from autograder.uploads.sources import find_sources
from tests.desk import BACKWARD, DOUBLE, RIGHT, SLIP

WRONG = {"arithmetic/double.py": RIGHT["arithmetic/double.py"].replace("x + x", "x - x")}
NAMES = ("ada.zip", "bob", "cyd.tar.gz", "dee.zip")


class Again:
    """Grades the desk's uploads here, and counts the uploads that were opened."""

    def __init__(self, desk, monkeypatch):
        self.desk, self.opened = desk, []
        monkeypatch.setenv("AUTOGRADER_SECRET_FILE", desk.environment["AUTOGRADER_SECRET_FILE"])
        whole = batch.read_submission

        def counted(source, expected):
            self.opened.append(source.id)
            return whole(source, expected)

        monkeypatch.setattr(batch, "read_submission", counted)

    def __call__(self, **changes):
        self.opened.clear()
        course = Course.load(self.desk.course)
        assignment = course.assignment("01")
        results = self.desk.results
        options = Options(results, results / "gradebook.sqlite", **changes)
        sources = find_sources([self.desk.uploads], expected_of(course, assignment))
        summary = Batch(course, assignment, options).run(sources, lambda done, count: None)
        return {result.student: result.score for result in summary.results}


@pytest.fixture(params=["times are believed", "times are not believed"])
def again(desk, monkeypatch, request):
    believed = request.param == "times are believed"
    monkeypatch.setattr(fingerprints, "_keeps_ctime", lambda device: believed)
    monkeypatch.setattr(fingerprints, "SETTLED", 0)
    for name in NAMES:
        desk.hand_in(name, RIGHT)
    return Again(desk, monkeypatch)


def test_only_folders_whose_times_are_not_believed_are_opened_again(again, request):
    assert again() == dict.fromkeys(("ada", "bob", "cyd", "dee"), 4)
    assert again.opened == ["ada", "bob", "cyd", "dee"]
    assert again() == dict.fromkeys(("ada", "bob", "cyd", "dee"), 4)
    assert again.opened == ([] if fingerprints._keeps_ctime(0) else ["bob"])


def stored(path, files):
    """An archive without packing, whose size is that of its files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def test_a_changed_upload_of_the_same_size_and_time_is_graded(again):
    packed = again.desk.uploads / "ada.zip"
    stored(packed, RIGHT)
    again()
    file = again.desk.uploads / "bob" / "arithmetic" / "double.py"
    for path in (packed, file):
        before = path.stat()
        if path is packed:
            stored(packed, WRONG)
        else:
            path.write_text(WRONG["arithmetic/double.py"])
        assert path.stat().st_size == before.st_size
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    scores = again()
    assert scores["ada"] < 4
    assert scores["bob"] < 4
    assert scores["cyd"] == scores["dee"] == 4


def test_an_upload_put_in_the_place_of_another_is_graded(again):
    again()
    uploads = again.desk.uploads
    (uploads / "ada.zip").rename(uploads.parent / "kept.zip")
    again.desk.hand_in("new.zip", SLIP)
    (uploads / "new.zip").replace(uploads / "ada.zip")
    assert again()["ada"] == 1
    (uploads.parent / "kept.zip").replace(uploads / "ada.zip")
    assert again()["ada"] == 4


def test_a_link_in_the_place_of_a_file_is_refused(again):
    again()
    file = again.desk.uploads / "bob" / "arithmetic" / "double.py"
    file.rename(again.desk.folder / "double.py")
    file.symlink_to(again.desk.folder / "double.py")
    assert again()["bob"] == 0
    assert again.desk.result("bob")["status"] == "refused"
    assert again()["bob"] == 0  # and again


def test_a_changed_check_a_new_kit_and_regrade_grade_what_is_unchanged(again, monkeypatch):
    again()
    assert again(regrade=True) == dict.fromkeys(("ada", "bob", "cyd", "dee"), 4)
    assert len(again.opened) == 4
    hidden = again.desk.course / "autograder/hidden/01_double/checks.py"
    hidden.write_text(hidden.read_text() + "\n# changed\n")
    again()
    assert len(again.opened) == 4
    monkeypatch.setattr(batch, "way_of_reading", lambda expected: "another way")
    again()
    assert len(again.opened) == 4
    again()
    assert len(again.opened) == (0 if fingerprints._keeps_ctime(0) else 1)


def test_a_file_of_results_that_was_spoiled_or_lost_is_written_again(again):
    again()
    folder = again.desk.results / "01_double"
    right = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "ada.md").write_text("spoiled")
    (folder / "bob.json").unlink()
    again()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == right


def test_a_decision_reaches_files_of_unchanged_uploads(again):
    again()
    ledger = again.desk.results / "adjustments.csv"
    done = again.desk.run(
        *("adjust", "01", "ada", "+0.5", "--why", "a fine proof"),
        *("--course", again.desk.course, "--results", again.desk.results),
    )
    assert ledger.is_file(), done.stdout + done.stderr
    assert again()["ada"] == 4.5
    assert "a fine proof" in again.desk.feedback("ada")
    ledger.write_text("\n".join(ledger.read_text().splitlines()[:1]) + "\n")
    assert again()["ada"] == 4
    assert "a fine proof" not in again.desk.feedback("ada")


def test_a_gradebook_from_before_fingerprints_is_taken(again):
    again()
    with sqlite3.connect(again.desk.results / "gradebook.sqlite") as connection:
        connection.execute("DROP TABLE uploads")
        connection.execute("DROP TABLE written")
    again()
    assert len(again.opened) == 4
    assert again()["dee"] == 4
    assert set(again.opened) <= {"bob"}


def test_notes_and_points_of_the_kept_are_those_of_the_first_time(again):
    again.desk.hand_in("eve.zip", {"double.py": DOUBLE + BACKWARD})
    again()
    first = (again.desk.results / "01_double" / "eve.json").read_bytes()
    assert b"holds no folder" in first
    again()
    assert "eve" not in again.opened
    assert (again.desk.results / "01_double" / "eve.json").read_bytes() == first
