"""One visitor's live connection: queries in, the newest answers out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import anyio
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from ganatomy.errors import CheckpointError, GanatomyError
from ganatomy.recipes.fields import Fields, as_it_is, choice, integer, parse
from ganatomy.studio.bench import Bench
from ganatomy.studio.guards import MOST_MESSAGE, SEND_SECONDS
from ganatomy.studio.kinds import read_query
from ganatomy.studio.queries import Answer, Query
from ganatomy.studio.turns import Pause, Superseded, Worker

SLOTS = (
    "edit",
    "before",
    "reading",
    "ranges",
    "refine",
    "tray",
    "steps",
    "sheet",
    "walk",
    "mix",
    "sum",
    "teach",
    "hover",
    "photograph",
)
LAST_ID = 2**53
BROKEN = "an error of the studio itself; its log has the details"

GONE = (WebSocketDisconnect, OSError, RuntimeError)
"""Raised by a socket whose visitor has left, or is too slow."""

log = logging.getLogger("ganatomy.studio")


class Visit:
    """A visitor on one bench.

    Each kind of message has one place where it waits to be sent, and a newer one replaces it: a visitor with a slow
    connection gets fewer images, and the others are not kept.
    """

    def __init__(self, socket: WebSocket, bench: Bench, worker: Worker) -> None:
        self._socket, self._bench, self._worker = socket, bench, worker
        self._visitor: Hashable = object()
        self._ready: OrderedDict[Hashable, str | bytes] = OrderedDict()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Until the visitor leaves, or receives no answers any more."""
        try:
            async with anyio.create_task_group() as both:
                for half in (self._send, self._receive):
                    both.start_soon(self._ended_by, half, both.cancel_scope)
        finally:
            self._worker.forget(self._visitor)
        with contextlib.suppress(*GONE):
            await self._socket.close()

    @staticmethod
    async def _ended_by(half: Callable[[], Awaitable[None]], scope: anyio.CancelScope) -> None:
        """When one half of the connection ends, the other one does."""
        await half()
        scope.cancel()

    async def _receive(self) -> None:
        while (message := await self._next_message()) is not None:
            self._take(message.get("text"))

    async def _next_message(self) -> Message | None:
        """The next message; None once the visitor has left."""
        try:
            message = await self._socket.receive()
        except GONE:
            return None
        return None if message["type"] == "websocket.disconnect" else message

    def _take(self, text: str | None) -> None:
        place: tuple[int | None, str | None] = (None, None)
        try:
            if text is None:
                raise CheckpointError("a query is text, and this was something else")
            if len(text) > MOST_MESSAGE:
                raise CheckpointError(f"a query has at most {MOST_MESSAGE >> 20} MB")
            fields = Fields(parse(text), "")
            place = fields.take("id", integer(0, LAST_ID)), fields.take("slot", choice(SLOTS))
            query = read_query(fields.take("query", as_it_is))
            fields.end()
        except GanatomyError as error:
            self._put(place, {"kind": "error", "error": error_text(error)})
            return
        self._worker.submit(self._visitor, str(place[1]), lambda pause: self._work(query, place, pause))

    def _work(self, query: Query, place: tuple[int | None, str | None], pause: Pause) -> None:
        """On a thread of the worker."""

        def emit(answer: Answer) -> None:
            self._loop.call_soon_threadsafe(self._put, place, answer.facts, answer.image)

        try:
            query.answer(self._bench, emit, pause)
        except GanatomyError as error:
            emit(Answer(facts={"kind": "error", "error": error_text(error)}))
        except Superseded:
            raise
        except Exception:
            log.exception("a query could not be answered")
            emit(Answer(facts={"kind": "error", "error": BROKEN}))

    def _put(self, place: tuple[int | None, str | None], facts: dict[str, Any], image: bytes = b"") -> None:
        message = json.dumps({"id": place[0], "slot": place[1], **facts}, allow_nan=False)
        key = (place[1], facts["kind"])
        self._ready.pop(key, None)
        self._ready[key] = (
            len(message.encode()).to_bytes(4, "big") + message.encode() + image if image else message
        )
        self._wake.set()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            while self._ready:
                _, message = self._ready.popitem(last=False)
                try:
                    with anyio.fail_after(SEND_SECONDS):
                        if isinstance(message, str):
                            await self._socket.send_text(message)
                        else:
                            await self._socket.send_bytes(message)
                except GONE:
                    return
            self._wake.clear()


def error_text(error: GanatomyError) -> str:
    """An error in words for the page, which does not mention recipes."""
    return str(error).replace("recipe field ", "").replace("the recipe is not JSON", "this is not JSON")
