"""What was told as saved is there once, wherever a save was cut short."""

import csv
import json
import os

import pytest

from autograder.desk import journal as journal_module
from autograder.desk import store as store_module
from autograder.desk.journal import Journal
from autograder.errors import KitError, UsageProblem
from tests.desk_page.builders import Page, hand_in, opened


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def folder(desk):
    hand_in(desk)
    return desk.results


def points(folder):
    path = folder / "adjustments.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["student"], row["points"]) for row in csv.DictReader(file)]


def saved(folder):
    lines = (folder / "marking.jsonl").read_text(encoding="utf-8").splitlines()
    marks = (json.loads(line).get("mark") for line in lines)
    return [(mark["student"], f"{mark['adds']:g}") for mark in marks if mark]


STEPS = [
    (journal_module.os, "fsync", 0, False),
    (store_module, "add_adjustment", 0, True),
    (store_module, "sync_file", 0, True),
    (store_module, "sync_file", 1, True),
]


@pytest.mark.parametrize(("module", "name", "after", "promised"), STEPS)
def test_a_save_that_was_cut_short_is_finished_or_was_never_promised(
    desk, folder, monkeypatch, module, name, after, promised
):
    """`after`: whether the step itself was still done before the kill."""
    with opened(desk) as (app, store):
        page = Page(app)
        page.save("bob", (1, 1))
        form = page.form("ada")
        with monkeypatch.context() as patch:
            step = getattr(module, name)

            def killed(*arguments, **named):
                if after:
                    step(*arguments, **named)
                raise Killed

            patch.setattr(module, name, killed)
            with pytest.raises((Killed, BaseExceptionGroup)):
                page.save("ada", (2, 0.5), form=form)
    with opened(desk) as (app, store):
        assert store.repair() == 0  # the first repair was complete
        mark = store.current("01_double", "why-two", "ada")
        if promised:
            assert mark.points == 2.5
        assert points(folder) == saved(folder)
        assert points(folder).count(("ada", "2.5")) == (1 if mark else 0)
    with opened(desk):
        assert points(folder) == saved(folder)


def test_a_kill_between_the_row_and_the_feedback_brings_the_feedback_later(desk, folder):
    desk.grade()
    before = desk.result("ada")["score"]

    def dies(student):
        raise Killed

    with opened(desk, follow=dies) as (app, _):
        page = Page(app)
        with pytest.raises((Killed, BaseExceptionGroup)):
            page.save("ada", (2, 1))
    assert desk.result("ada")["score"] == before
    with opened(desk):
        assert desk.result("ada")["score"] == before + 3
        assert points(folder) == [("ada", "3")]


def test_the_form_of_before_the_kill_is_not_saved_again(desk, folder):
    with opened(desk) as (app, _):
        page = Page(app)
        form = page.form("ada")
        page.save("ada", (2, 1), form=form)
    with opened(desk) as (app, _):
        assert Page(app).save("ada", (2, 1), form=form).status_code == 303
    assert points(folder) == [("ada", "3")]


def test_a_line_that_was_cut_short_goes_and_the_rest_stays(desk, folder):
    with opened(desk) as (app, _):
        Page(app).save("ada", (2, 1))
    path = folder / "marking.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[0][:100])
    with opened(desk) as (app, store):
        assert path.read_bytes() == whole
        assert store.current("01_double", "why-two", "ada").points == 3
        Page(app).save("bob", (2, 1))
    assert points(folder) == saved(folder) == [("ada", "3"), ("bob", "3")]


def test_a_full_disk_is_told_and_leaves_no_half_line(desk, folder, monkeypatch):
    with opened(desk) as (app, _):
        page = Page(app)
        page.save("bob", (0, 1))
        before = (folder / "marking.jsonl").read_bytes()
        form = page.form("ada")
        real = os.write
        with monkeypatch.context() as patch:
            patch.setattr(journal_module.os, "write", lambda fd, block: real(fd, block[:20]))
            answer = page.save("ada", (2, 1), "kept", form=form)
        assert answer.status_code == 507
        assert "This was not saved; make room" in answer.text
        assert ">kept</textarea>" in answer.text
        assert (folder / "marking.jsonl").read_bytes() == before
        assert page.save("ada", (2, 1), form=form).status_code == 303
    assert points(folder) == [("bob", "1"), ("ada", "3")]


