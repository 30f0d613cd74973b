"""Hostile visitors: each is refused in words, and the others go on.

One studio for all, over real sockets, so that sizes, origins and silence are those of a network. After every attack
another visitor's image is asked for, and has to come.
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import socket
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save
from starlette.responses import JSONResponse
from studio.browsing import open_studio
from studio.studied import codes, scene
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ganatomy.errors import SettingError
from ganatomy.latents import Direction, Directions, Latents, Space
from ganatomy.recipes.parts import write_direction
from ganatomy.storage import save_directions, save_latents
from ganatomy.studio import guards, strangers
from ganatomy.studio.bench import Bench
from ganatomy.studio.guards import MOST_BODY, MOST_LARGE, MOST_MESSAGE, MOST_REQUEST
from ganatomy.studio.run import serve, server_of
from ganatomy.zoo import read_metadata

LONG = 20.0


@pytest.fixture(scope="module")
def address(measured: Bench) -> Iterator[str]:
    with open_studio([measured]) as found:
        yield found.rstrip("/")


@pytest.fixture
def visitor(address: str) -> Iterator[ClientConnection]:
    with connect(f"{address.replace('http', 'ws')}/socket?model=toy", max_size=None) as found:
        yield found


def image(visitor: ClientConnection, number: int = 1) -> bytes:
    visitor.send(json.dumps({"id": number, "slot": "edit", "query": {"kind": "image", "scene": scene()}}))
    message = visitor.recv(LONG)
    assert isinstance(message, bytes)
    return message


def query_text(what: Any, **fields: Any) -> str:
    return json.dumps({"id": 1, "slot": "edit", "query": what, **fields})


def with_scene(**fields: Any) -> str:
    return query_text({"kind": "image", "scene": {**scene(), **fields}})


def with_own(**fields: Any) -> str:
    own = Direction(name="mine", vector=torch.ones(8), space=Space.W)
    return with_scene(moves={"mine": 1}, own={"mine": {**write_direction(own), **fields}})


def with_codes(**fields: Any) -> str:
    return query_text({"kind": "image", "scene": {"codes": {**codes(), **fields}}})


DEEP = "[" * 30_000 + "]" * 30_000
TENSOR = {"dtype": "float32", "shape": [1, 8], "base64": "AAAAAAAA"}

MESSAGES: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("hello", "not JSON"),
    "JSON that is cut off": ('{"id": 1, "slot"', "not JSON"),
    "a list": ("[1, 2, 3]", "an object"),
    "nested without end": (DEEP, "nested too deeply"),
    "NaN": (with_scene(moves={"red": 1}).replace("1}}}}", "NaN}}}}"), "no number"),
    "infinity": (with_scene(moves={"red": 1}).replace("1}}}}", "Infinity}}}}"), "no number"),
    "a number of thousands of digits": ('{"id": ' + "9" * 6000 + "}", "digit"),
    "an id that is text": ('{"id": "1", "slot": "edit", "query": {}}', "whole number"),
    "a slot that does not exist": ('{"id": 1, "slot": "vault", "query": {}}', "one of"),
    "a kind that does not exist": (query_text({"kind": "shell"}), "one of"),
    "a field that does not exist": (
        query_text({"kind": "image", "scene": scene(), "run": "ls"}),
        "does not exist",
    ),
    "a direction that does not exist": (with_scene(moves={"__class__": 1}), "no direction"),
    "a hold that does not exist": (with_scene(moves={"red": 1}, hold=["nobody"]), "direction to hold"),
    "a step beyond all images": (with_scene(moves={"red": 1e300}), "number from"),
    "true for a number": (with_scene(moves={"red": True}), "number from"),
    "a thousand sheets in one": (query_text({"kind": "sheet", "scenes": [scene()] * 100}), "list of"),
    "cells of a million pixels": (
        query_text({"kind": "sheet", "scenes": [scene()], "size": 10**6}),
        "whole number",
    ),
    "a walk without end": (
        query_text({"kind": "walk", "keys": [scene()] * 2, "frames": 10**9}),
        "whole number",
    ),
    "codes of ten thousand images": (with_codes(seeds=[7], n=10_000), "has one"),
    "a negative seed": (with_codes(seeds=[-1]), "whole number"),
    "a space that does not exist": (with_codes(space="../../etc"), "one of"),
    "layers that are not there": (with_scene(moves={"red": 1}, layers=[0, 400]), "layers"),
    "a tensor that is shorter than it says": (
        query_text({"kind": "image", "scene": {"codes": {"values": {"codes": TENSOR, "space": "w"}}}}),
        "bytes",
    ),
    "a direction of another length": (
        with_scene(
            moves={"mine": 1},
            own={
                "mine": {
                    "name": "mine",
                    "space": "w",
                    "vector": {"dtype": "float32", "shape": [2], "base64": "AACAPwAAgD8="},
                }
            },
        ),
        "numbers",
    ),
    "a direction of a negative sigma": (with_own(sigma=-1), "standard deviation"),
    "a direction of an infinite sigma": (with_own(sigma="inf"), "standard deviation"),
    "one image labelled both ways": (
        json.dumps({"id": 1, "slot": "teach", "query": {"kind": "teach", "yes": [1, 2], "no": [2, 3]}}),
        "2",
    ),
    "bytes instead of text": (b"\x00" * 100, "text"),
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_that_makes_no_sense_is_refused_in_words(
    address: str, visitor: ClientConnection, kind: str
) -> None:
    message, expected = MESSAGES[kind]
    with connect(f"{address.replace('http', 'ws')}/socket?model=toy") as hostile:
        hostile.send(message)
        refusal = json.loads(hostile.recv(LONG))
        assert refusal["kind"] == "error"
        assert expected in refusal["error"]
        assert "Traceback" not in refusal["error"]
        assert image(hostile)
    assert image(visitor)


def test_a_message_that_is_too_long_ends_its_own_connection_alone(
    address: str, visitor: ClientConnection
) -> None:
    with connect(f"{address.replace('http', 'ws')}/socket?model=toy") as hostile:
        hostile.send("x" * (MOST_MESSAGE + 1))
        assert "at most" in json.loads(hostile.recv(LONG))["error"]
        with contextlib.suppress(ConnectionClosed):
            hostile.send("x" * 3 * MOST_MESSAGE)
        with pytest.raises(ConnectionClosed):
            hostile.recv(LONG)
    assert image(visitor)


ORIGINS = (
    "https://evil.example",
    "http://127.0.0.1:1",
    "null",
    "",
    "http://[",
    "http://[::1",
    "http://[v1.a]",
    "//",
)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_another_site_cannot_ask(address: str, visitor: ClientConnection, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{address.replace('http', 'ws')}/socket?model=toy", origin=origin)  # pyright: ignore[reportArgumentType]
    assert refused.value.response.status_code == 403
    for path in ("export", "film", "restore"):
        response = httpx.post(f"{address}/api/{path}", headers={"origin": origin}, content=b"{}")
        assert response.status_code == 403, path
        assert "its own page" in response.json()["error"]
    assert image(visitor)


HOSTS = (
    "evil.example",
    "",
    "[",
    "[::1",
    "[v1.a]",
    "127.0.0.1.evil.example",
    "//",
)


@pytest.mark.parametrize("host", HOSTS)
def test_a_foreign_name_for_this_machine_is_refused(
    address: str, visitor: ClientConnection, host: str
) -> None:
    response = httpx.get(f"{address}/", headers={"host": host})
    assert response.status_code == 421
    assert "this machine only" in response.json()["error"]
    assert image(visitor)


def test_a_model_that_is_not_open_is_refused(address: str, visitor: ClientConnection) -> None:
    with connect(f"{address.replace('http', 'ws')}/socket?model=../../etc/passwd") as hostile:
        assert "no model" in json.loads(hostile.recv(LONG))["error"]
        with pytest.raises(ConnectionClosed):
            hostile.recv(LONG)
    assert image(visitor)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/js/../../guards.py",
    ],
)
def test_paths_do_not_lead_out_of_the_page(address: str, path: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=LONG) as raw:  # httpx would tidy the path
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split(b" ")[1] in (b"400", b"404"), answer[:200]
    assert b"import " not in answer
    assert b"Traceback" not in answer


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb() -> bytes:
    """A PNG of 100,000 x 100,000 pixels in a few bytes."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def text_bomb() -> bytes:
    """A PNG whose text unpacks to half a gigabyte."""
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "PNG")
    packed = zlib.compress(b"{" * (512 << 20), 9)
    text = b"ganatomy\0" + b"\1\0" + b"\0\0" + packed
    whole = buffer.getvalue()
    return whole[:33] + chunk(b"iTXt", text) + whole[33:]


