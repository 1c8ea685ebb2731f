"""Marking: the queue, claims, stale forms, the files that a save writes, and what is shown."""

import csv
import io

import pytest

from autograder.desk import claims
from tests.desk import RIGHT
from tests.desk_page.builders import TASK, Page, hand_in, key, opened


@pytest.fixture
def app(desk):
    hand_in(desk)
    with opened(desk) as (app, _):
        yield app


def rows(desk, name="adjustments.csv"):
    return list(csv.DictReader(io.StringIO((desk.results / name).read_text(encoding="utf-8"))))


def words(answer):
    return " ".join(answer.text.split())


def test_a_save_goes_on_to_the_next_that_waits(app, desk):
    page = Page(app)
    assert words(page.get(TASK)).count('<li><a href="/mark/') == 3
    seen = []
    target = page.get(TASK).text.split('class="button" href="')[1].split('"')[0]
    for _ in range(3):
        where = target.partition("?")[0]
        student = next(who for who in ("ada", "bob", "cyd") if where.endswith(key(who)))
        seen.append(student)
        target = page.save(student, (2, 0.5), "See 1.2").headers["location"]
    assert sorted(seen) == ["ada", "bob", "cyd"]
    assert target.startswith(f"{TASK}?saved=")
    assert [row["points"] for row in rows(desk)] == ["2.5"] * 3
    assert "Nothing else waits here" in words(page.get(target))


def test_the_ledger_holds_what_adjust_writes(app, desk):
    desk.grade()
    page = Page(app, "T. Smith")
    page.save("bob", (1, 0), 'He wrote "=2x", once;\ntwice is needed.')
    ours = rows(desk)[0]
    why = ours["why"]
    assert why == (
        "written task, Why two: 1 of 3; missing: both copies pass $dy$ on (-1); uses add up (-1). "
        'He wrote "=2x", once; twice is needed.'
    )
    done = desk.run(
        *("adjust", "01", "ada", "1", "--why", why, "--who", "T. Smith"),
        *("--course", desk.course, "--results", desk.results),
    )
    assert done.returncode == 0, done.stderr
    _, first, second = (desk.results / "adjustments.csv").read_bytes().split(b"\n")[:3]
    when = ours["when"].encode(), rows(desk)[1]["when"].encode()
    assert first.replace(b"bob", b"ada").replace(when[0], b"") == second.replace(when[1], b"")


def test_grades_and_feedback_follow_at_once_and_grading_again_agrees(app, desk):
    desk.grade()
    before = desk.result("bob")["score"]
    Page(app).save("bob", (2, 0.5), "Nearly.")
    assert desk.result("bob")["score"] == before + 2.5
    assert "Nearly." in desk.feedback("bob")
    grades = desk.grades()
    desk.grade()
    assert desk.grades() == grades


def test_a_second_mark_replaces_the_first_by_its_difference(app, desk):
    page = Page(app)
    page.save("ada", (2, 1))
    page.save("ada", (1, 1), "On second thoughts")
    page.save("ada", (1, 1), "On second thoughts, better said")
    assert [float(row["points"]) for row in rows(desk)] == [3, -1, 0]
    assert "2 of 3 instead of 3" in rows(desk)[1]["why"]
    assert "Marked 3 times" in words(page.get(page.address("ada")))


def test_two_people_at_once_lose_nothing(app, desk):
    first, second = Page(app, "Ada L."), Page(app, "Bo B.")
    mine, theirs = first.form("cyd"), second.form("cyd")
    assert first.save("cyd", (2, 0), "mine", form=mine).status_code == 303
    answer = second.save("cyd", (0.5, 1), "theirs", form=theirs)
    assert answer.status_code == 409
    said = words(answer)
    assert "<bdi>Ada L.</bdi> has marked this meanwhile" in said
    assert "with 2 of 3" in said
    assert "mine" in said
    assert ">theirs</textarea>" in said  # what was entered is still there
    assert 'value="0.5"' in said
    assert len(rows(desk)) == 1
    again = {"form": theirs["form"], "version": "1"}
    assert second.save("cyd", (0.5, 1), "theirs", form=again).status_code == 303
    assert [row["points"] for row in rows(desk)] == ["2", "-0.5"]


def test_the_same_form_sent_twice_is_saved_once(app, desk):
    page = Page(app)
    form = page.form("ada")
    assert page.save("ada", (2, 1), form=form).status_code == 303
    assert page.save("ada", (2, 1), form=form).status_code == 303
    assert len(rows(desk)) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("", ""), "No line has points"),
        ((3, 0), "Line 1: points go from 0 to 2, found &#39;3&#39;"),
        ((-1, 0), "Line 1: points go from 0 to 2"),
        ((0, "nan"), "Line 2: points go from 0 to 1"),
        ((0, "a lot"), "Line 2: points go from 0 to 1"),
    ],
)
def test_points_that_make_no_sense_are_told_and_kept_in_the_form(app, desk, lines, said):
    answer = Page(app).save("ada", lines, "kept")
    assert answer.status_code == 400
    assert said in words(answer)
    assert ">kept</textarea>" in answer.text
    assert not (desk.results / "adjustments.csv").exists()


