"""Connections that have not said what they want: few, for a short time, and never in the way of those that do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_STRANGERS = 200
"""Connections without a whole request at once; one more, and the one that has waited longest is closed."""
HEAD_SECONDS = 10.0
"""The head of a request that takes longer is not waited for."""

Waiting = dict[H11Protocol, asyncio.TimerHandle]


class PatientProtocol(H11Protocol):
    """HTTP that waits for the head of each request for `HEAD_SECONDS` only, however slowly it arrives.

    Args:
        waiting: the connections of one server that are waited for, the oldest first.
    """

    def __init__(self, *arguments: Any, waiting: Waiting, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._waiting = waiting

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._wait_no_more()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._wait_no_more()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        if not self.transport.is_closing():
            self._wait()
        super().on_response_complete()

    def _wait(self) -> None:
        self._wait_no_more()
        while len(self._waiting) >= MOST_STRANGERS:
            next(iter(self._waiting)).leave()  # pyright: ignore[reportAttributeAccessIssue]  (all are of this class)
        self._waiting[self] = self.loop.call_later(HEAD_SECONDS, self.leave)

    def _wait_no_more(self) -> None:
        timer = self._waiting.pop(self, None)
        if timer is not None:
            timer.cancel()

    def leave(self) -> None:
        """Close a connection that has asked nothing."""
        self._wait_no_more()
        self.transport.abort()


def patient() -> Callable[..., PatientProtocol]:
    """The protocol of one server."""
    waiting: Waiting = {}

    def protocol(*arguments: Any, **named: Any) -> PatientProtocol:
        return PatientProtocol(*arguments, waiting=waiting, **named)

    return protocol
