"""The course's pages as a browser shows them: on a phone, in the dark, by keyboard, on paper."""

from contextlib import contextmanager

import pytest

from autograder.course.course import Course
from autograder.release.site import site_files

COURSE = Course.find()
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1100, "height": 900}
PHONES = (320, 390)
PAGES = ("index.html", "start.html", *(f"{one.name}.html" for one in COURSE.assignments))


@pytest.fixture(scope="module")
def site(tmp_path_factory, committed_changes):
    folder = tmp_path_factory.mktemp("site")
    for name, content in site_files(COURSE, COURSE.assignments):
        (folder / name).write_bytes(content)
    return folder


@contextmanager
def opened(browser, path, **options):
    """A page that says of what went wrong and what it asked for, once it is loaded."""
    page = browser.new_page(**options)
    page.problems, page.asked = [], []
    page.on("console", lambda one: page.problems.append(one.text))
    page.on("pageerror", lambda one: page.problems.append(str(one)))
    page.on("requestfailed", lambda one: page.problems.append(one.url))
    page.on("request", lambda one: page.asked.append(one.url))
    page.goto(path.as_uri(), wait_until="load")
    try:
        yield page
    finally:
        page.close()


@pytest.fixture(scope="module", params=PAGES)
def page_of_the_site(request, browser, site):
    """Each page, opened once for the tests of it, which follow one another."""
    with opened(browser, site / request.param, viewport=DESK) as page:
        yield page


@pytest.fixture
def page(page_of_the_site):
    """It, as wide as a desk and in the light."""
    page_of_the_site.set_viewport_size(DESK)
    page_of_the_site.emulate_media(color_scheme="light")
    return page_of_the_site


def test_the_pages_are_those_that_are_there(site):
    assert {path.name for path in site.glob("*.html")} == set(PAGES)


def test_a_page_opens_without_an_error_and_asks_nobody(page, site):
    assert page.problems == []
    for url in page.asked:
        assert url.startswith((site.as_uri() + "/", "data:")), url
    assert (site / "style.css").as_uri() in page.asked
    sizes = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
    assert all(sizes)


@pytest.mark.parametrize("width", PHONES)
def test_a_phone_never_scrolls_the_whole_page_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    stuck = page.evaluate(
        """() => [...document.querySelectorAll("*")]
          .filter(one => getComputedStyle(one).overflowX == "auto"
            && one.scrollWidth > one.clientWidth + 1 && one.tabIndex != 0)
          .map(one => one.outerHTML.slice(0, 80))"""
    )
    assert stuck == []  # what scrolls can be reached by keyboard


def test_rows_of_tables_are_hardly_higher_on_a_phone(page):
    script = "all => all.map(one => one.getBoundingClientRect().height)"
    wide = page.eval_on_selector_all("tr", script)
    page.set_viewport_size(PHONE)
    narrow = page.eval_on_selector_all("tr", script)
    assert len(narrow) == len(wide)
    assert all(one <= 2 * other for one, other in zip(narrow, wide, strict=True))


def test_axe_finds_no_barrier_in_the_light_and_no_faint_text_in_the_dark(axe, page):
    page.set_viewport_size(PHONE)
    assert barriers(axe, page) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(axe, page, runOnly=["color-contrast"]) == []


def barriers(axe, page, **options):
    """What axe finds. It can't read formulas, as screen readers do: a header may be one."""
    found = axe(page, {"exclude": [["math"]]}, **options)
    return [
        (rule, html) for rule, html in found if rule != "empty-table-header" or "<math" not in html
    ]


@pytest.mark.parametrize(
    ("markup", "rule"),
    [
        ("<p style='color:#ccc;background:#fff'>Faint", "color-contrast"),
        ("<table><tr><th></th><th>a<tr><td>1<td>2</table>", "empty-table-header"),
    ],
)
def test_axe_would_find_a_barrier(browser, axe, tmp_path, markup, rule):
    path = tmp_path / "page.html"
    path.write_text(f"<html lang=en><title>x</title>{markup}")
    with opened(browser, path) as page:
        assert rule in {name for name, _ in barriers(axe, page)}


@pytest.fixture(scope="module")
def handouts(browser):
    """By name: what went wrong, and how wide it is on each phone."""
    found = {}
    for one in COURSE.assignments:
        path = COURSE.root / "student_template" / "assignments" / one.name / "handout.html"
        widths = {}
        with opened(browser, path, viewport=PHONE) as page:
            for width in PHONES:
                page.set_viewport_size({"width": width, "height": 844})
                widths[width] = page.evaluate("document.documentElement.scrollWidth")
            found[one.name] = page.problems, widths
    return found


@pytest.mark.parametrize("width", PHONES)
def test_handouts_in_the_students_folder_fit_a_phone_too(handouts, width):
    assert len(handouts) == len(COURSE.assignments)
    for problems, widths in handouts.values():
        assert problems == []
        assert widths[width] <= width


def test_light_and_dark_differ(browser, site):
    colours = set()
    for scheme in ("light", "dark"):
        with opened(browser, site / "index.html", color_scheme=scheme) as page:
            colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_the_first_stop_of_the_keyboard_skips_to_the_content(browser, site):
    with opened(browser, site / "04_attention.html", viewport=DESK) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_the_keyboard_scrolls_a_wide_table(browser, site):
    with opened(browser, site / "04_attention.html", viewport=PHONE) as page:
        page.focus("div.scroll")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.querySelector('div.scroll').scrollLeft > 0", timeout=5000)


def test_paper_shows_answers_and_no_navigation(browser, site):
    with opened(browser, site / "09_seq2seq.html", viewport=DESK) as page:
        heights = "all => all.map(one => one.getBoundingClientRect().height)"
        closed = page.eval_on_selector_all("details", heights)
        page.emulate_media(media="print")
        printed = page.eval_on_selector_all("details", heights)
        assert closed
        assert all(after > before + 20 for before, after in zip(closed, printed, strict=True))
        assert not page.is_visible(".contents")
        assert not page.is_visible("header nav")
