"""Who may come in: a token in the address, a session in a cookie, a second secret in every form.

The page runs on the machine of somebody who also visits other pages. So a request has to name a
host that is ours (else another name may have been pointed at this address), and what changes
anything has to carry a secret that only our own pages hold.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_SESSIONS = 1_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
WRONG_HOST = "This name is not the desk's. Open the address that autograder desk printed.\n"
NO_SESSION = (
    "You are not signed in, or the desk was started again since. Open the address that autograder "
    "desk printed; what was saved is kept.\n"
)


@dataclass
class Session:
    """One browser of one marker."""

    id: str
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    who: str = ""
    blind: bool = False


class Sessions:
    """Sessions in memory, by the token that opens them."""

    def __init__(self, token: str, port: int) -> None:
        self.token = token
        self.cookie = f"desk-{port}"  # cookies do not tell ports apart
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def opens(self, token: str) -> bool:
        """Whether it is the token of the printed address."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def new(self) -> Session:
        """A session; the oldest makes room where there are very many."""
        session = Session(secrets.token_urlsafe(32))
        with self._lock:
            self._sessions[session.id] = session
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return session

    def of(self, headers: Headers) -> Session | None:
        """The session that a request's cookie names."""
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        morsel = cookies.get(self.cookie)
        with self._lock:
            return self._sessions.get(morsel.value) if morsel else None

    def set_cookie(self, response: Response, session: Session) -> None:
        """For this site's own requests only, out of reach of scripts."""
        response.set_cookie(self.cookie, session.id, httponly=True, samesite="strict", path="/")


class Guard:
    """Around the whole app: hosts, sessions, and headers on everything that goes out."""

    def __init__(self, app: App, sessions: Sessions, host: str) -> None:
        self.app, self.sessions, self.host = app, sessions, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                outgoing = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if name not in outgoing:
                        outgoing[name] = value
            await send(message)

        refusal = self._refusal(scope, headers)
        await (refusal or self.app)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.is_ours(hosts[0]):
            return Response(WRONG_HOST, 421, media_type="text/plain")
        origin = headers.get("origin", "null")  # what our own forms say, without a referrer
        foreign = origin != "null" and origin.partition("://")[2] != hosts[0]
        site = headers.get("sec-fetch-site", "none")
        if foreign or (scope["method"] == "POST" and site not in ("none", "same-origin")):
            return Response(WRONG_HOST, 403, media_type="text/plain")
        scope["session"] = self.sessions.of(headers)
        path = str(scope["path"])
        if scope["session"] is None and not path.startswith(("/enter/", "/static/")):
            return Response(NO_SESSION, 403, media_type="text/plain; charset=utf-8")
        return None

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names this desk. Ports may differ: a tunnel has its own."""
        name = host.rpartition(":")[0] if host.rpartition("]")[2].count(":") else host
        name = name.strip("[]").casefold()
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in ("localhost", self.host.casefold())
        return address.is_loopback or not is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address that is listened on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
