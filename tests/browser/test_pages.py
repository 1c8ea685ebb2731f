"""The report's pages in Chromium: nothing is fetched, nothing complains, everybody can use them."""

import pytest

from tests.report.a_class import make
from tests.report.test_pages import report

WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
PAGES = ("index.html", "03_layernorm.html", "students/s0001.html", "anonymous/03_layernorm.html")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Forty students, three assignments, with names and without."""
    folder = tmp_path_factory.mktemp("class")
    make(folder, 40, 3)
    target = report(folder, folder / "pages")
    report(folder, target / "anonymous", "--anonymous")
    return target


class Visit:
    """A page that is open, and whatever it asked for or complained about."""

    def __init__(self, chromium, path, width=1280, scheme="light", **options):
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        self.page = self.context.new_page()
        self.heard, self.asked = [], []
        self.page.on("console", lambda message: self.heard.append(message.text))
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.context.close()

    def focused(self):
        return self.page.evaluate("document.activeElement.textContent.trim()")

    def rows(self, table="students"):
        """The first cells of the rows that are shown."""
        return self.page.locator(f"#{table} tbody tr:visible th").all_inner_texts()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_fits_and_is_accessible(chromium, axe, pages, name, width, scheme):
    path = pages / name
    with Visit(chromium, path, width, scheme) as visit:
        assert visit.heard == []
        assert [url for url in visit.asked if not url.startswith("data:")] == [path.as_uri()]
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert axe(visit.page) == []


def test_axe_would_find_a_fault(chromium, axe, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text("<html><body><input><p style='color:#ccc'>pale</p></body></html>")
    with Visit(chromium, path) as visit:
        assert len({rule for rule, _ in axe(visit.page)}) >= 3


def test_a_policy_keeps_foreign_scripts_out(chromium, pages, tmp_path):
    text = (pages / "index.html").read_text(encoding="utf-8")
    path = tmp_path / "index.html"
    path.write_text(text.replace("<main", "<script>document.title = 'taken'</script><main"))
    with Visit(chromium, path) as visit:
        assert visit.page.title() != "taken"
        assert any("Content Security Policy" in line for line in visit.heard)


def test_the_keyboard_sorts_and_focus_is_seen(chromium, pages):
    with Visit(chromium, pages / "03_layernorm.html") as visit:
        before = visit.rows()
        button = visit.page.locator("#students th button", has_text="score")
        button.focus()
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Shift+Tab")
        assert visit.focused() == "score"
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert visit.page.evaluate(outline) == "solid"

        def scores():
            cells = visit.page.locator("#students tbody tr").evaluate_all(
                "rows => rows.map(row => row.querySelector('td.n').dataset.v)"
            )
            return [float(cell) for cell in cells]

        visit.page.keyboard.press("Enter")
        assert scores() == sorted(scores())
        visit.page.keyboard.press("Enter")
        assert scores() == sorted(scores(), reverse=True)
        head = visit.page.locator("#students th", has_text="score")
        assert head.get_attribute("aria-sort") == "descending"
        assert sorted(visit.rows()) == sorted(before)
        visit.page.locator("#students th button", has_text="Student").press("Enter")
        assert visit.rows() != before or len(before) < 2 or before == sorted(before)
        assert visit.heard == []


def test_a_student_is_found_and_sections_are_chosen(chromium, pages):
    with Visit(chromium, pages / "index.html") as visit:
        everybody = visit.rows()
        assert len(everybody) == 40
        visit.page.get_by_label("Search").fill("u-d")  # without its accent
        some = visit.rows()
        assert 0 < len(some) < 40
        assert all("Ü-D" in name for name in some)
        assert f"{len(some)} of 40 shown" in visit.page.locator("output").inner_text()
        visit.page.get_by_label("Search").fill("")
        visit.page.get_by_label("Section").select_option("Tuesday")
        chosen = visit.page.locator("#students tbody tr:visible td:nth-child(3)").all_inner_texts()
        assert set(chosen) == {"Tuesday"}
        assert 0 < len(chosen) < 40
        visit.page.get_by_label("Search").fill("nobody of this name")
        assert visit.rows() == []


def test_the_skip_link_comes_first(chromium, pages):
    with Visit(chromium, pages / "03_layernorm.html") as visit:
        visit.page.keyboard.press("Tab")
        assert visit.focused() == "Skip to the content"
        assert visit.page.locator(".skip").bounding_box()["x"] >= 0
        visit.page.keyboard.press("Enter")
        assert visit.page.evaluate("document.activeElement.id") == "main"


def test_without_a_script_the_page_is_whole(chromium, pages):
    with Visit(chromium, pages / "index.html", java_script_enabled=False) as visit:
        assert len(visit.rows()) == 40
        assert visit.page.locator("form.filter").is_hidden()
        assert visit.page.locator("th button").count() == 0


def test_a_students_page_fits_on_paper(chromium, pages):
    with Visit(chromium, pages / "students/s0001.html", width=680) as visit:  # 180 mm
        visit.page.emulate_media(media="print")
        wide = visit.page.evaluate(
            "[...document.querySelectorAll('*')].filter(e => e.checkVisibility() && "
            "e.getBoundingClientRect().right > 681).map(e => e.outerHTML.slice(0, 80))"
        )
        assert wide == []
        assert visit.page.pdf(format="A4").startswith(b"%PDF")


def test_links_lead_from_the_course_to_a_student_and_to_the_handout(chromium, pages):
    with Visit(chromium, pages / "index.html") as visit:
        visit.page.locator("#students a").first.click()
        assert "/students/s" in visit.page.url
        visit.page.go_back()
        visit.page.get_by_role("link", name="03", exact=True).click()
        visit.page.locator("#class ~ ol a").first.click()
        anchor = visit.page.url.rpartition("#")[2]
        assert visit.page.locator(f"[id='{anchor}']").is_visible()
