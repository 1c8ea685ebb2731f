"""A student's page says nothing of hidden checks that the Markdown feedback would not say."""

import re
from dataclasses import replace
from datetime import UTC

import pytest

pytest.importorskip("jinja2")

from autograder.documents.results import CheckResult, Diagnosis, ReviewNote
from autograder.gradebook.marks import Mark
from autograder.gradebook.roster import Person
from autograder.report.feedback import feedback
from autograder.report.pages.rows import Row
from autograder.report.pages.student import part_of
from autograder.report.pages.templating import render
from autograder.report.words import markdown
from tests.documents.builders import result
from tests.report.test_nothing_hidden_comes_back import LEAKS, graded  # noqa: F401
from tests.report.test_pages import Page, report

CHECKS = (
    CheckResult(
        *("test_a", "double", "a hidden check", "hidden", 1.0, 0.0, 1.0, "wrong_value"),
        *("MESSAGE of y", "DETAILS 1.5", Diagnosis("squares", "CAUSE it squares.", "1.1")),
        *(("WARNED",), 0.1, "own", "TOLD of y"),
    ),
    CheckResult(
        *("test_b", "double", "another hidden check", "hidden", 1.0, 0.0, 1.0, "raised"),
        *("MESSAGE of b", "DETAILS 2.5", None, ("WARNED",), 0.1, "own", "TOLD of b"),
    ),
    CheckResult(
        *("test_c", "double", "a public check", "public", 0.0, 0.0, 0.0, "wrong_value"),
        *("PUBLIC message", "PUBLIC details", Diagnosis(None, "PUBLIC cause"), (), 0.1),
    ),
)
WORDS = (
    "MESSAGE",
    "DETAILS",
    "CAUSE",
    "TOLD",
    "WARNED",
    "PUBLIC",
    "HIDDEN LOG",
    "PRINTED",
    "REVIEW",
)


def page_of(one, disclosure):
    """The part of a student's page about a result."""
    mark = Mark(
        one.student, one.members, one.assignment, 1, 1, one.status, 2.0, 2.5, 4.0, one.adjustments
    )
    row = Row((Person(one.student, name=one.student),), mark, result=one)
    number = one.assignment.partition("_")[0]
    return render("part.html", part=part_of(row, number, one.assignment_title, disclosure, UTC))


def told(disclosure):
    whole = result(
        checks=CHECKS,
        functions={"double": 2.0},
        log="HIDDEN LOG",
        printed="PRINTED",
        review=(ReviewNote("import", "a.py", 1, "REVIEW code", "REVIEW note"),),
    )
    return page_of(whole, disclosure), feedback(whole, disclosure)


@pytest.mark.parametrize("disclosure", ["full", "cause", "none"])
def test_the_page_says_what_the_markdown_says(disclosure):
    page, text = told(disclosure)
    for word in WORDS:
        assert (word in page) == (word in text), word


def test_what_each_level_discloses():
    said = {
        level: [word for word in WORDS if word in told(level)[0]]
        for level in ("full", "cause", "none")
    }
    assert said["full"] == [
        "MESSAGE",
        "DETAILS",
        "CAUSE",
        "WARNED",
        "PUBLIC",
        "HIDDEN LOG",
        "PRINTED",
    ]
    assert said["cause"] == ["CAUSE", "TOLD", "PUBLIC", "PRINTED"]
    assert said["none"] == ["PUBLIC", "PRINTED"]


def test_a_cause_stands_once_and_then_what_it_costs():
    checks = tuple(replace(CHECKS[0], name=f"test_{k}", title=f"case {k}") for k in range(5))
    page = page_of(result(checks=checks, functions={"double": 5.0}), "cause")
    assert page.count("CAUSE it squares.") == 1
    assert all(f"case {k}" in page for k in range(5))
    assert "−5.0" in page
    assert page.count("−1.0") == 5


def test_the_graders_fault_is_told_without_its_words():
    fault = result(status="grader_error", score=None, reason="Traceback SECRET", printed="PRINTED")
    page = page_of(fault, "full")
    assert "not your fault" in page
    assert "SECRET" not in page
    assert "PRINTED" not in page


@pytest.fixture(scope="module")
def students_pages(graded, tmp_path_factory):  # noqa: F811
    """The students' pages of the same submissions, graded with two secrets."""
    return [report(desk.folder, tmp_path_factory.mktemp("pages")) for desk in graded]


@pytest.mark.parametrize("leak", LEAKS)
def test_students_pages_are_the_same_whatever_the_inputs(graded, students_pages, leak):  # noqa: F811
    one, other = ((pages / "students" / f"{leak}.html").read_text() for pages in students_pages)
    assert one == other
    assert len(one) > 4000


@pytest.mark.parametrize("leak", LEAKS)
def test_every_word_of_the_page_stands_in_the_markdown_too(graded, students_pages, leak):  # noqa: F811
    """But for headings and numbers of the page's own."""
    page = Page(students_pages[0] / "students" / f"{leak}.html").text
    text = (
        (graded[0].results / "01_double" / f"{leak}.md")
        .read_text(encoding="utf-8")
        .replace("\\", "")
    )
    known = set(re.findall(r"\w+", f"{text} {markdown(page_frame())}"))
    assert {word for word in re.findall(r"[^\W\d]\w+", page) if word not in known} == set()


def page_frame():
    """What is printed on everybody's page."""
    empty = result(checks=(), functions={"double": 1.0, "double_backward": 1.0}, printed="x")
    return (
        page_of(empty, "cause")
        + "Skip to the content points so far of what was handed in Points by function numbers "
        "Sums doubled A box is a function as wide as it is worth filled by what it got Double "
        "assignment What to look at check checks passed Questions about a mark Ask your instructor "
        "svg double_backward of"
    )
