"""A server on this machine that has files, breaks off when told to, and writes down what was asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    break_after: int | None = None
    """Bytes after which the connection is cut, once."""
    ranges: bool = True


@dataclass
class Server:
    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path and range of every request."""

    def put(self, path: str, body: bytes, **more: object) -> Answer:
        tag = hashlib.sha256(body).hexdigest()
        self.answers[path] = Answer(body=body, headers={"ETag": f'"{tag}"'}, **more)  # type: ignore[arg-type]
        return self.answers[path]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "cache"


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((self.command, self.path, self.headers.get("Range")))
            answer = found.answers.get(self.path.partition("?")[0], Answer(status=404))
            body, status, headers = answer.body, answer.status, dict(answer.headers)
            tag = headers.get("ETag")
            wanted = self.headers.get("Range") if answer.ranges else None
            if wanted and self.headers.get("If-Range", tag) == tag:
                first = int(wanted.removeprefix("bytes=").partition("-")[0])
                status, body = 206, body[first:]
                headers["Content-Range"] = f"bytes {first}-{len(answer.body) - 1}/{len(answer.body)}"
                if not body:
                    status = 416
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            if answer.break_after is not None:
                body, answer.break_after = body[: answer.break_after], None
                self.close_connection = True
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 (the name is the library's)

        def log_message(self, *_: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Server(url=f"http://127.0.0.1:{http.server_port}")
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    http.shutdown()
    http.server_close()
    thread.join()
