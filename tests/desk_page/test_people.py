"""Adjustments and extensions on the page, by the same code as on the command line."""

import csv
import re

import pytest

from tests.desk_page.builders import Page, hand_in, opened

ADA = "/people/01_double/ada"


@pytest.fixture
def page(desk):
    hand_in(desk)
    desk.grade()
    with opened(desk) as (app, _):
        yield Page(app, "T. Smith")


def rows(desk, name):
    with (desk.results / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def form_id(page, what):
    return re.search(rf'name="form" value="(\w+-{what})"', page.get(ADA).text)[1]


def test_points_and_deadlines_are_decided_on_the_page(page, desk):
    sent = {"form": form_id(page, "points"), "points": "−1", "why": "could not\nexplain it"}
    for _ in range(2):  # a second click of the same form
        assert page.post(f"{ADA}/adjust", **sent).status_code == 303
    (row,) = rows(desk, "adjustments.csv")
    assert (row["student"], row["assignment"], row["points"]) == ("ada", "01_double", "-1")
    assert (row["who"], row["why"]) == ("T. Smith", "could not explain it")
    assert desk.result("ada")["score"] == 3
    assert "could not explain it" in page.get(ADA).text
    later = {"form": form_id(page, "deadline"), "deadline": "2026-06-05T23:59", "why": "ill"}
    assert page.post(f"{ADA}/extend", **later).status_code == 303
    assert rows(desk, "extensions.csv")[0]["deadline"] == "2026-06-05T23:59:00+01:00"
    assert "2026-06-05 23:59" in page.get(ADA).text
    desk.grade()
    assert desk.result("ada")["score"] == 3
    assert "<td>-1.0</td>" in page.get("/people/01_double").text

    for what, fields, said in (
        ("adjust", {"points": "0", "why": "x"}, "POINTS is 0"),
        ("adjust", {"points": "many", "why": "x"}, "is no number of points"),
        ("adjust", {"points": "1", "why": " \n"}, "The reason is empty"),
        ("extend", {"deadline": "2020-01-01T10:00", "why": "x"}, "is not after the deadline"),
        ("extend", {"deadline": "soon", "why": "x"}, "is no date and time"),
    ):
        answer = page.post(f"{ADA}/{what}", form=f"f-{said}", **fields)
        assert answer.status_code == 400
        assert said in answer.text
    assert len(rows(desk, "adjustments.csv")) == len(rows(desk, "extensions.csv")) == 1
    assert page.post("/people/01_double/nobody/adjust", points="1", why="x").status_code == 404
