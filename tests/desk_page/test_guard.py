"""Who comes in: the token, the session, the form's secret, the host, and the headers."""

import pytest
from starlette.testclient import TestClient

from autograder.desk.guard import Guard, Sessions
from tests.desk_page.builders import TASK, TOKEN, Page, hand_in, key, opened


@pytest.fixture
def app(desk):
    hand_in(desk)
    with opened(desk) as (app, _):
        yield app


def stranger(app, host="127.0.0.1:8000"):
    return TestClient(app, base_url=f"http://{host}", follow_redirects=False)


def test_without_the_token_nothing_is_shown(app):
    for path in ("/", TASK, "/markers", "/people/01_double", f"{TASK}/{key('ada')}/file/1"):
        assert stranger(app).get(path).status_code == 403
    assert stranger(app).get("/enter/a-guess").status_code == 403
    assert stranger(app).post("/name", data={"who": "Eve"}).status_code == 403


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_have(app):
    cookie = stranger(app).get(f"/enter/{TOKEN}").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert cookie.startswith("desk-8000=")


def test_a_session_without_a_name_is_asked_for_one(app):
    http = stranger(app)
    http.get(f"/enter/{TOKEN}")
    assert http.get("/").headers["location"] == "/name"
    assert "Your name" in http.get("/name").text


def test_every_form_needs_the_session_s_secret(app):
    page, other = Page(app), Page(app, "Other")
    fields = {"line-1": "2", "form": "1", "version": "0"}
    paths = [page.address("ada"), f"{page.address('ada')}/claim", "/blind", "/name"]
    paths += [f"/people/01_double/ada/{what}" for what in ("adjust", "extend")]
    for path in paths:
        assert page.http.post(path, data=fields).status_code == 403
        assert page.http.post(path, data=fields | {"csrf": other.csrf}).status_code == 403
        assert page.http.post(path, json=fields | {"csrf": page.csrf}).status_code == 415
    assert "0 marked" in " ".join(page.get("/").text.split())
    assert page.save("ada", (2, 1)).status_code == 303
    assert "1 marked" in " ".join(page.get("/").text.split())


def test_a_form_is_small(app):
    assert Page(app).post("/name", who="x" * 200_000).status_code == 413


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "10.0.0.1:8000", "a@b", ""])
def test_another_host_is_refused(app, host):
    answer = stranger(app).get(f"/enter/{TOKEN}", headers={"Host": host})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1:8000", "[::1]:8000", "localhost"])
def test_this_machine_s_names_are_known_whatever_port_a_tunnel_has(app, host):
    assert stranger(app).get(f"/enter/{TOKEN}", headers={"Host": host}).status_code == 200


def test_a_desk_for_others_knows_addresses_and_its_own_name_only():
    guard = Guard(None, Sessions(TOKEN, 1), "0.0.0.0")
    assert guard.is_ours("192.168.1.5:8000")
    assert not guard.is_ours("evil.example:8000")
    named = Guard(None, Sessions(TOKEN, 1), "desk.school.example")
    assert named.is_ours("Desk.school.example:8000")
    assert not named.is_ours("evil.example")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_is_refused(app, headers):
    page = Page(app)
    fields = {"csrf": page.csrf, "who": "Eve"}
    assert page.http.post("/name", data=fields, headers=headers).status_code == 403
    own = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert page.http.post("/name", data=fields, headers=own).status_code == 303


def test_every_answer_has_the_headers(app):
    page = Page(app)
    answers = [
        page.get("/"),
        page.get(page.address("ada")),
        page.get("/nowhere"),
        page.get("/static/desk.js"),
        stranger(app).get("/"),
        stranger(app, "evil.example").get("/"),
    ]
    assert [one.status_code for one in answers] == [200, 200, 404, 200, 403, 421]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_pages_hold_no_script_or_style_of_their_own(app):
    page = Page(app)
    for path in ("/", TASK, page.address("bob"), "/people/01_double", "/people/01_double/ada"):
        text = page.get(path).text
        assert text.count("<script") == text.count('<script src="/static/') == 1
        assert "<style" not in text
        assert "style=" not in text
        assert not any(f"on{what}=" in text for what in ("click", "load", "error", "submit"))


def test_nobody_is_sent_elsewhere(app):
    page = Page(app)
    for target in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert page.post("/blind", blind="1", back=target).headers["location"] == "/"
