"""Access to the studio, and limits of requests: hosts, origins, a token, sizes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganatomy.errors import SettingError

MOST_MESSAGE = 2**20
"""Bytes of one message from the page."""
MOST_REQUEST = 2 * 2**20
"""Bytes of one request over HTTP. A body that is longer is a large one."""
MOST_BODY = 24 * 2**20
"""Bytes of one file over HTTP."""
MOST_LARGE = 4
"""Large bodies in memory at once; others wait."""
BODY_SECONDS = 30.0
"""A body that takes longer to arrive is refused."""
DROPPING_SECONDS = 2.0
"""An answer waits as long for the rest of a body that nobody reads."""
MOST_VISITORS = 64
SEND_SECONDS = 20.0
"""A visitor who takes longer to receive one answer is disconnected."""

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
    """Whether an address is reachable from this machine only.

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


def check_token(token: str | None) -> None:
    """Refuse a token that is easily guessed, or that a cookie or an address cannot hold unchanged.

    Raises:
        SettingError: naming those that can be used.
    """
    if token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{8,200}", token):
        raise SettingError(
            f"--token {'cannot be used' if token else 'is empty'}; give 8 to 200 of a-z, A-Z, 0-9, - and _, "
            'or "new" to have one made up'
        )


def cookie_name(token: str) -> str:
    """Name of the cookie that holds a token; each studio of a machine has another one, since cookies ignore ports."""
    return f"ganatomy-{hashlib.sha256(token.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Guard:
    """Lets allowed requests through, and adds security headers to the answers.

    Without a token the studio answers to names of this machine only, so that no page of another site can reach it
    under a name of its own (DNS rebinding). A request with an origin must come from the studio's own page, and what
    browsers ask for on behalf of other sites is refused before anything is computed.

    Args:
        app: what is guarded.
        token: that every visitor must give; None on loopback.
        scripts: hashes of the inline scripts of the page, such as its import map.

    Raises:
        SettingError: for a token that cannot be used.
    """

    app: ASGIApp
    token: str | None = None
    scripts: tuple[str, ...] = ()
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_LARGE), init=False)

    def __post_init__(self) -> None:
        check_token(self.token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refuse(scope)
        if scope["type"] == "websocket":
            if refusal is None:
                await self.app(scope, receive, _adding(self._headers, send))
            else:
                await send({"type": "websocket.close", "code": 4403, "reason": "refused"})
            return
        async with AsyncExitStack() as held:
            upload = _Upload(scope, receive, _adding(self._headers, send), self._places, held)
            await (refusal or self.app)(scope, upload.receive, upload.send)

    @property
    def _headers(self) -> dict[str, str]:
        allowed = " ".join(["script-src 'self'", *(f"'{script}'" for script in self.scripts)])
        return {**HEADERS, "Content-Security-Policy": f"{POLICY}; {allowed}"}

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.token is None and not is_loopback(_hostname(host)):
            return _error(421, f"this studio answers on this machine only, not as {host[:80]!r}")
        if _from_elsewhere(headers) and (scope["path"].startswith("/api") or scope["type"] == "websocket"):
            return _error(403, "a page of another site may not use this studio; open its own page")
        origin = headers.get("origin")
        if origin is not None and _site(origin) != host:
            return _error(403, f"a page of {origin[:80]!r} may not use this studio; open its own page")
        return None if self.token is None else self._check_token(scope, headers)

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        assert self.token is not None
        brought = cookie_parser(headers.get("cookie", "")).get(cookie_name(self.token), "")
        if secrets.compare_digest(brought.encode(), self.token.encode()):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        given = dict(query).get("token", "")
        if scope["type"] == "http" and secrets.compare_digest(given.encode(), self.token.encode()):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            # The address must not keep the token: people copy addresses.
            answer = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), status_code=303)
            # Lax, so that links on other sites work too; requests that act have their origin checked.
            answer.set_cookie(cookie_name(self.token), self.token, httponly=True, samesite="lax")
            return answer
        return _error(
            401, "this studio needs its token; open the address that it printed, with ?token= at the end"
        )


class _Upload:
    """The body of one incoming request: a large one waits for a place, and one that takes too long is refused.

    A place is given back once the answer begins. A late body is answered here; the application sees a client that
    has left. What an answer left unread is read and dropped first: a server that closes a connection with unread data
    resets it, and the client may lose the answer, which is most often the one that says why it was refused.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, places: asyncio.Semaphore, held: AsyncExitStack
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._places, self._held = places, held
        self._until: float | None = None
        self._whole = self._late = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        if self._until is None:
            if _is_large(Headers(scope=self._scope)):
                await self._held.enter_async_context(self._places)
            self._until = anyio.current_time() + BODY_SECONDS
        message: Message = {"type": "http.disconnect"}
        with anyio.CancelScope(deadline=self._until) as patience:
            message = await self._receive()
        if patience.cancelled_caught:
            await self._refuse()
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._late:
            return
        if message["type"] == "http.response.start":
            await self._held.aclose()
            await self._drop_rest()
        await self._send(message)

    async def _drop_rest(self) -> None:
        with anyio.move_on_after(DROPPING_SECONDS):
            while not self._whole:
                message = await self._receive()
                self._whole = not message.get("more_body", False)

    async def _refuse(self) -> None:
        refusal = _error(
            408, f"this did not arrive within {BODY_SECONDS:.0f} seconds; try again over a faster connection"
        )
        await refusal(self._scope, self._receive, self._send)
        self._late = True


def inline_scripts(html: str) -> tuple[str, ...]:
    """Hashes of the inline scripts of a page, as a policy names them."""
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


def _is_large(headers: Headers) -> bool:
    """Whether a body is larger than a request may be, or of unknown length."""
    if "transfer-encoding" in headers:
        return True
    length = headers.get("content-length", "")
    return length.isdecimal() and int(length) > MOST_REQUEST


def _site(origin: str) -> str | None:
    """The site of an origin; None for what is no site."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a page of another site asks, for example for an image, which has no origin."""
    return headers.get("sec-fetch-site", "") in ("cross-site", "same-site")


def _error(status: int, text: str) -> JSONResponse:
    """A refusal, after which the connection is closed: who is refused holds nothing."""
    return JSONResponse({"error": text}, status_code=status, headers={"Connection": "close"})