def directions_file(**changed: Any) -> bytes:
    """A file with one direction of the toy, whose tensor or facts are others."""
    found = Direction(name="mine", vector=torch.ones(8), space=Space.W, sigma=changed.pop("sigma", 1.0))
    with tempfile.TemporaryDirectory() as folder:
        path = save_directions(Directions([found]), Path(folder) / "a.directions")
        return save({**load_file(path), **changed}, read_metadata(path))


def latents_file(**changed: torch.Tensor) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = save_latents(Latents(codes=torch.ones(1, 8), space=Space.W), Path(folder) / "a.latents")
        return save({**load_file(path), **changed}, read_metadata(path))


FILES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "noise": lambda: bytes(range(256)) * 50,
    "a bomb of text": text_bomb,
    "a pickle": lambda: pickle.dumps({"run": print}),
    "an image that is cut off": lambda: bomb()[:40],
    "a recipe of another model": lambda: json.dumps(
        {"format": 1, "model": {"name": "else", "fingerprint": "0" * 64}, "codes": codes()}
    ).encode(),
    "a recipe that is nested without end": lambda: b'{"format": ' + DEEP.encode() + b"}",
    "a recipe that names a file": lambda: json.dumps(
        {"format": 1, "model": {"name": "/etc/passwd", "fingerprint": "1" * 64}, "codes": codes()}
    ).encode(),
    "a direction of whole numbers": lambda: directions_file(**{"vector.0": torch.ones(8).long()}),
    "a direction of eight bits": lambda: directions_file(**{"vector.0": torch.ones(8, dtype=torch.uint8)}),
    "a direction of two axes": lambda: directions_file(**{"vector.0": torch.ones(2, 8)}),
    "a direction without numbers": lambda: directions_file(**{"vector.0": torch.ones(0)}),
    "a direction of a negative sigma": lambda: directions_file(sigma=-1.0),
    "a direction of an infinite sigma": lambda: directions_file(sigma=float("inf")),
    "a direction that codes do not spread along": lambda: directions_file(sigma=0.0),
    "codes of whole numbers": lambda: latents_file(codes=torch.ones(1, 8).int()),
    "codes of too many axes": lambda: latents_file(codes=torch.ones(1, 4, 8)),
    "labels of other codes": lambda: latents_file(labels=torch.ones(3, 2)),
    "safetensors with a lying head": lambda: (8).to_bytes(8, "little") + b'{"a": 1}' + b"\0" * 64,
}


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_refused_in_words(address: str, visitor: ClientConnection, kind: str) -> None:
    response = httpx.post(f"{address}/api/restore?model=toy", content=FILES[kind](), timeout=60)
    assert response.status_code == 422, response.text
    assert 10 < len(response.json()["error"]) < 500
    assert "Traceback" not in response.text
    assert "/tmp" not in response.text
    assert image(visitor)


