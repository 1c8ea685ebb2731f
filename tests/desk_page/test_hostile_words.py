"""Names, texts and code that try HTML, scripts or right-to-left overrides stay text."""

import pytest

from tests.desk import RIGHT
from tests.desk_page.builders import TASK, Page, key, opened

SCRIPT = "<script>alert('x')</script>"
OVERRIDE = "\u202egpj.exe\u202c"
PDF = b"%PDF-1.4\n"


@pytest.fixture
def app(desk):
    code = f'"""{SCRIPT}"""\n# {OVERRIDE} </td><img src=x onerror=alert(1)>\nX = "\u2066\u200b"\n'
    files = RIGHT | {"arithmetic/double.py": code + RIGHT["arithmetic/double.py"]}
    text = f"{SCRIPT}\n{OVERRIDE}\n\x1b[31mred\x00\n</pre><h1>big</h1>\n"
    desk.hand_in("ada", files | {"written.md": text, f"written {OVERRIDE}<i>.txt": "second"})
    desk.hand_in(
        "bob.zip",
        RIGHT | {"written/1.pdf": PDF, "written/2.png": b"<html>" + SCRIPT.encode()},
    )
    desk.results.mkdir()
    (desk.results / "roster.csv").write_text(
        f'student,name\nada,"{SCRIPT}{OVERRIDE}"\nbob,"\u05d0\u05d1 & <b>Bob</b>"\n', "utf-8"
    )
    with opened(desk) as (app, _):
        yield app


def test_nothing_of_theirs_is_markup(app):
    page = Page(app, f"{SCRIPT}{OVERRIDE}")
    page.save("bob", (2, 0), f"{SCRIPT} {OVERRIDE}")
    for path in (
        "/",
        TASK,
        page.address("ada"),
        page.address("bob"),
        f"{page.address('ada')}/code",
        "/people/01_double",
        "/people/01_double/ada",
        "/people/01_double/bob",
        "/markers",
    ):
        text = page.get(path).text
        assert text.count("<script") == 1, path
        assert "<b>Bob" not in text
        assert "<img src=x" not in text
        assert "<h1>big" not in text
        assert not any(c in text for c in "\u202e\u202c\u2066\u200b\x1b\x00"), path


def test_what_nobody_would_see_is_shown(app):
    page = Page(app)
    text = page.get(page.address("ada")).text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\n\\u202egpj.exe\\u202c" in text
    assert "\\x1b[31mred\\x00" in text
    assert "U+202E right-to-left override" in text
    assert "U+200B zero width space" in text
    assert "<bdi>&lt;script&gt;" in page.get(TASK).text
    assert "<bdi>\u05d0\u05d1 &amp; &lt;b&gt;Bob&lt;/b&gt;</bdi>" in page.get(TASK).text


def test_files_are_what_their_first_bytes_say(app):
    page = Page(app)
    pdf = page.get(f"{page.address('bob')}/file/1")
    assert (pdf.headers["content-type"], pdf.content) == ("application/pdf", PDF)
    assert "default-src 'none'" in pdf.headers["content-security-policy"]
    lie = page.get(f"{page.address('bob')}/file/2")
    assert lie.headers["content-type"].startswith("text/plain")
    assert lie.headers["x-content-type-options"] == "nosniff"
    assert page.get(f"{page.address('bob')}/file/3").status_code == 404
    assert "Open the PDF in a new tab" in page.get(page.address("bob")).text


def test_addresses_that_lead_nowhere_are_pages_too(app):
    page = Page(app)
    for path in ("/mark/x/y", f"{TASK}/nobody", "/people/x", "/people/01_double/../x", "/%00"):
        assert page.get(path).status_code == 404, path
    assert page.get(f"/people/01_double/{key('ada')}").status_code == 404
