"""Starting a studio: open models, measure those that nobody has measured, and answer until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import uvicorn

from ganatomy.errors import CheckpointError, GanatomyError, OutputError, SettingError
from ganatomy.studio.bench import Bench, Preparing
from ganatomy.studio.guards import MOST_MESSAGE, check_token, is_loopback, new_token
from ganatomy.studio.panel import Panel
from ganatomy.studio.panel_files import load_panel, save_panel
from ganatomy.studio.preparing import prepare
from ganatomy.studio.server import Studio, application
from ganatomy.studio.turns import Superseded
from ganatomy.zoo import MODELS
from ganatomy.zoo.downloads import cache_folder

PORT = 7860
SHUTDOWN_SECONDS = 3
ARENA_MAX = -8
"""The number of this setting in malloc.h."""
NEW = "new"
"""The token that stands for one that nobody knows yet."""

log = logging.getLogger("ganatomy.studio")


def panel_file(bench: Bench) -> Path:
    """Where the panel of a model, as its scorer sees it, is kept in the cache."""
    key = hashlib.sha256(" ".join(_measured_by(bench)).encode()).hexdigest()[:24]
    return cache_folder() / "panels" / f"{key}.panel"


def kept_panel(bench: Bench, path: Path) -> Panel | None:
    """The panel that lies beside the bundled weights, or at a path; None where neither is of this model and scorer."""
    bundled = MODELS.get(bench.reference.name)
    places = [path] if bundled is None else [bundled.panel, path]
    for place in filter(Path.exists, places):
        try:
            found = load_panel(place)
        except CheckpointError as error:
            log.warning("%s; it is measured again", error)
            continue
        if (found.fingerprint, found.scorer_fingerprint) == _measured_by(bench):
            return found
    return None


def measure(bench: Bench, path: Path | None = None) -> None:
    """Give a bench its panel: the one that is kept, or one that is measured now and kept.

    A panel that cannot be kept is used all the same. What goes wrong is told to the page.
    """
    path = path or panel_file(bench)
    bench.panel = kept_panel(bench, path)
    if bench.panel is not None:
        return

    def tell(stage: str, done: int, total: int) -> None:
        if bench.closing.is_set():
            raise Superseded
        bench.preparing = Preparing(stage=stage, done=done, total=total)

    try:
        panel = prepare(bench.generator, bench.scorer, progress=tell)
    except Superseded:
        return
    except GanatomyError as error:
        bench.preparing = Preparing(failed=str(error))
        log.warning("%s cannot be measured: %s", bench.name, error)
        return
    except Exception:
        bench.preparing = Preparing(failed="measuring this model went wrong; what happened stands in the log")
        log.exception("%s could not be measured", bench.name)
        return
    try:
        save_panel(panel, path)
    except OutputError as error:
        log.warning("the panel of %s is not kept: %s", bench.name, error)
    bench.panel = panel


def serve(
    benches: Sequence[Bench],
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Answer until the process is interrupted.

    Args:
        port: 0 takes any that is free.
        token: that visitors must bring; "new" makes one up. Hosts other than loopback demand one.
        ready: told the address, once it can be opened.

    Raises:
        SettingError: for an address or a token that cannot be used, and for another host than loopback without one.
    """
    if not is_loopback(host) and token is None:
        raise SettingError(
            f"--host {host} would open this studio to others; give --token as well, and they need it"
        )
    secret = new_token() if token == NEW else token
    check_token(secret)
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/" + ("" if secret is None else f"?token={secret}")
    _keep_one_heap()
    # One core is for the browser and the socket: an image that is ready sooner is not seen sooner without it.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
    warming = [threading.Thread(target=_warm_up, args=(bench,), name="measuring") for bench in benches]
    for thread in warming:
        thread.start()
    server = server_of(benches, token=secret, tell=lambda: ready(address) if ready else None)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once everybody has been told
            server.run(sockets=[listening])
    finally:
        for bench in benches:
            bench.closing.set()
        for thread in warming:
            thread.join()


def server_of(
    benches: Sequence[Bench], *, token: str | None = None, tell: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """The web server of a studio, with its limits; `tell` is called once it can be reached."""
    studio = Studio(benches)
    config = uvicorn.Config(
        application(studio, token=token),
        lifespan="off",
        log_level="warning",
        access_log=False,
        ws_max_size=2 * MOST_MESSAGE,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=512,
        server_header=False,
    )
    return _Server(config, tell=tell, stop=studio.close)


def _keep_one_heap() -> None:
    """Let threads use each other's freed memory, where the C library can (glibc).

    By default each keeps a heap of its own, as large as the largest image it made. Only one thread computes at a
    time, so nothing is gained by that.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, 2)


def _measured_by(bench: Bench) -> tuple[str, str]:
    """The fingerprints that a panel must have been measured with."""
    return bench.generator.fingerprint, "" if bench.scorer is None else bench.scorer.fingerprint


def _warm_up(bench: Bench) -> None:
    """Have at hand what visitors will ask for."""
    import av  # noqa: F401 (the first film would wait for it)

    if bench.panel is None:
        measure(bench)
    len(bench.candidates)


class _Server(uvicorn.Server):
    """A server that says when it can be reached, and whose work stops before it waits for its visitors to leave."""

    def __init__(self, config: uvicorn.Config, *, tell: Callable[[], None], stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell, self._stop = tell, stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.to_thread(self._stop)
        await super().shutdown(sockets=sockets)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, before models are measured in vain."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or error
        raise SettingError(f"{host}:{port} cannot be used: {reason}; choose another --port") from None
    return listening
