"""The course's own pages: complete, self-contained, and nothing on them that is not out yet."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from autograder.commands.cli import run
from autograder.course.course import Course
from autograder.release.site import rules, site_files
from tests.release.test_template import stubbed_bodies
from tests.release.tiny import ready

COURSE = Course.find()
OUT = tuple(COURSE.assignment(number) for number in ("03", "04"))
SECRET = ("instructor", "hidden", "accepted", "survivors", "slips", "solutions/", "draw.py")


@pytest.fixture(scope="module")
def site(committed_changes):
    """The site while two assignments of the course are out."""
    return dict(site_files(COURSE, OUT))


@pytest.fixture(scope="module")
def everything(site):
    """Every file of the site and every file in its zips, by name."""
    found = dict(site)
    for name, content in site.items():
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found |= {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}
    return found


class Links(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.tags = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.anchors |= {found["id"]} if "id" in found else set()
        self.links += [found[key] for key in ("href", "src") if key in found]


def pages(site):
    return {name: Links(text.decode()) for name, text in site.items() if name.endswith(".html")}


def test_the_site_has_a_page_and_a_zip_for_each_assignment_that_is_out(site):
    assert set(site) == {
        *("style.css", "index.html", "start.html", "course_so_far.zip"),
        *("03_layernorm.html", "assignment_03.zip", "04_attention.html", "assignment_04.zip"),
    }


def test_every_link_leads_to_something_on_the_site(site):
    found = pages(site)
    for name, page in found.items():
        for link in page.links:
            if link.startswith("data:"):
                continue
            target, _, anchor = link.partition("#")
            assert (target or name) in site, (name, link)
            assert not anchor or anchor in found[target or name].anchors, (name, link)


def test_nothing_is_loaded_from_elsewhere(site):
    for name, content in site.items():
        if not name.endswith(".zip"):
            text = content.decode()
            for outside in ("<script", "@import", "url(", 'src="http', 'href="http', "<iframe"):
                assert outside not in text, (name, outside)


def test_pages_have_landmarks_a_skip_link_and_one_title(site):
    for page in pages(site).values():
        tags = [tag for tag, _ in page.tags]
        for tag in ("h1", "main", "header", "footer"):
            assert tags.count(tag) == 1
        first = next(found for tag, found in page.tags if tag == "a")
        assert first == {"class": "skip", "href": "#content"}
        assert ("html", {"lang": "en"}) in page.tags


def test_a_handouts_page_has_its_formulas_figures_and_contents(site):
    page = pages(site)["04_attention.html"]
    tags = [tag for tag, _ in page.tags]
    assert tags.count("math") > 20
    assert sum(link.startswith("data:image/svg") for link in page.links) == 3
    inside = [link for link in page.links if link.startswith("#") and link != "#content"]
    assert len(inside) == tags.count("h2") - 1  # all but the heading of the list itself
    assert {link[1:] for link in inside} <= set(COURSE.assignment("04").sections)


def test_previous_and_next_follow_what_is_out(site):
    def around(name):
        found = (attrs for _, attrs in pages(site)[name].tags)
        return {one["rel"]: one["href"] for one in found if one.get("rel") in ("prev", "next")}

    assert around("03_layernorm.html") == {"next": "04_attention.html"}
    assert around("04_attention.html") == {"prev": "03_layernorm.html"}


def test_wide_tables_and_code_can_be_scrolled_by_keyboard(site):
    for name in ("03_layernorm.html", "04_attention.html"):
        names = []
        for tag, found in pages(site)[name].tags:
            wide = found.get("class", "") in ("scroll", "math block wide")
            if wide or tag == "pre":
                assert (found["tabindex"], found["role"]) == ("0", "region"), (name, found)
                names.append(found["aria-label"])
        assert len(names) == len(set(names)) > 5


def test_the_first_zip_holds_what_a_student_begins_with(everything):
    names = set(everything)
    assert {"assignment_03.zip/check.py", "assignment_03.zip/README.md"} <= names
    assert "assignment_04.zip/check.py" not in names
    assert "assignment_04.zip/transformer/attention.py" in names
    both = {name.partition("/")[2] for name in names if re.match("assignment_0.[.]zip/", name)}
    whole = {name.partition("/")[2] for name in names if name.startswith("course_so_far.zip/")}
    assert both == whole


def test_no_line_of_a_stubbed_body_is_on_the_site_or_in_its_zips(everything):
    code = {
        name: {line.strip() for line in content.decode().splitlines()}
        for name, content in everything.items()
        if name.endswith((".py", ".toml", ".txt", ".ini"))
    }
    assert len(code) > 40
    survivors = [
        (name, function, line)
        for _, function, line in stubbed_bodies()
        if len(line) > 24 and not line.startswith(("_check_", "#"))
        for name, lines in code.items()
        if line in lines and f"/{COURSE.package}/" in name
    ]
    assert survivors == []


def test_no_hidden_check_and_no_note_is_on_the_site(everything):
    mine = [name for name in everything if "/autograder/checker/" not in name]
    everywhere = texts(everything)
    for word in SECRET:
        assert not [name for name in mine if word in name]
    for one in COURSE.every:
        notes = (one.folder / "instructor_notes.md").read_text(encoding="utf-8")
        for source in (one.hidden_checks.read_text(encoding="utf-8"), notes):
            for line in telling(source, than=public(one)):
                assert line not in everywhere, (one.name, line)


def test_nothing_of_an_assignment_that_is_not_out_is_on_the_site(everything):
    shown = "".join(public(one) for one in OUT)
    everywhere = texts(everything)
    for one in COURSE.every:
        if one in OUT:
            continue
        assert not [name for name in everything if one.name in name]
        assert not [name for name in everything if name.split("/")[-1] in one.files]
        lines = list(telling(public(one), than=shown))
        assert len(lines) > 50
        for line in lines:
            assert line not in everywhere, (one.name, line)
        for record in records(everything):
            for function in one.functions:
                assert function.name not in record["functions"]


def test_what_is_out_is_recorded_whole(everything):
    for record in records(everything):
        for function in COURSE.assignment(record["assignment"]).functions:
            assert function.name in record["functions"]


def records(everything):
    found = [
        json.loads(text) for name, text in everything.items() if name.endswith("/expected.json")
    ]
    assert len(found) == 4  # each in its own zip and in that of all
    return found


def public(assignment):
    """What students get of an assignment, once it is out."""
    paths = (assignment.handout, assignment.public_checks, assignment.manifest)
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def telling(text, than):
    """Lines that say something, and that are not also said elsewhere."""
    for line in map(str.strip, text.splitlines()):
        if len(line) > 40 and line not in than and not line.startswith(("from ", "import ", "|--")):
            yield line


def texts(everything):
    return "\n".join(
        content.decode("utf-8", "replace")
        for name, content in everything.items()
        if not name.endswith((".zip", ".svg", ".png"))
    )


@pytest.fixture
def tiny(desk):
    return ready(desk.course)


def write(course, target, *options):
    return run(["site", "--course", str(course), "--to", str(target), *options])


def test_the_command_shows_deadlines_on_the_courses_clocks(tiny, tmp_path):
    assert write(tiny, tmp_path / "site") == 0
    index = (tmp_path / "site" / "index.html").read_text()
    assert "on the clocks of Europe/London" in index
    assert re.search(
        r'datetime="2026-06-01T12:00\+01:00"><span>Mon 1 Jun 2026,</span> 12:00', index
    )
    assert "no deadline" in index
    assert "Ask anyone; write it yourself." in index
    page = (tmp_path / "site" / "01_double.html").read_text()
    assert "Monday 1 June 2026, 12:00</time> (Europe/London)" in page


def dated(course, moment):
    path = course / "assignments" / "course.toml"
    path.write_text(path.read_text() + f"[release]\n02_sums = {moment:%Y-%m-%dT%H:%M:%S}Z\n")


def test_what_is_not_released_yet_stays_off_the_pages(tiny, tmp_path, capsys):
    dated(tiny, datetime.now(UTC) + timedelta(days=1))
    assert write(tiny, tmp_path / "site") == 0
    assert sorted(path.name for path in (tmp_path / "site").glob("*.*")) == [
        *(".pages", "01_double.html", "assignment_01.zip", "index.html", "style.css")
    ]
    assert "assignments: 01." in capsys.readouterr().out
    assert "Sums</a>" not in (tmp_path / "site" / "index.html").read_text()


def test_a_student_begins_with_the_first_zip_and_goes_on_with_the_second(tiny, tmp_path):
    student = tmp_path / "student"
    assert write(tiny, tmp_path / "early", "--only", "01") == 0
    unpack(tmp_path / "early" / "assignment_01.zip", student)
    assert "01_double" in checked(student)
    solution = tiny / "solutions" / "arithmetic" / "double.py"
    (student / "arithmetic" / "double.py").write_bytes(solution.read_bytes())
    assert "✓ 01_double" in checked(student)
    assert write(tiny, tmp_path / "late") == 0
    unpack(tmp_path / "late" / "assignment_02.zip", student)
    first, _, second = checked(student).splitlines()
    assert first.startswith("✓ 01_double")
    assert second.startswith("· 02_sums")


def unpack(path, target):
    with zipfile.ZipFile(path) as archive:
        archive.extractall(target)


def checked(folder):
    """What `check.py --list` says, with the folder's own checker."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [sys.executable, "check.py", "--list"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def test_what_was_released_yesterday_is_there_with_its_date(tiny, tmp_path):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    dated(tiny, yesterday)
    assert write(tiny, tmp_path / "site") == 0
    assert (tmp_path / "site" / "02_sums.html").is_file()
    assert "Handed out" in (tmp_path / "site" / "index.html").read_text()


