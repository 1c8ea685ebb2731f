"""The desk in a real browser: two people mark by keyboard at once, and axe has no complaints."""

import csv

import pytest

from tests.desk_page.builders import TASK, hand_in, key, running

ORDER = sorted(("ada", "bob", "cyd"), key=key)


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, chromium, address, who, **look):
        self.base = address.partition("/enter")[0]
        self.context = chromium.new_context(**look)
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(address)
        self.page.get_by_label("Your name").fill(who)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def open(self, path):
        self.page.goto(self.base + path)

    def keys(self, *keys):
        for one in keys:
            self.page.keyboard.press(one)

    def save(self):
        with self.page.expect_navigation():
            self.keys("Control+Enter")

    @property
    def total(self):
        return self.page.locator("#total").inner_text()


def rows(desk):
    with (desk.results / "adjustments.csv").open(newline="", encoding="utf-8") as file:
        return [(row["student"], row["points"], row["who"]) for row in csv.DictReader(file)]


def test_two_people_mark_at_once_by_keyboard(desk, chromium):
    hand_in(desk)
    first, second, third = ORDER
    with running(desk) as (address, _):
        ada = Person(chromium, address, "Ada L.")
        bo = Person(chromium, address, "Bo B.")
        ada.open(TASK)
        with ada.page.expect_navigation():
            ada.keys("j")  # the first that waits
        assert ada.page.url.endswith(key(first))
        bo.open(TASK)
        assert "open at Ada L." in bo.page.locator("li", has_text=first).inner_text()
        with bo.page.expect_navigation():
            bo.keys("j")  # the first that nobody has
        assert bo.page.url.endswith(key(second))

        ada.keys("1", "Shift+Digit2")
        assert ada.total == "2.5"
        ada.keys("1")
        assert ada.total == "0.5"
        ada.keys("1", "c")
        ada.page.keyboard.type("See 1.2: 1 sum")  # digits in a comment are text
        assert ada.total == "2.5"
        ada.save()
        assert ada.page.url.partition("?")[0].endswith(key(third))  # the second is Bo's
        assert rows(desk) == [(first, "2.5", "Ada L.")]

        ada.open(f"{TASK}/{key(second)}")  # on purpose
        assert "Bo B. has this open" in ada.page.locator("[role=status]").first.inner_text()
        bo.keys("2")
        bo.save()
        ada.keys("z", "1", "a", "1")
        assert ada.page.get_by_label("Comment for the student").input_value() == "See 1.2: 1 sum"
        ada.save()
        assert "Bo B. has marked this meanwhile" in ada.page.locator("[role=alert]").inner_text()
        assert ada.total == "2"
        assert rows(desk)[1:] == [(second, "1", "Bo B.")]
        ada.save()
        assert rows(desk)[2:] == [(second, "1", "Ada L.")]  # the difference
        wrong = [text for text in ada.wrong if "409" not in text]  # Chromium logs the status
        assert (wrong, bo.wrong) == ([], [])


def test_a_draft_outlives_a_closed_page(desk, chromium):
    hand_in(desk)
    with running(desk) as (address, _):
        ada = Person(chromium, address, "Ada L.")
        ada.open(f"{TASK}/{key('ada')}")
        ada.keys("1", "c")
        ada.page.keyboard.type("half a sentence")
        ada.open("/")
        ada.open(f"{TASK}/{key('ada')}")
        assert ada.total == "2"
        assert ada.page.locator("#comment").input_value() == "half a sentence"
        ada.save()
        ada.open(f"{TASK}/{key('ada')}")
        assert "not saved" not in ada.page.locator("#live").inner_text()
        assert ada.wrong == []


@pytest.fixture(scope="module")
def graded(shared_desk):
    hand_in(shared_desk)
    shared_desk.grade()
    return shared_desk


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_sound_in_light_and_dark_and_on_a_phone(graded, chromium, scheme, width, axe):
    view = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with running(graded) as (address, _):
        ada = Person(chromium, address, "Ada L.", **view)
        ada.open(f"{TASK}/{key('bob')}")
        ada.page.get_by_label("both copies pass").fill("1")
        ada.page.get_by_label("Comment for the student").fill("See 1.2")
        with ada.page.expect_navigation():
            ada.page.get_by_role("button", name="Save and stay").click()
        ada.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        paths = ["", "/", TASK, f"{TASK}/{key('bob')}/code", "/markers", "/name"]
        paths += ["/people/01_double", "/people/01_double/bob"]
        for path in paths:
            if path:
                ada.open(path)
            assert axe(ada.page) == [], path
            measure = "document.documentElement.scrollWidth - window.innerWidth"
            assert ada.page.evaluate(measure) <= 0, path
        assert ada.wrong == []