def test_a_file_that_is_too_long_is_refused(address: str, visitor: ClientConnection) -> None:
    response = httpx.post(f"{address}/api/restore", content=b"x" * (MOST_BODY + 1), timeout=60)
    assert response.status_code == 413
    assert "24 MB" in response.json()["error"]
    assert image(visitor)


def uploading(address: str, length: int, *parts: bytes) -> socket.socket:
    """A visitor who sends some of a file of a declared length."""
    host, port = address.removeprefix("http://").split(":")
    raw = socket.create_connection((host, int(port)), timeout=LONG)
    raw.sendall(
        f"POST /api/restore?model=toy HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {length}\r\n\r\n".encode()
    )
    for part in parts:
        raw.sendall(part)
    return raw


@pytest.mark.parametrize("length", [100, MOST_REQUEST + 1])
def test_a_file_that_does_not_arrive_is_refused(
    address: str, visitor: ClientConnection, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(guards, "BODY_SECONDS", 0.4)
    with uploading(address, length, b"x" * 10) as slow:
        assert image(visitor)
        head, _, body = b"".join(iter(lambda: slow.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert "did not arrive" in json.loads(body)["error"]
    assert image(visitor)


def test_520_strangers_do_not_lock_the_owner_out(measured: Bench) -> None:
    """Half of them say one byte, half say nothing; a slider of the owner answers all the same."""
    with open_studio([measured], token="owner-of-it") as address, contextlib.ExitStack() as held:
        base = address.partition("?")[0].rstrip("/")
        host, port = base.removeprefix("http://").split(":")
        cookie = {"Cookie": f"{guards.cookie_name('owner-of-it')}=owner-of-it"}

        def slider() -> float:
            begun = time.monotonic()
            url = f"{base.replace('http', 'ws')}/socket?model=toy"
            with connect(url, max_size=None, additional_headers=cookie, origin=base) as owner:  # pyright: ignore[reportArgumentType]
                assert image(owner)
            return time.monotonic() - begun

        slider()
        for number in range(520):
            stranger = held.enter_context(socket.create_connection((host, int(port))))
            with contextlib.suppress(OSError):
                stranger.sendall(b"G" if number % 2 else b"")
        assert slider() < 5  # far less on a machine that does nothing else
        assert httpx.get(f"{base}/api/models", headers=cookie).status_code == 200
        assert httpx.get(f"{base}/api/models").status_code == 401


def test_a_head_that_does_not_arrive_is_not_waited_for(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "HEAD_SECONDS", 0.3)
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=LONG) as slow:
        for letter in b"GET / HTTP/1.1" * 40:
            try:
                slow.sendall(bytes([letter]))
            except OSError:
                return
            time.sleep(0.05)
    pytest.fail("the connection is still open")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_make_nothing_be_computed(address: str, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    for path in ("thumbnails?model=toy", "panel?model=toy", "blind"):
        response = httpx.get(f"{address}/api/{path}", headers=headers)
        assert (response.status_code, response.headers["connection"]) == (403, "close")
    assert httpx.get(address, headers=headers).status_code == 200  # a link to the page works


def test_large_files_wait_for_each_other_and_no_one_else_waits(
    address: str, visitor: ClientConnection
) -> None:
    answered: list[int] = []

    def send_large() -> None:
        large = b"x" * (MOST_REQUEST + 1)
        answered.append(httpx.post(f"{address}/api/restore", content=large, timeout=LONG).status_code)

    with contextlib.ExitStack() as held:
        slow = [
            held.enter_context(uploading(address, MOST_BODY, b"x" * (MOST_REQUEST + 1)))
            for _ in range(MOST_LARGE)
        ]
        waiting = threading.Thread(target=send_large)
        waiting.start()
        assert httpx.post(f"{address}/api/restore", content=b"small").status_code == 422
        assert image(visitor)
        waiting.join(0.5)
        assert not answered
        slow[0].close()
        waiting.join(LONG)
        assert answered == [422]
    assert image(visitor)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"what": "png"}',
        b'{"what": "exe", "scene": {}}',
        json.dumps({"what": "directions", "scene": scene()}).encode(),
        json.dumps({"what": "mp4", "keys": [scene()] * 2, "frames": 10**7}).encode(),
    ],
)
def test_a_file_that_cannot_be_made_is_refused(address: str, body: bytes) -> None:
    for path in ("export", "film"):
        response = httpx.post(f"{address}/api/{path}", content=body)
        assert response.status_code == 422, (path, response.text)
        assert response.json()["error"]


