"""The gradebook on disk: attempts, which one counts, several writers, damage."""

import sqlite3
import threading
from datetime import timedelta

import pytest

from autograder.course.policy import choose
from autograder.documents.results import Handed
from autograder.errors import KitError
from autograder.gradebook.attempts import Gradebook
from tests.documents.builders import DEADLINE, result


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "deep" / "gradebook.sqlite") as gradebook:
        yield gradebook


def handed(digest, score, when=None, **changes):
    return result(digest=digest, score=score, submission=Handed("x", digest, when), **changes)


def test_what_is_recorded_is_found_again_under_its_key_only(book):
    kept = book.record(result(), "key")
    assert kept.attempt == 1
    assert book.find("01_double", "ada", "key") == kept
    assert book.find("01_double", "ada", "other") is None
    assert book.find("01_double", "bob", "key") is None
    assert book.find("02_sums", "ada", "key") is None


def test_every_attempt_is_kept_and_numbered(book):
    for number, digest in enumerate(["d1", "d2", "d1", "d3"]):
        book.record(handed(digest, float(number)), f"key{number}")
    assert [one.attempt for one in book.attempts("01_double", "ada")] == [2, 1, 3]
    assert len(book.history("01_double", "ada")) == 4


@pytest.mark.parametrize(
    ("counts", "digest"), [("latest", "b"), ("best", "a"), ("last_on_time", "c")]
)
def test_which_attempt_counts_is_policy(book, counts, digest):
    book.record(handed("c", 2.0, DEADLINE - timedelta(hours=1)), "k3")
    book.record(handed("a", 3.0, DEADLINE - timedelta(hours=2)), "k1")
    book.record(handed("b", 1.0, DEADLINE + timedelta(hours=1)), "k2")
    standings = book.standings("01_double")["ada"]
    counted = choose(
        standings, counts, lambda one: one.submitted_at <= DEADLINE, lambda one: one.score
    )
    assert counted.score == {"a": 3.0, "b": 1.0, "c": 2.0}[digest]
    assert counted.members == ("ada", "bob")


def latest(book):
    standings = book.standings("01_double")["ada"]
    return choose(standings, "latest", lambda one: True, lambda one: one.score)


def test_a_refused_upload_never_replaces_a_graded_one(book):
    book.record(handed("a", 3.0), "k1")
    book.record(handed("b", 0.0, status="refused"), "k2")
    assert latest(book).score == 3.0


def test_the_same_files_handed_in_again_are_the_latest(book):
    first = book.record(handed("a", 3.0), "k1")
    book.record(handed("b", 1.0), "k2")
    assert latest(book).score == 1.0
    book.seen_again(first)
    assert latest(book).score == 3.0


def test_a_grader_error_is_tried_again_and_replaced(book):
    book.record(handed("a", None, status="grader_error"), "key")
    assert book.find("01_double", "ada", "key") is None
    book.record(handed("a", 3.0), "key")
    assert book.find("01_double", "ada", "key").score == 3.0


def test_what_another_grader_finished_first_stays(book):
    with Gradebook(book.path) as other:
        first = other.record(handed("a", 3.0, log="first"), "key")
    assert book.record(handed("a", 3.0, log="second"), "key") == first
    assert len(book.history("01_double", "ada")) == 1


def test_many_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "gradebook.sqlite"

    def write(writer):
        with Gradebook(path) as book:
            for number in range(20):
                book.record(handed(f"d{writer}-{number}", 1.0), f"k{writer}-{number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Gradebook(path) as book:
        book.check()
        attempts = book.attempts("01_double", "ada")
    assert sorted(one.attempt for one in attempts) == list(range(1, 81))


def test_a_gradebook_may_be_made_by_several_at_once(tmp_path):
    for number in range(20):
        path = tmp_path / f"{number}.sqlite"
        faults = []

        def make(path=path, faults=faults):
            try:
                Gradebook(path)
            except KitError as error:
                faults.append(error)

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults


def test_a_file_that_is_no_gradebook_is_told(tmp_path):
    path = tmp_path / "gradebook.sqlite"
    path.write_text("this is a text file, and long enough to be looked at\n" * 100)
    with pytest.raises(KitError, match="not a database") as caught:
        Gradebook(path)
    assert str(path) in str(caught.value)


def test_a_damaged_gradebook_is_told(tmp_path):
    path = tmp_path / "gradebook.sqlite"
    with Gradebook(path) as book:
        for number in range(200):
            book.record(handed(f"d{number}", 1.0), f"k{number}")
    data = bytearray(path.read_bytes())
    data[8192:60_000] = b"\xff" * (60_000 - 8192)
    path.write_bytes(data)
    with pytest.raises(KitError, match=r"damaged|malformed"), Gradebook(path) as book:
        book.check()


def test_a_gradebook_of_a_later_version_is_left_alone(tmp_path):
    path = tmp_path / "gradebook.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(KitError, match="version 7"):
        Gradebook(path)


def test_a_full_disk_is_told_and_the_finished_kept(book):
    book.record(handed("a", 3.0), "k1")
    book.connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(KitError, match="full") as caught:
        book.record(handed("b", 3.0, log="x" * 500_000), "k2")
    assert "nothing that was finished is lost" in str(caught.value)
    with Gradebook(book.path) as again:
        again.check()
        assert again.find("01_double", "ada", "k1").score == 3.0
