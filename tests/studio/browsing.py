"""A studio that a real browser can visit: the server in a thread, and where the browser is found."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Sequence

from ganatomy.studio.bench import Bench
from ganatomy.studio.run import server_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 20


def find_browser() -> str | None:
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextlib.contextmanager
def open_studio(benches: Sequence[Bench], *, token: str | None = None, port: int = 0) -> Iterator[str]:
    """Answers on this machine, at a free port unless one is named; gives the address."""
    listening = socket.create_server(("127.0.0.1", port))
    server = server_of(benches, token=token)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the studio stopped at once"
        assert time.monotonic() < until, "the studio did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