def test_a_visitor_who_reads_nothing_does_not_hold_up_others(address: str, visitor: ClientConnection) -> None:
    host, port = address.removeprefix("http://").split(":")
    slow = socket.create_connection((host, int(port)))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    try:
        slow.sendall(
            f"GET /socket?model=toy HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        what = query_text(
            {"kind": "sheet", "scenes": [scene(seed) for seed in range(16)], "size": 256}
        ).encode()
        mask = b"\0\0\0\0"
        frame = b"\x81" + bytes([0x80 | 126]) + struct.pack(">H", len(what)) + mask + what
        for number in range(20):
            with contextlib.suppress(ConnectionError):  # the studio ends what takes too long
                slow.sendall(frame)
            assert image(visitor, number)
    finally:
        slow.close()
    assert image(visitor)


def test_connections_that_say_nothing_do_not_hold_up_others(address: str, visitor: ClientConnection) -> None:
    with contextlib.ExitStack() as silent:
        for _ in range(20):
            silent.enter_context(connect(f"{address.replace('http', 'ws')}/socket?model=toy"))
        assert image(visitor)


def test_another_host_than_loopback_demands_a_token(measured: Bench) -> None:
    with pytest.raises(SettingError, match="--token"):
        serve([measured], host="0.0.0.0")


