"""Pages to show in class: nobody is named, no small group is shown apart."""

import re
import shutil

import pytest

pytest.importorskip("jinja2")

from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.roster import Roster
from autograder.report.pages.measures import joined
from autograder.report.pages.rows import FEW, large_enough
from tests.report.test_pages import Page, report


@pytest.fixture(scope="module")
def pages(a_class, tmp_path_factory):
    return report(a_class, tmp_path_factory.mktemp("anonymous"), "--anonymous")


def test_nobody_is_named_anywhere(a_class, pages):
    people = Roster.load(a_class / "results" / "roster.csv").people.values()
    words = {one.student for one in people} | {one.name for one in people}
    assert len(words) > 60
    files = [path for path in pages.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".html", ".json"}
    for path in files:
        text = path.read_text(encoding="utf-8")
        for word in words:
            assert word not in text, path
            assert word not in str(path.relative_to(pages))
    assert not (pages / "students").exists()


def test_no_code_and_no_reasons_of_single_uploads(pages):
    text = "".join(path.read_text(encoding="utf-8") for path in pages.glob("0*.html"))
    assert "alert(1)" not in text
    assert "holds a link" not in text
    assert "<form" not in text


def test_what_is_left_is_still_worth_showing(pages):
    text = Page(pages / "03_layernorm.html").text
    for words in ("Worth ten minutes in class", "Students by score", "Checks", "separates"):
        assert words in text


def test_no_count_below_five_is_shown(pages):
    for path in pages.glob("0*.html"):
        html = path.read_text(encoding="utf-8")
        counts = re.findall(
            r'<tr><th scope="row">[^<]+ (?:to|points)[^<]*</th><td class="n">(\d+)</td>', html
        )
        assert counts
        assert all(int(count) >= FEW for count in counts)
        slips = re.findall(r'<tr><td class="n" data-v="(\d+)">\1</td><td class="words">', html)
        assert all(int(count) >= FEW for count in slips)
        assert "lowest" not in html


def test_named_and_anonymous_pages_do_not_mix(a_class, tmp_path, capsys):
    target = report(a_class, tmp_path / "pages")
    report(a_class, target, "--anonymous", code=2)
    assert "holds pages with names" in capsys.readouterr().err
    (target / ".made.json").unlink()
    report(a_class, target, "--anonymous", code=2)
    other = report(a_class, tmp_path / "anonymous", "--anonymous")
    report(a_class, other, code=2)
    assert "holds pages without names" in capsys.readouterr().err


def test_a_class_of_four_shows_no_statistics(a_class, tmp_path):
    shutil.copytree(a_class, tmp_path / "small")
    with Gradebook(tmp_path / "small" / "results" / "gradebook.sqlite") as book:
        few = ("s0001", "s0002", "s0003", "s0004")
        book.connection.execute("PRAGMA foreign_keys = OFF")
        book.connection.execute(f"DELETE FROM attempts WHERE student NOT IN {few}")
    pages = report(tmp_path / "small", tmp_path / "pages", "--anonymous")
    text = Page(pages / "03_layernorm.html").text
    assert "Too few scores to show" in text
    assert "Too few times to show" in text
    assert "Checks" not in text
    assert "%" not in text


def test_small_groups_are_joined_so_that_no_difference_tells_them():
    groups = {"a": [1] * 9, "b": [2] * 6, "c": [3] * 2}
    shown = large_enough(groups, 5)
    assert {name: len(rows) for name, rows in shown.items()} == {"a": 9, "others": 8}
    assert large_enough({"a": [1] * 9, "c": [3] * 2}, 5) == {}
    assert set(large_enough({"a": [1] * 5, "b": [2] * 5}, 5)) == {"a", "b"}


def test_bins_are_joined_until_each_is_large_enough():
    parts = [(0.0, 1.0, 2), (1.0, 2.0, 0), (2.0, 3.0, 4), (3.0, 4.0, 7), (4.0, 5.0, 1)]
    assert joined(parts, 5) == [(0.0, 3.0, 6), (3.0, 5.0, 8)]
    assert joined([(0.0, 1.0, 4)], 5) == []
    assert sum(count for *_, count in joined(parts, 14)) == 14
