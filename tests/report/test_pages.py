"""The pages of a class: what they say, that names stay text."""

import re
import statistics
from dataclasses import replace
from html.parser import HTMLParser

import pytest

pytest.importorskip("jinja2")

from autograder.commands.cli import run
from autograder.course.course import Course
from autograder.documents.results import Adjustment, Diagnosis
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.marks import Books
from tests.report.a_class import CODE

NASTY = "</title><script>alert(1)</script>\u202eada"


class Page(HTMLParser):
    """A page as a reader of HTML sees it."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.words, self._inside = [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("a", "bdi", "code", "span", "strong"):
            self.words.append(" ")
        if tag in ("style", "script"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def report(folder, target, *arguments, code=0):
    places = ["--course", str(folder / "course"), "--results", str(folder / "results")]
    assert run(["report", *arguments, *places, "--to", str(target)]) == code
    return target


@pytest.fixture(scope="module")
def pages(a_class, tmp_path_factory):
    return report(a_class, tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def books(a_class):
    course = Course.find(a_class / "course")
    with Gradebook(a_class / "results" / "gradebook.sqlite") as book:
        yield Books(course, book, Ledger())


def test_every_mark_stands_on_the_courses_page(pages, books):
    page = Page(pages / "index.html")
    assert len([one for one in page.all("a") if one.get("href", "").startswith("students/")]) >= 60
    html = (pages / "index.html").read_text(encoding="utf-8")
    for marks in books.marks().values():
        for mark in list(marks.values())[:5]:
            row = re.search(
                rf"students/{mark.student}\.html.*?</tr>", html[html.index('id="students"') :], re.S
            )[0]
            if mark.score is not None:
                assert f'data-v="{mark.score}"' in row


def test_quartiles_are_those_of_the_marks(pages, books):
    scores = [
        mark.score
        for mark in books.marks()["03_layernorm"].values()
        if mark.status == "graded" and mark.score is not None
    ]
    low, middle, high = statistics.quantiles(scores, n=4, method="inclusive")
    text = Page(pages / "03_layernorm.html").text
    assert f"half have {middle:.2f}"[:-1] in text
    assert f"A quarter has {low:.2f}"[:-1] in text
    assert f"a quarter {high:.2f}"[:-1] in text


def test_slips_are_counted_by_students_and_lead_to_the_handout(pages, books):
    marks = books.marks()["03_layernorm"]
    makers = {}
    for result in books.gradebook.attempts("03_layernorm"):
        if marks[result.student].attempt == result.attempt:
            for check in result.checks:
                if check.diagnosis and not check.passed:
                    makers.setdefault(check.diagnosis.id, set()).add(result.student)
    most = max(len(students) for students in makers.values())
    assert most > 2
    page = Page(pages / "03_layernorm.html")
    assert f"{most} of " in page.text.partition("Worth ten minutes in class")[2][:40]
    links = [one["href"] for one in page.all("a") if "handouts/" in one.get("href", "")]
    assert links
    file, _, anchor = links[0].partition("#")
    assert f'id="{anchor}"' in (pages / file).read_text(encoding="utf-8")


def test_checks_to_look_at_are_those_that_nearly_all_pass_or_the_better_fail(pages, books):
    marks = books.marks()["03_layernorm"]
    counted = [
        result
        for result in books.gradebook.attempts("03_layernorm")
        if marks[result.student].attempt == result.attempt and result.status == "graded"
    ]
    html = (pages / "03_layernorm.html").read_text(encoding="utf-8")
    table = html[html.index('id="checks"') :]
    for check in counted[0].checks:
        title = f'class="words">{check.title}'
        (row,) = [one for one in table.split("<tr>") if re.search(f"{title} ?<", one)]
        own = [next(c for c in one.checks if c.name == check.name) for one in counted]
        share = sum(one.passed for one in own) / len(own)
        points = [one.points for one in own]
        rest = [one.raw_score - mine for one, mine in zip(counted, points, strict=True)]
        against = len(set(points)) > 1 and statistics.correlation(points, rest) <= -0.1
        assert ("the better students fail it" in row) == against
        assert ("nearly all pass" in row) == (share >= 0.97 and not against)
        assert f"{100 * share:.0f} %</td>" in row
    assert "the better students fail it" in table


def test_late_and_attempts_and_sections(pages, books):
    marks = books.marks()["02_layer"].values()
    page = Page(pages / "02_layer.html")
    late = sum(mark.days_late > 0 for mark in marks)
    assert late > 3
    assert f"late {late} " in page.text
    assert f"; {late} after the deadline" in page.text or "after the deadline" in page.text
    several = sum(mark.attempts > 1 and mark.status == "graded" for mark in marks)
    assert several > 3
    assert "handed in several times" in page.text
    assert "Medians by section: Monday" in page.text


def test_a_chart_says_in_words_what_it_shows_and_has_its_numbers(pages):
    for path in (*pages.glob("*.html"), pages / "students" / "s0001.html"):
        page = Page(path)
        charts = [one for one in page.all("svg") if one.get("role") == "img"]
        assert charts, path
        ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
        for chart in charts:
            assert set(chart["aria-labelledby"].split()) <= ids
        assert page.text.count("numbers of “") == len(charts)


def test_nothing_is_loaded_from_elsewhere(pages):
    for path in (*pages.glob("*.html"), *(pages / "students").glob("*.html")):
        page = Page(path)
        for tag, attrs in page.tags:
            for name in ("src", "srcset", "action", "data", "poster"):
                assert name not in attrs, (path, tag)
            target = attrs.get("href", "")
            if target and tag == "a":
                assert not re.match(r"[a-z]+:|//", target)
                file = target.partition("#")[0]
                assert not file or (path.parent / file).is_file(), target
            elif target:
                assert target == "data:,"
            assert not [name for name in attrs if name.startswith("on")]
            assert "style" not in attrs


def test_a_students_page_leads_nowhere_and_has_no_script(pages):
    for path in (pages / "students").glob("*.html"):
        page = Page(path)
        assert [one["href"] for one in page.all("a")] == ["#main"]
        assert not page.all("script")


def test_review_notes_are_the_instructors(pages, books):
    noted = [
        result.student for result in books.gradebook.attempts("01_activations") if result.review
    ]
    assert noted
    assert " ".join(CODE.split()) in Page(pages / "01_activations.html").text
    for path in (pages / "students").glob("*.html"):
        assert "by differences?" not in path.read_text(encoding="utf-8")


def test_names_and_code_that_try_html_stay_text(own_class):
    roster = own_class / "results" / "roster.csv"
    text = roster.read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if one.startswith("s0001,"))
    roster.write_text(text.replace(line, f's0001,"{NASTY}",{NASTY}'), encoding="utf-8")
    with Gradebook(own_class / "results" / "gradebook.sqlite") as book:
        (first, *_) = book.attempts("01_activations", "s0001")
        checks = tuple(
            replace(
                check,
                title=NASTY,
                verdict="wrong_value",
                told=NASTY,
                points=0.0,
                diagnosis=Diagnosis("<b>", NASTY, "<i>"),
            )
            for check in first.checks
        )
        note = replace(first.submission, digest="new", notes=(NASTY,))
        bad = replace(first, checks=checks, submission=note, printed=NASTY, members=("s0001",))
        book.record(bad, "another")
    plain = report(own_class, own_class / "pages")
    for path in (*plain.glob("*.html"), plain / "students" / "s0001.html"):
        html = path.read_text(encoding="utf-8")
        assert "\u202e" not in html
        assert "<script>alert" not in html
        assert len(Page(path).all("script")) == (0 if path.parent.name == "students" else 1)
    text = Page(plain / "students" / "s0001.html").text
    assert "</title><script>alert(1)</script>\\u202eada" in text


def test_the_members_of_a_group_have_a_page_each(own_class):
    with Gradebook(own_class / "results" / "gradebook.sqlite") as book:
        (first, *_) = book.attempts("03_layernorm", "s0006")
        handed = replace(first.submission, digest="together")
        both = replace(first, student="x+y", members=("x", "y"), submission=handed)
        book.record(replace(both, adjustments=(Adjustment("manual", 9.0, "not yet"),)), "k")
    target = report(own_class, own_class / "pages")
    one, other = (Page(target / "students" / f"{name}.html").text for name in "xy")
    assert "Together: x, y" in one
    assert one.partition("03 Layer")[2] == other.partition("03 Layer")[2]
    assert "not yet" not in one  # adjustments are worked out from the ledger


def test_the_graders_own_faults_come_first(own_class):
    with Gradebook(own_class / "results" / "gradebook.sqlite") as book:
        (first, *_) = book.attempts("03_layernorm", "s0007")
        handed = replace(first.submission, digest="fault")
        fault = {"status": "grader_error", "raw_score": None, "score": None, "checks": ()}
        book.record(
            replace(
                first, student="zed", members=("zed",), submission=handed, reason="Boom", **fault
            ),
            "k",
        )
    target = report(own_class, own_class / "pages")
    text = Page(target / "03_layernorm.html").text
    assert text.index("The grader failed") < text.index("Worth ten minutes")
    assert "Boom" in text
    student = Page(target / "students" / "zed.html").text
    assert "This is not your fault" in student
    assert "Boom" not in student
