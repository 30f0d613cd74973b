"""Who may ask the studio, and how much: hosts, origins, a token, sizes."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_MESSAGE = 64 * 1024
"""Bytes of one message from the page."""
MOST_BODY = 24 * 2**20
"""Bytes of one file or question over HTTP."""
MOST_VISITORS = 64
SEND_SECONDS = 20.0
"""Who takes longer to take one answer is gone."""
COOKIE = "ganatomy-token"

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Guard:
    """Lets through who may ask, and adds the headers that keep a page to itself.

    Without a token the studio answers to names of this machine alone, so that no page of another site can reach it
    under a name of its own (DNS rebinding). Where a browser says which site asks, it has to be this one.

    Args:
        token: that every visitor must bring; None on loopback.
        scripts: hashes of the scripts that stand inside the page, such as its import map.
    """

    app: ASGIApp
    token: str | None = None
    scripts: tuple[str, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refuse(scope)
        if refusal is None:
            await self.app(scope, receive, _adding(self._headers, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": "refused"})
        else:
            await refusal(scope, receive, _adding(self._headers, send))

    @property
    def _headers(self) -> dict[str, str]:
        allowed = " ".join(["script-src 'self'", *(f"'{script}'" for script in self.scripts)])
        return {**HEADERS, "Content-Security-Policy": f"{POLICY}; {allowed}"}

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.token is None and not is_loopback(_hostname(host)):
            return _error(421, f"this studio answers on this machine only, not as {host[:80]!r}")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _error(403, f"a page of {origin[:80]!r} may not ask this studio; open its own page")
        return None if self.token is None else self._check_token(scope, headers)

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        assert self.token is not None
        brought = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        if secrets.compare_digest(brought.encode(), self.token.encode()):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        asked = dict(query).get("token", "")
        if scope["type"] == "http" and secrets.compare_digest(asked.encode(), self.token.encode()):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            # The address must not keep the token: people copy addresses.
            answer = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), status_code=303)
            answer.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
            return answer
        return _error(
            401, "this studio needs its token; open the address that it printed, with ?token= at the end"
        )


def inline_scripts(html: str) -> tuple[str, ...]:
    """What a policy calls the scripts that stand inside a page."""
    found = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", html, re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in found)
    return tuple(f"sha256-{base64.b64encode(digest).decode()}" for digest in digests)


async def read_body(request: Request, *, most: int = MOST_BODY) -> bytes | None:
    """The body of a request; None where it is longer than it may be."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


def _adding(headers: dict[str, str], send: Send) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_raw(headers.items())]
        await send(message)

    return adding


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers]


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _error(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status)