def test_a_page_that_is_not_shown_any_more_goes_and_nothing_else_does(tiny, tmp_path, capsys):
    target = tmp_path / "site"
    assert write(tiny, target) == 0
    (target / "mine.html").write_text("mine")
    capsys.readouterr()
    assert write(tiny, target, "--only", "2") == 0
    assert "removed, not on the pages any more" in capsys.readouterr().out
    assert not (target / "01_double.html").exists()
    assert not (target / "course_so_far.zip").exists()
    assert (target / "02_sums.html").is_file()
    assert (target / "mine.html").read_text() == "mine"


def test_a_folder_with_other_files_is_left_alone(tiny, tmp_path, capsys):
    (tmp_path / "index.html").write_text("somebody's")
    assert write(tiny, tmp_path) == 2
    assert "name another folder" in capsys.readouterr().err
    assert (tmp_path / "index.html").read_text() == "somebody's"


def test_a_title_is_text_and_no_markup(tiny, tmp_path):
    path = tiny / "assignments" / "course.toml"
    path.write_text(path.read_text().replace("Sums, doubled", "<b>Sums</b> & more"))
    assert write(tiny, tmp_path / "site") == 0
    for page in (tmp_path / "site").glob("*.html"):
        assert "&lt;b&gt;Sums&lt;/b&gt; &amp; more" in page.read_text()
        assert "<b>Sums" not in page.read_text()


def test_the_same_course_gives_the_same_bytes(tiny):
    course = Course.find(tiny)
    first, second = (dict(site_files(course, course.assignments)) for _ in range(2))
    assert first == second


def test_without_jinja2_one_sentence_says_what_to_install(tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("autograder.commands.site.find_spec", lambda name: None)
    assert write(tiny, tmp_path / "site") == 3
    told = capsys.readouterr().err
    assert "pip install 'transformer-course-kit[site]'" in told
    assert told.count("\n") == 1


def test_lateness_is_told_where_it_costs_something(tiny):
    path = tiny / "assignments" / "course.toml"
    late = "\n[late]\nper_day_percent = 10\ncap_percent = 50\ngrace_minutes = 15\nfree_days = 3\n"
    assert len(rules(Course.find(tiny))) == 1
    path.write_text(path.read_text() + late)
    words = " ".join(rules(Course.find(tiny)))
    assert "Each day begun after the deadline takes 10 % of the points, at most 50 %." in words
    assert "The first 15 minutes after it take nothing." in words
    assert "3 late days over the whole course" in words
