"""Result documents and the gradebook."""

import json
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autograder.course.policy import choose
from autograder.documents.results import (
    Adjustment,
    CheckResult,
    Diagnosis,
    Handed,
    IsolationReached,
    Result,
    Versions,
    from_json,
    to_json,
)
from autograder.errors import KitError
from autograder.gradebook.attempts import Gradebook
from autograder.report.feedback import feedback
from autograder.report.grades import cell
from autograder.report.words import fenced, markdown, points, visible

DEADLINE = datetime(2026, 6, 1, 12, tzinfo=UTC)


def result(student="ada", digest="d1", score=3.0, **changes):
    whole = Result(
        assignment="01_double",
        assignment_title="Twice <b>as</b> much",
        assignment_digest="a" * 64,
        student=student,
        members=(student, "bob"),
        submission=Handed("ada.zip", digest, DEADLINE, True, ("a note",)),
        status="graded",
        raw_score=score,
        score=score,
        max_score=4.0,
        versions=Versions("1", "3.11", "2.4", "Linux"),
        isolation=IsolationReached("landlock", ("uid", "landlock"), {"namespaces": "no"}),
        adjustments=(Adjustment("manual", 0.5, "kindness", "me", DEADLINE),),
        checks=(
            CheckResult(
                "test_a",
                "double",
                "a check",
                "hidden",
                1.0,
                0.0,
                1.0,
                "wrong_value",
                "y is wrong",
                "worst at [0]: yours 1, expected 2",
                Diagnosis("squares", "It squares.", "1.1"),
                ("RuntimeWarning: overflow",),
                0.25,
                "reference",
            ),
        ),
        functions={"double": 1.0},
        log="printed\n",
        graded_at=DEADLINE,
    )
    return replace(whole, **changes)


def test_a_result_survives_the_way_through_json():
    assert from_json(to_json(result())) == result()
    refused = result(status="refused", isolation=None, checks=(), reason='a "link"', score=0.0)
    assert from_json(to_json(refused)) == refused
    fault = result(status="grader_error", raw_score=None, score=None)
    assert from_json(to_json(fault)) == fault


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "schema version 99"),
        ({"status": "fine"}, '"status" should be "graded" or "refused" or "grader_error"'),
        ({"score": "four"}, '"score" should be a number'),
        ({"checks": [{}]}, '"checks[1].name" is missing'),
        ({"extra": 1}, 'unknown key "extra"'),
        ({"graded_at": "soon"}, '"graded_at" should be a date and time'),
    ],
)
def test_a_document_that_is_no_result_is_told(change, words):
    document = json.loads(to_json(result())) | change
    with pytest.raises(KitError) as caught:
        from_json(json.dumps(document), "x.json")
    assert words in str(caught.value)
    assert "x.json" in str(caught.value)


def test_not_json_is_told():
    with pytest.raises(KitError, match="no JSON document"):
        from_json("{", "x.json")


# The gradebook


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


# Words


def test_students_text_can_do_nothing_in_feedback():
    nasty = "</code><script>alert(1)</script> ``` [x](javascript:1) \x1b[2J\u202e"
    bad = result(
        student="*<i>ada</i>*",
        log=nasty + "\n```\n# heading",
        checks=(replace(result().checks[0], message=nasty, details=nasty),),
    )
    text = feedback(bad, "full")
    outside, inside = [], False
    fence = ""
    for line in text.splitlines():
        if not inside and line.strip().startswith("```"):
            inside, fence = True, line.strip().removesuffix("text")
        elif inside and line.strip() == fence:
            inside = False
        elif not inside:
            outside.append(line)
    assert "<script>" not in "\n".join(outside)
    assert "<i>" not in "\n".join(outside)
    assert "# heading" not in outside
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_feedback_keeps_raw_score_and_adjustments_apart():
    text = feedback(result(raw_score=3.0, score=3.5), "cause")
    assert "**3.5 / 4**" in text
    assert "- checks: 3.0" in text
    assert "- adjustment: +0.5 (kindness, me)" in text


def test_feedback_blames_nobody_for_the_graders_fault():
    text = feedback(result(status="grader_error", score=None, reason="Traceback …"), "full")
    assert "not your fault" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
    ],
)
def test_cells_that_spreadsheets_would_run(text, expected):
    assert cell(text) == expected


def test_small_words():
    assert (points(10), points(6.67), points(0.25), points(2 / 3)) == (
        "10.0",
        "6.67",
        "0.25",
        "0.67",
    )
    assert visible("a\tb\x00\nc") == "a    b\\x00\nc"
    assert markdown("a\n# <b> *x*") == "a # &lt;b&gt; \\*x\\*"
    assert fenced("````").startswith("`````text")