@pytest.mark.parametrize(
    "token", ["", " ", "short", "with+plus", "with a space", "пароль-пароль", "a" * 5000, "new-line\n"]
)
def test_a_token_that_is_weak_or_cannot_be_sent_is_refused(measured: Bench, token: str) -> None:
    with pytest.raises(SettingError, match="--token"):
        server_of([measured], token=token)
    for host in ("0.0.0.0", "127.0.0.1"):
        with pytest.raises(SettingError, match="--token"):
            serve([measured], host=host, token=token)


def test_without_its_token_a_studio_tells_nothing(measured: Bench) -> None:
    with open_studio([measured], token="secret-of-the-test") as opened:
        address = opened.rstrip("/")
        for path in ("/", "/api/models", "/api/panel?model=toy", "/static/js/main.js", "/?token=wrong"):
            response = httpx.get(f"{address}{path}")
            assert response.status_code == 401, path
            assert "token" in response.json()["error"]
        with pytest.raises(InvalidStatus):
            connect(f"{address.replace('http', 'ws')}/socket?model=toy")
        with httpx.Client(base_url=address) as client:
            first = client.get("/?token=secret-of-the-test")
            assert first.status_code == 303
            assert "token" not in first.headers["location"]
            assert "HttpOnly" in first.headers["set-cookie"]
            assert "SameSite=lax" in first.headers["set-cookie"]
            assert client.get("/api/models").status_code == 200
            # A link on another site's page leads here; what its page sends by itself does not.
            assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200
            for path in ("export", "film", "restore"):
                for origin in ("https://evil.example", "null", "http://["):
                    refused = client.post(f"/api/{path}", headers={"origin": origin}, content=b"{}")
                    assert refused.status_code == 403, (path, origin)
                assert client.get(f"/api/{path}").status_code == 405
                assert (
                    client.post(f"/api/{path}", headers={"origin": address}, content=b"").status_code == 422
                )
            brought = {"cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
            where = f"{address.replace('http', 'ws')}/socket?model=toy"
            with pytest.raises(InvalidStatus):
                connect(where, additional_headers=brought, origin="https://evil.example")  # pyright: ignore[reportArgumentType]
            with connect(where, additional_headers=brought, origin=address) as visitor:  # pyright: ignore[reportArgumentType]
                assert image(visitor)


@pytest.mark.parametrize("refused", ["by the guard", "by the application"])
def test_what_was_sent_is_read_before_a_refusal_is_said(refused: str) -> None:
    """A server that closes a connection with unread data resets it, and the answer may be lost."""
    order: list[str] = []
    parts = iter([(b"{", True), (b"}", False)])

    async def receive() -> dict[str, Any]:
        body, more = next(parts)
        order.append("read")
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(message: Any) -> None:
        order.append(f"{message['type']} {message.get('status', '')}".strip())

    headers = [(b"host", b"127.0.0.1")]
    if refused == "by the guard":
        headers.append((b"origin", b"https://evil.example"))
    scope = {"type": "http", "method": "POST", "path": "/api/export", "query_string": b"", "headers": headers}
    anyio.run(guards.Guard(JSONResponse({}, status_code=403)), scope, receive, send)
    assert order == ["read", "read", "http.response.start 403", "http.response.body"]


def test_two_studios_of_one_machine_know_their_visitors_apart(measured: Bench) -> None:
    with (
        open_studio([measured], token="token-of-the-one") as one,
        open_studio([measured], token="token-of-the-other") as other,
        httpx.Client() as browser,  # whose cookies, as everywhere, know of no ports
    ):
        assert browser.get(f"{one}?token=token-of-the-one").status_code == 303
        assert browser.get(f"{other}?token=token-of-the-other").status_code == 303
        for address in (one, other):
            assert browser.get(f"{address}api/models").status_code == 200
        assert all("token-of-the" not in name for name in browser.cookies)
