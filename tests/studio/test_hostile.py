"""Hostile visitors: each is refused in words, and the others go on.

One studio for all, over real sockets, so that sizes, origins and silence are those of a network. After every attack
another visitor's picture is asked for, and has to come.
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from studio.browsing import open_studio
from studio.studied import codes, scene
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ganatomy.errors import SettingError
from ganatomy.studio.bench import Bench
from ganatomy.studio.guards import MOST_BODY, MOST_MESSAGE
from ganatomy.studio.run import serve

LONG = 20.0


@pytest.fixture(scope="module")
def address(measured: Bench) -> Iterator[str]:
    with open_studio([measured]) as found:
        yield found.rstrip("/")


@pytest.fixture
def visitor(address: str) -> Iterator[ClientConnection]:
    with connect(f"{address.replace('http', 'ws')}/socket?model=toy", max_size=None) as found:
        yield found


def picture(visitor: ClientConnection, number: int = 1) -> bytes:
    visitor.send(json.dumps({"id": number, "slot": "edit", "ask": {"kind": "picture", "scene": scene()}}))
    message = visitor.recv(LONG)
    assert isinstance(message, bytes)
    return message


def asked(what: Any, **fields: Any) -> str:
    return json.dumps({"id": 1, "slot": "edit", "ask": what, **fields})


def with_scene(**fields: Any) -> str:
    return asked({"kind": "picture", "scene": {**scene(), **fields}})


def with_codes(**fields: Any) -> str:
    return asked({"kind": "picture", "scene": {"codes": {**codes(), **fields}}})


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
    "an id that is text": ('{"id": "1", "slot": "edit", "ask": {}}', "whole number"),
    "a slot that does not exist": ('{"id": 1, "slot": "vault", "ask": {}}', "one of"),
    "a kind that does not exist": (asked({"kind": "shell"}), "one of"),
    "a field that does not exist": (
        asked({"kind": "picture", "scene": scene(), "run": "ls"}),
        "does not exist",
    ),
    "a direction that does not exist": (with_scene(moves={"__class__": 1}), "no direction"),
    "a hold that does not exist": (with_scene(moves={"red": 1}, hold=["nobody"]), "direction to hold"),
    "a step beyond all pictures": (with_scene(moves={"red": 1e300}), "number from"),
    "true for a number": (with_scene(moves={"red": True}), "number from"),
    "a thousand sheets in one": (asked({"kind": "sheet", "scenes": [scene()] * 100}), "list of"),
    "cells of a million pixels": (
        asked({"kind": "sheet", "scenes": [scene()], "size": 10**6}),
        "whole number",
    ),
    "a walk without end": (asked({"kind": "walk", "keys": [scene()] * 2, "frames": 10**9}), "whole number"),
    "codes of ten thousand pictures": (with_codes(seeds=[7], n=10_000), "has one"),
    "a negative seed": (with_codes(seeds=[-1]), "whole number"),
    "a space that does not exist": (with_codes(space="../../etc"), "one of"),
    "layers that are not there": (with_scene(moves={"red": 1}, layers=[0, 400]), "layers"),
    "a tensor that is shorter than it says": (
        asked({"kind": "picture", "scene": {"codes": {"values": {"codes": TENSOR, "space": "w"}}}}),
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
    "one picture marked both ways": (
        json.dumps({"id": 1, "slot": "teach", "ask": {"kind": "teach", "yes": [1, 2], "no": [2, 3]}}),
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
        assert picture(hostile)
    assert picture(visitor)


def test_a_message_that_is_too_long_ends_its_own_connection_alone(
    address: str, visitor: ClientConnection
) -> None:
    with connect(f"{address.replace('http', 'ws')}/socket?model=toy") as hostile:
        hostile.send("x" * (MOST_MESSAGE + 1))
        assert "at most 64 KB" in json.loads(hostile.recv(LONG))["error"]
        hostile.send("x" * 40 * MOST_MESSAGE)
        with pytest.raises(ConnectionClosed):
            hostile.recv(LONG)
    assert picture(visitor)


def test_a_page_of_another_site_cannot_connect(address: str, visitor: ClientConnection) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{address.replace('http', 'ws')}/socket?model=toy", origin="https://evil.example")  # pyright: ignore[reportArgumentType]
    assert refused.value.response.status_code == 403
    response = httpx.post(f"{address}/api/restore", headers={"origin": "https://evil.example"}, content=b"{}")
    assert response.status_code == 403
    assert picture(visitor)


def test_a_foreign_name_for_this_machine_is_refused(address: str) -> None:
    response = httpx.get(f"{address}/", headers={"host": "evil.example"})
    assert response.status_code == 421
    assert "this machine only" in response.json()["error"]


def test_a_model_that_is_not_open_is_refused(address: str, visitor: ClientConnection) -> None:
    with connect(f"{address.replace('http', 'ws')}/socket?model=../../etc/passwd") as hostile:
        assert "no model" in json.loads(hostile.recv(LONG))["error"]
        with pytest.raises(ConnectionClosed):
            hostile.recv(LONG)
    assert picture(visitor)


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


FILES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "noise": lambda: bytes(range(256)) * 50,
    "a bomb of pixels": bomb,
    "a bomb of text": text_bomb,
    "a pickle": lambda: pickle.dumps({"run": print}),
    "a picture that is cut off": lambda: bomb()[:40],
    "a recipe of another model": lambda: json.dumps(
        {"format": 1, "model": {"name": "else", "fingerprint": "0" * 64}, "codes": codes()}
    ).encode(),
    "a recipe that is nested without end": lambda: b'{"format": ' + DEEP.encode() + b"}",
    "a recipe that names a file": lambda: json.dumps(
        {"format": 1, "model": {"name": "/etc/passwd", "fingerprint": "1" * 64}, "codes": codes()}
    ).encode(),
    "safetensors with a lying head": lambda: (8).to_bytes(8, "little") + b'{"a": 1}' + b"\0" * 64,
}


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_refused_in_words(address: str, visitor: ClientConnection, kind: str) -> None:
    response = httpx.post(f"{address}/api/restore?model=toy", content=FILES[kind](), timeout=60)
    assert response.status_code == 422, response.text
    assert 10 < len(response.json()["error"]) < 500
    assert "Traceback" not in response.text
    assert "/tmp" not in response.text
    assert picture(visitor)


def test_a_file_that_is_too_long_is_refused(address: str, visitor: ClientConnection) -> None:
    response = httpx.post(f"{address}/api/restore", content=b"x" * (MOST_BODY + 1), timeout=60)
    assert response.status_code == 413
    assert "24 MB" in response.json()["error"]
    assert picture(visitor)


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
    for path in ("take", "film"):
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
        what = asked({"kind": "sheet", "scenes": [scene(seed) for seed in range(16)], "size": 256}).encode()
        mask = b"\0\0\0\0"
        frame = b"\x81" + bytes([0x80 | 126]) + struct.pack(">H", len(what)) + mask + what
        for number in range(30):
            slow.sendall(frame)
            assert picture(visitor, number)
    finally:
        slow.close()
    assert picture(visitor)


def test_connections_that_say_nothing_do_not_hold_up_others(address: str, visitor: ClientConnection) -> None:
    with contextlib.ExitStack() as silent:
        for _ in range(20):
            silent.enter_context(connect(f"{address.replace('http', 'ws')}/socket?model=toy"))
        assert picture(visitor)


def test_another_host_than_loopback_demands_a_token(measured: Bench) -> None:
    with pytest.raises(SettingError, match="--token"):
        serve([measured], host="0.0.0.0")


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
            assert "SameSite=strict" in first.headers["set-cookie"]
            assert client.get("/api/models").status_code == 200
