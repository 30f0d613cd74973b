"""Starting a studio: find or measure the panel of each model, and serve the page until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import uvicorn
from websockets.protocol import State

from ganatomy.critics import realness
from ganatomy.errors import CheckpointError, GanatomyError, OutputError, SettingError
from ganatomy.experiments.explore.panel import Panel
from ganatomy.experiments.explore.panel_file import load_panel, save_panel
from ganatomy.memory import return_freed_memory
from ganatomy.studio.bench import Bench, Preparing
from ganatomy.studio.guards import MOST_MESSAGE, check_token, is_loopback, new_token
from ganatomy.studio.preparing import prepare
from ganatomy.studio.server import Studio, application
from ganatomy.studio.strangers import patient
from ganatomy.studio.turns import Superseded
from ganatomy.zoo import find_bundled
from ganatomy.zoo.downloads import cache_folder

PORT = 7860
SHUTDOWN_SECONDS = 3
NEW = "new"
"""Stands for a token that is made up."""

log = logging.getLogger("ganatomy.studio")


def panel_file(bench: Bench) -> Path:
    """Where the panel of a model and its classifier is kept in the cache."""
    label = bench.generator.label
    of = (*_measured_by(bench), *(() if label is None else (f"class {label}",)))
    key = hashlib.sha256(" ".join(of).encode()).hexdigest()[:24]
    return cache_folder() / "panels" / f"{key}.panel"


def kept_panel(bench: Bench, path: Path) -> Panel | None:
    """The panel beside the bundled weights, or at a path; None if neither belongs to this model and classifier."""
    bundled = find_bundled(bench.reference.name)
    places = [path] if bundled is None else [bundled.panel, path]
    for place in filter(Path.exists, places):
        try:
            found = load_panel(place)
        except CheckpointError as error:
            log.warning("%s; it is measured again", error)
            continue
        if _fits(found, bench):
            return found
    return None


def measure(bench: Bench, path: Path | None = None) -> None:
    """Give a bench its panel: one that was kept, or one that is measured now and kept.

    A panel that cannot be kept is used all the same. The page shows what goes wrong.
    """
    path = path or panel_file(bench)
    bench.panel = kept_panel(bench, path)
    if bench.panel is not None:
        return

    def report(stage: str, done: int, total: int) -> None:
        if bench.closing.is_set():
            raise Superseded
        bench.preparing = Preparing(stage=stage, done=done, total=total)

    try:
        panel = prepare(bench.generator, bench.scorer, judge=bench.judge, progress=report)
    except Superseded:
        return
    except GanatomyError as error:
        bench.preparing = Preparing(failed=str(error))
        log.warning("%s cannot be measured: %s", bench.name, error)
        return
    except Exception:
        bench.preparing = Preparing(failed="measuring this model failed; the log has the details")
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
        benches: the models.
        host: address to listen at.
        port: 0 takes any that is free.
        token: that visitors must give; "new" makes one up. Hosts other than loopback demand one.
        ready: called with the address, once it can be opened.

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
    return_freed_memory()
    # One core is left for the browser and the socket, which would else delay the image.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
    warming = [threading.Thread(target=_warm_up, args=(bench,), name="measuring") for bench in benches]
    for thread in warming:
        thread.start()
    server = server_of(benches, token=secret, started=lambda: ready(address) if ready else None)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after its shutdown
            server.run(sockets=[listening])
    finally:
        for bench in benches:
            bench.closing.set()
        for thread in warming:
            thread.join()


def server_of(
    benches: Sequence[Bench], *, token: str | None = None, started: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """The web server of a studio, with its limits; `started` is called once it can be reached."""
    studio = Studio(benches)
    config = uvicorn.Config(
        application(studio, token=token),
        lifespan="off",
        log_level="warning",
        access_log=False,
        ws_max_size=2 * MOST_MESSAGE,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        http=patient(),  # pyright: ignore[reportArgumentType]  (uvicorn calls it, as it calls a class)
        backlog=1024,
        server_header=False,
    )
    return _Server(config, on_start=started, stop=studio.close)


def _measured_by(bench: Bench) -> tuple[str, str]:
    """The fingerprints that a panel must have been measured with."""
    return bench.generator.fingerprint, "" if bench.scorer is None else bench.scorer.fingerprint


def _fits(panel: Panel, bench: Bench) -> bool:
    return (panel.fingerprint, panel.scorer_fingerprint) == _measured_by(bench)


def _warm_up(bench: Bench) -> None:
    """Prepare what visitors will need."""
    import av  # noqa: F401 (the first film would wait for it)

    if bench.panel is None:
        measure(bench)
    if bench.panel is not None:
        len(bench.candidates)
        bench.natural(bench.space)
        bench.start_seed(bench.panel)
    if bench.critic is not None:

        def go_on(_done: int, _total: int) -> None:
            if bench.closing.is_set():
                raise Superseded

        with contextlib.suppress(Superseded):
            bench.realness = realness(bench.generator, bench.critic, progress=go_on)


class _Server(uvicorn.Server):
    """A server that calls back when it can be reached, and stops its work before it waits for visitors to leave."""

    def __init__(
        self, config: uvicorn.Config, *, on_start: Callable[[], None], stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start, self._stop = on_start, stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.to_thread(self._stop)
        # Visitors who are just leaving have begun to close: uvicorn would begin once more, which is an error.
        for connection in list(self.server_state.connections):
            if is_leaving(connection):
                self.server_state.connections.discard(connection)
                connection.transport.close()
        await super().shutdown(sockets=sockets)


def is_leaving(connection: Any) -> bool:
    """Whether a connection is a websocket whose closing handshake has begun."""
    state = getattr(getattr(connection, "conn", None), "state", None)
    return state in (State.CLOSING, State.CLOSED)


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
