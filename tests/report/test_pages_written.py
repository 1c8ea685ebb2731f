"""Which pages a second report writes again, and what is left of one that was broken off."""

import sys

import pytest

pytest.importorskip("jinja2")

from autograder.commands.cli import run
from autograder.report.pages import making, templating
from tests.report.test_pages import Page, report


def test_only_what_changed_is_written_again(own_class, capsys):
    target = report(own_class, own_class / "pages")
    times = {path: path.stat().st_mtime_ns for path in target.rglob("*.html")}
    assert len(times) > 60
    capsys.readouterr()
    report(own_class, target)
    assert "Wrote 0 of" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*.html")} == times

    command = ["adjust", "02", "s0003", "1.5", "--why", "a talk", "--who", "me"]
    places = ["--course", str(own_class / "course"), "--results", str(own_class / "results")]
    assert run([*command, *places]) == 0
    report(own_class, target)
    changed = {path.name for path, time in times.items() if path.stat().st_mtime_ns != time}
    assert {"index.html", "02_layer.html", "s0003.html"} == changed
    assert "adjustment: a talk, me" in Page(target / "students" / "s0003.html").text


def test_a_page_that_is_gone_or_broken_is_made_again(own_class):
    target = report(own_class, own_class / "pages")
    gone, broken = target / "students" / "s0004.html", target / "students" / "s0005.html"
    before = gone.read_bytes(), broken.read_bytes()
    gone.unlink()
    broken.write_text("half a p")
    report(own_class, target)
    assert (gone.read_bytes(), broken.read_bytes()) == before


def test_an_interrupt_leaves_whole_pages_and_the_next_run_finishes(own_class, monkeypatch):
    whole = report(own_class, own_class / "whole")
    calls = 0
    real = making.render

    def render(template, **values):
        nonlocal calls
        calls += template == "student.html"
        if calls == 9:
            raise KeyboardInterrupt
        return real(template, **values)

    monkeypatch.setattr(making, "render", render)
    target = report(own_class, own_class / "pages", code=130)
    done = sorted((target / "students").iterdir())
    assert len(done) == 8
    assert all(path.read_text(encoding="utf-8").endswith("</html>") for path in done)
    monkeypatch.undo()
    report(own_class, target)
    for path in whole.rglob("*.html"):
        assert (target / path.relative_to(whole)).read_bytes() == path.read_bytes()


def test_whoever_left_the_roster_and_has_no_marks_has_no_page(own_class):
    roster = own_class / "results" / "roster.csv"
    text = roster.read_text(encoding="utf-8")
    roster.write_text(text + 'guest,"Guest, A",Monday\n', encoding="utf-8")
    target = report(own_class, own_class / "pages")
    assert "Nothing has been graded yet" in Page(target / "students" / "guest.html").text
    roster.write_text(text, encoding="utf-8")
    report(own_class, target)
    assert not (target / "students" / "guest.html").exists()
    assert "Guest" not in (target / "index.html").read_text(encoding="utf-8")


def test_an_assignment_alone(own_class):
    target = report(own_class, own_class / "pages", "03")
    assert sorted(path.name for path in target.glob("*.html")) == [
        "03_layernorm.html",
        "index.html",
    ]


def test_what_to_install_is_said(own_class, monkeypatch, capsys):
    templating.environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    report(own_class, own_class / "pages", code=3)
    monkeypatch.undo()
    assert "pip install 'transformer-course-kit[report]'" in capsys.readouterr().err
    assert not (own_class / "pages").exists()
