"""Marks: which attempt counts, what lateness takes, what people add."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autograder.course.course import Course
from autograder.course.policy import Attempts, Late
from autograder.documents.results import Adjustment, Handed
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.ledger import Extension, Ledger
from autograder.gradebook.marks import Books
from tests.desk import TINY
from tests.documents.builders import result

DUE = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "days"), [(-1, 0), (0, 0), (0.25, 0), (0.26, 1), (24, 1), (24.1, 2), (47, 2)]
)
def test_days_late_are_days_begun_after_the_grace(hours, days):
    assert Late(grace_minutes=15).days(DUE + hours * HOUR, DUE) == days


def test_a_time_that_nobody_knows_is_in_time():
    assert Late().days(None, DUE) == Late().days(DUE, None) == 0


def test_a_penalty_has_a_cap():
    late = Late(per_day_percent=10, cap_percent=25)
    assert [late.penalty(days, 20) for days in (0, 1, 2, 3, 9)] == [0, 2, 4, 5, 5]


def test_time_zones_are_understood():
    summer = datetime.fromisoformat("2026-06-01T13:10:00+01:00")
    assert Late(grace_minutes=15).days(summer, DUE) == 0
    assert Late().days(summer, DUE) == 1


# Marks


@pytest.fixture
def course():
    found = Course.find(TINY)
    deadlines = {"01_double": DUE, "02_sums": DUE + timedelta(days=7)}
    return replace(found, deadlines=deadlines, late=Late(per_day_percent=25))


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "gradebook.sqlite") as gradebook:
        yield gradebook


def hand_in(book, digest, score, hours, assignment="01_double", student="ada"):
    due = DUE if assignment == "01_double" else DUE + timedelta(days=7)
    handed = Handed("x.zip", digest, due + hours * HOUR)
    given = result(student, digest, score, assignment=assignment, submission=handed)
    return book.record(replace(given, adjustments=(), members=(student,)), digest)


def mark(course, book, ledger=None, assignment="01_double", student="ada"):
    return Books(course, book, ledger or Ledger()).marks()[assignment][student]


def test_raw_score_lateness_and_adjustments_stay_apart(course, book):
    kept = hand_in(book, "d", 3.0, 25)
    ledger = Ledger(adjustments=(("ADA", "01_double", Adjustment("manual", 0.5, "oral", "me")),))
    found = mark(course, book, ledger)
    assert (found.raw_score, found.penalty, found.adjustment, found.score) == (3.0, 2.0, 0.5, 1.5)
    settled = Books(course, book, ledger).settle(kept)
    assert (settled.raw_score, settled.score) == (3.0, 1.5)
    assert [one.kind for one in settled.adjustments] == ["late", "manual"]
    assert Books(course, book, Ledger()).settle(settled).score == 1.0  # worked out anew


def test_lateness_takes_no_more_than_there_is(course, book):
    hand_in(book, "d", 0.5, 60)
    found = mark(course, book)
    assert (found.penalty, found.score) == (0.5, 0.0)


def test_the_last_extension_holds(course, book):
    hand_in(book, "d", 3.0, 25)
    two = tuple(Extension("Ada", "01_double", DUE + hours * HOUR, "ill") for hours in (48, 12))
    assert mark(course, book, Ledger(two[:1])).penalty == 0
    assert mark(course, book, Ledger(two)).penalty == 1.0
    other = Extension("bob", "01_double", DUE + 48 * HOUR, "ill")
    assert mark(course, book, Ledger((other,))).penalty == 2.0


def test_the_best_attempt_is_the_best_after_lateness(course, book):
    course = replace(course, attempts=Attempts("best"))
    hand_in(book, "a", 3.0, -1)
    hand_in(book, "b", 4.0, 40)
    assert mark(course, book).attempt == 1
    extension = Extension("ada", "01_double", DUE + 48 * HOUR, "ill")
    assert mark(course, book, Ledger((extension,))).attempt == 2


def test_the_last_in_time_goes_by_extension_and_grace(course, book):
    course = replace(course, attempts=Attempts("last_on_time"))
    hand_in(book, "a", 3.0, -1)
    hand_in(book, "b", 2.0, 0.2)
    assert mark(course, book).attempt == 1
    graceful = replace(course, late=Late(grace_minutes=15))
    assert mark(graceful, book).attempt == 2


def test_free_late_days_are_used_in_the_courses_order(course, book):
    course = replace(course, late=Late(per_day_percent=25, free_days=3))
    hand_in(book, "b", 4.0, 30, "02_sums")
    first = mark(course, book, assignment="02_sums")
    assert (first.score, first.days_late) == (4.0, 2)
    assert "2 of 3 days used" in first.adjustments[0].reason
    hand_in(book, "a", 4.0, 30)
    assert mark(course, book).score == 4.0
    second = mark(course, book, assignment="02_sums")
    assert second.score == 3.0
    assert "1 of them free: 3 of 3 days used" in second.adjustments[0].reason
    settled = Books(course, book, Ledger()).settle(book.attempts("02_sums")[0])
    assert settled.score == 3.0


def test_points_without_anything_handed_in(course, book):
    ledger = Ledger(adjustments=(("zoe", "01_double", Adjustment("manual", 2.0, "essay")),))
    found = mark(course, book, ledger, student="zoe")
    assert (found.raw_score, found.score, found.attempt) == (None, 2.0, 0)


def test_the_time_told_last_holds(course, book):
    first = hand_in(book, "a", 4.0, 30)
    again = book.seen_again(first, DUE - HOUR)
    assert again.submission.submitted_at == DUE - HOUR
    assert mark(course, book).score == 4.0
    assert book.attempts("01_double")[0].submission.submitted_at == DUE - HOUR


def test_attempts_are_ordered_in_time_whatever_their_zones(course, book):
    early = datetime.fromisoformat("2026-06-01T13:30:00+04:00")
    for digest, when in (("late", DUE), ("early", early)):
        given = result("ada", digest, 1.0, submission=Handed("x", digest, when))
        book.record(given, digest)
    assert [one.submission.digest for one in book.attempts("01_double")] == ["early", "late"]


def test_a_change_taken_back_is_the_newest_grading_again(book):
    for key, score in (("check", 1.0), ("other", 2.0)):
        book.record(result(score=score), key)
    assert book.find("01_double", "ada", "check") is None
    book.record(result(score=1.0), "check")
    assert book.standings("01_double")["ada"][0].score == 1.0
    assert len(book.history("01_double", "ada")) == 3
    ((before, after),) = book.regradings("01_double")
    assert (before.score, after.score) == (2.0, 1.0)


def test_an_extension_of_one_member_holds_for_the_group(course, book):
    handed = Handed("x.zip", "d", DUE + 25 * HOUR)
    given = result("ada+bob", "d", 3.0, submission=handed, adjustments=())
    kept = book.record(replace(given, members=("ada", "bob")), "key")
    assert mark(course, book, student="ada+bob").penalty == 2.0
    ledger = Ledger((Extension("bob", "01_double", DUE + 48 * HOUR, "ill"),))
    assert mark(course, book, ledger, student="ada+bob").penalty == 0
    books = Books(course, book, ledger)
    assert books.settle(kept).score == 3.0
    assert books.strangers([]) == []


def test_names_that_nobody_has_are_found(course, book):
    hand_in(book, "d", 3.0, 1)
    one = Adjustment("manual", 1.0, "x")
    extension = Extension("ADA", "01_double", DUE, "x")
    adjustments = (("adda", "01_double", one), ("zoe", "01_double", one))
    books = Books(course, book, Ledger((extension,), adjustments))
    assert books.strangers(["zoe"]) == ["adda"]