def test_a_slip_in_the_ledger_is_told_before_anything_is_saved(app, desk):
    (desk.results / "adjustments.csv").write_text("student,assignment,points\nada,01,two\n")
    answer = Page(app).save("ada", (2, 1))
    assert answer.status_code == 400
    assert "line 2: &#39;two&#39; is no number of points" in words(answer)
    assert (desk.results / "marking.jsonl").read_text() == ""


def test_who_has_which_is_shown_and_expires(app, monkeypatch):
    first, second = Page(app, "Ada L."), Page(app, "Bo B.")
    first.get(first.address("ada"))
    assert "Ada L.</bdi> has this open" in words(second.get(second.address("ada")))
    assert "open at <bdi>Ada L.</bdi>" in words(second.get(TASK))
    assert "open at" not in words(first.get(TASK))
    assert second.post(f"{second.address('ada')}/claim").text == "Ada L."
    first.get(first.address("bob"))  # who goes on lets go
    assert "has this open" not in words(second.get(second.address("ada")))
    second.post(f"{second.address('ada')}/claim", leave="1")
    first.get(first.address("ada"))
    now = claims.time.monotonic()
    monkeypatch.setattr(claims.time, "monotonic", lambda: now + claims.SECONDS + 1)
    assert "open at" not in words(second.get(TASK))


def test_the_next_one_is_nobody_else_s(app):
    first, second = Page(app, "Ada L."), Page(app, "Bo B.")
    order = sorted(("ada", "bob", "cyd"), key=key)
    first.get(first.address(order[1]))
    assert key(order[2]) in second.save(order[0], (0, 0)).headers["location"]


def test_names_are_hidden_on_request(app):
    page = Page(app)
    assert "<bdi>ada</bdi>" in page.get(TASK).text
    page.post("/blind", blind="1", back=TASK)
    for path in (TASK, page.address("ada"), "/people/01_double"):
        text = page.get(path).text
        assert not any(f"<bdi>{who}" in text for who in ("ada", "bob", "cyd"))
        assert "/people/01_double/ada" not in text
    assert f"Work {key('ada')[:6]}" in page.get(TASK).text
    page.post("/blind", blind="", back=TASK)
    assert "<bdi>ada</bdi>" in page.get(TASK).text


def test_comments_used_before_are_offered_most_frequent_first(app):
    page = Page(app)
    page.save("ada", (2, 1), "Say it for an array.\nSee 1.2.")
    page.save("bob", (2, 1), "See 1.2.")
    text = page.get(page.address("cyd")).text
    assert 0 < text.index('data-comment="See 1.2."') < text.index('data-comment="Say it for')


def test_rubric_question_and_solution_stand_beside_the_answer(app):
    text = words(Page(app).get(Page(app).address("ada")))
    assert "Both copies pass dy on." in text
    assert "Why is the gradient of" in text
    assert "<math" in text
    assert "A sum for one number only gets 1 point." in text
    assert "handout 1.2" in text


def test_code_stands_beside_with_what_was_found_in_it(app, desk):
    desk.grade()
    page = Page(app)
    text = page.get(page.address("bob")).text
    assert '<span class="nf">double_backward</span>' in text
    line = RIGHT["arithmetic/double.py"].splitlines().index("def double_backward(dy, cache):") + 1
    assert f"arithmetic/double.py</bdi>, line {line}</a>" in text
    assert f'<tr id="file-1-{line}" class="found">' in text
    assert "double_backward: " in text
    assert "All 2 files" not in text
    desk.hand_in("bob", {"arithmetic/helper.py": "HELP = 1\n"})
    assert f"{page.address('bob')}/code" in page.get(page.address("bob")).text
    assert "HELP" not in page.get(page.address("bob")).text
    assert '<span class="n">HELP</span>' in page.get(f"{page.address('bob')}/code").text
    assert "failed" not in page.get(page.address("ada")).text


def test_markers_are_compared(app):
    first, second = Page(app, "Ada L."), Page(app, "Bo B.")
    first.save("ada", (2, 1))
    first.save("bob", (1, 0))
    second.save("cyd", (0, 1))
    text = words(second.get("/markers"))
    assert "<bdi>Ada L.</bdi></th><td>2</td><td>2.0</td><td>1.0</td><td>1.0, 3.0</td>" in text
    assert "<bdi>Bo B.</bdi></th><td>1</td><td>1.0</td><td>0.0</td>" in text