def test_a_mark_that_can_not_enter_the_grades_says_so_and_does_later(desk, folder, monkeypatch):
    def full(*arguments, **named):
        raise KitError("adjustments.csv can't be written: No space left on device.")

    with opened(desk) as (app, _):
        page = Page(app)
        with monkeypatch.context() as patch:
            patch.setattr(store_module, "add_adjustment", full)
            answer = page.save("ada", (2, 1))
        assert answer.status_code == 507
        assert "Saved in marking.jsonl, but not yet in the grades" in answer.text
        assert points(folder) == []
        page.save("bob", (1, 1))
    assert points(folder) == [("ada", "3"), ("bob", "2")]


def test_equal_rows_of_two_marks_are_both_there(desk, folder, monkeypatch):
    """Same second, same words: rows are counted, not only looked for."""
    monkeypatch.setattr(store_module, "now", lambda course: "2027-01-01T10:00:00+00:00")
    monkeypatch.setattr(store_module, "reason", lambda *arguments: "written task")
    monkeypatch.setattr(store_module.Store, "enter", lambda self: "")
    with opened(desk) as (app, _):
        page = Page(app)
        page.save("ada", (0, 1))
        page.save("ada", (1, 1))
        page.save("ada", (2, 1))
    monkeypatch.undo()
    with opened(desk):
        assert points(folder) == [("ada", "1"), ("ada", "1"), ("ada", "1")]


@pytest.mark.parametrize("who", ["=SUM(A1)", "'=x", "@home", "-1", 'O"Neil, Ann', "Ōno"])
def test_names_that_a_spreadsheet_would_run_are_found_again(desk, folder, monkeypatch, who):
    with opened(desk) as (app, _):
        page = Page(app, who)
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "add", once(Journal.add))
            with pytest.raises((Killed, BaseExceptionGroup)):
                page.save("ada", (2, 1))
    with opened(desk):
        assert points(folder) == [("ada", "3")]


def once(add):
    """The mark's line is written; the word that its row is there is not."""

    def added(self, **what):
        if "entered" in what:
            raise Killed
        add(self, **what)

    return added


def test_two_desks_do_not_share_a_gradebook(desk, folder):
    with opened(desk), pytest.raises(UsageProblem, match="another desk is open"):
        Journal(folder)
    with Journal(folder):
        pass


def test_a_file_changed_by_hand_is_named(desk, folder):
    folder.mkdir()
    (folder / "marking.jsonl").write_text("nonsense\n")
    with pytest.raises(UsageProblem, match=r"marking\.jsonl, line 1 is no JSON"):
        Journal(folder)
    (folder / "marking.jsonl").write_text('{"schema": 9, "entered": "x"}\n')
    with pytest.raises(UsageProblem, match="schema version 9"):
        Journal(folder)


def test_others_can_not_read_the_marks(desk, folder):
    with opened(desk):
        assert (folder / "marking.jsonl").stat().st_mode & 0o077 == 0


def test_a_file_without_the_columns_for_reasons_is_told_and_nothing_is_lost(desk, folder):
    folder.mkdir()
    path = folder / "adjustments.csv"
    path.write_text("student,assignment,points\nada,01,1\n")
    with opened(desk) as (app, _):
        page = Page(app)
        answer = page.save("ada", (2, 1))
        assert answer.status_code == 507
        assert "the column &#34;who&#34; is missing" in answer.text
        path.write_text("student,assignment,points,who,when,why\nada,01,1,,,\n")
        page.save("bob", (1, 0))
    assert points(folder) == [("ada", "1"), ("ada", "3"), ("bob", "1")]
