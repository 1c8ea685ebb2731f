"""What a form sends: small, with the session's secret, read as plain text."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from autograder.desk.guard import Session
from autograder.errors import UsageProblem

MOST_BYTES = 100_000
MOST_LETTERS = 10_000
OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
Form = dict[str, str]
Handler = Callable[[Request, Session, Form], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def post(handler: Handler) -> Endpoint:
    """An endpoint for a form: refused without the session's secret, run in a thread of its own."""

    async def endpoint(request: Request) -> Response:
        session: Session = request.scope["session"]
        body = b""
        async for block in request.stream():
            body += block
            if len(body) > MOST_BYTES:
                return Response("That is too long.\n", 413, media_type="text/plain")
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            return Response("That is no form of the desk.\n", 415, media_type="text/plain")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
            words = "This form is not from your session. Open the page again and repeat it.\n"
            return Response(words, 403, media_type="text/plain")
        if not session.who and request.url.path != "/name":
            return RedirectResponse("/name", 303)
        return await run_in_threadpool(handler, request, session, form)

    return endpoint


def get(handler: Callable[[Request, Session], Response]) -> Endpoint:
    """An endpoint that shows something to somebody who has said a name."""

    async def endpoint(request: Request) -> Response:
        if not request.scope["session"].who:
            return RedirectResponse("/name", 303)
        return await run_in_threadpool(handler, request, request.scope["session"])

    return endpoint


def line(text: str, most: int = 200) -> str:
    """A name or a reason: one line, without control characters."""
    return plain(" ".join(text.split()))[:most].strip()


def plain(text: str) -> str:
    """Text without control characters but line ends, and without overrides of its direction."""
    joined = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (
        c
        for c in joined
        if c == "\n" or (unicodedata.category(c) not in ("Cc", "Cs") and c not in OVERRIDES)
    )
    return "".join(kept)[:MOST_LETTERS]


def number(text: str, most: float, what: str) -> float:
    """Points of one line of a rubric; empty is 0."""
    try:
        value = float(text.replace(",", ".") or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise UsageProblem(f"{what}: points go from 0 to {most:g}, found {text!r}.")
    return round(value, 2)
