"""Ctrl-C between two steps instead of within one, so that what is saved then is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heard_between_steps() -> Iterator[Callable[[], None]]:
    """Put off Ctrl-C and requests to end; yields the function that raises them, to be called between steps.

    A second Ctrl-C ends at once. Outside the main thread, which alone hears signals, nothing is put off.

    Raises:
        KeyboardInterrupt: by the function, when an end was asked for.
    """
    asked: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt

    def between() -> None:
        if asked:
            raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM) if ours}
    try:
        yield between
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
