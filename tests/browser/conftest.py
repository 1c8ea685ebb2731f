"""A browser: Debian's chromium, driven by playwright. Skipped without, unless REQUIRE_BROWSER=1."""

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"


def _missing(what):
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"REQUIRE_BROWSER=1, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed: pip install 'transformer-course-kit[browser]'")
    if not os.access(CHROMIUM, os.X_OK):
        _missing("there is no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def chromium(browser):
    """The same: playwright can be started once in a process."""
    return browser


@pytest.fixture(scope="session")
def axe():
    """What axe finds on an open page, as pairs: the rule and the element's HTML.

    What is right is not told: to write that down takes axe as long as all else.
    """
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        _missing("axe is not installed: pip install 'transformer-course-kit[browser]'")
    axe = Axe()

    def found(page, context=None, **options):
        options |= {"resultTypes": ["violations"], "selectors": False}
        violations = axe.run(page, context=context, options=options).response["violations"]
        return [(one["id"], node["html"]) for one in violations for node in one["nodes"]]

    return found
