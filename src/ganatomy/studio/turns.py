"""Turns at a generator: visitors share it fairly, so that a long film does not block the others."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from functools import partial
from traceback import clear_frames

Pause = Callable[[], None]
"""Called by long work between its pieces to give others a turn; raises `Superseded` when the work should stop."""

MOST_BEGUN = 64
"""Pieces of work that may be under way at once; further ones wait to begin."""


class Superseded(Exception):  # noqa: N818 (nothing went wrong)
    """A newer request has replaced this one, or its visitor has left."""


@dataclass(eq=False)
class _Task:
    """Work of one visitor in one slot."""

    visitor: Hashable
    slot: str
    work: Callable[[Pause], None]
    done: Future[None] = field(default_factory=Future)
    turn: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    stopped: bool = False

    @property
    def place(self) -> tuple[Hashable, str]:
        return self.visitor, self.slot


class Worker:
    """Does the work on one generator: one piece at a time, of the visitor whose last turn is longest ago.

    A slot is one place of a page that shows one thing. New work for a slot that is busy replaces the work that waits
    there, and the work that is under way stops at its next pause.

    Each piece has a thread of its own, which ends with it: networks keep memory for every thread that they have run
    on, and that of idle threads would add up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: _Task | None = None
        self._waiting: list[_Task] = []
        """Tasks that wait for a turn, oldest first: those not begun, and those that pause."""
        self._running: dict[tuple[Hashable, str], _Task] = {}
        """The task of each place, waiting or not."""
        self._pending: dict[tuple[Hashable, str], _Task] = {}
        """The task after it."""
        self._served: dict[Hashable, int] = {}
        self._clock = 0
        self._closed = False

    def submit(self, visitor: Hashable, slot: str, work: Callable[[Pause], None]) -> Future[None]:
        """Do work when its turn comes. The future is cancelled if newer work replaces it."""
        task = _Task(visitor, slot, work)
        with self._lock:
            if self._closed:
                task.done.cancel()
            elif task.place in self._running:
                self._running[task.place].stopped = True
                if (older := self._pending.get(task.place)) is not None:
                    older.done.cancel()
                self._pending[task.place] = task
            else:
                self._start(task)
                self._go_on()
        return task.done

    def forget(self, visitor: Hashable) -> None:
        """Drop all work of a visitor who has left."""
        with self._lock:
            self._stop(lambda task: task.visitor == visitor)
            self._go_on()

    def close(self) -> None:
        """Stop at the next pauses, and take no more work."""
        with self._lock:
            self._closed = True
            self._stop(lambda _: True)
            threads = [task.thread for task in self._running.values()]
            self._go_on()
        for thread in filter(None, threads):
            thread.join()

    def _start(self, task: _Task) -> None:
        self._running[task.place] = task
        # A new visitor comes after those who wait already, however often they reconnect.
        self._served.setdefault(task.visitor, self._tick())
        self._waiting.append(task)

    def _stop(self, of: Callable[[_Task], bool]) -> None:
        """Drop tasks that are not begun; those that are end at their next pause."""
        for place in [place for place, task in self._pending.items() if of(task)]:
            self._pending.pop(place).done.cancel()
        for task in [task for task in self._running.values() if of(task)]:
            task.stopped = True
            if task.thread is None:
                self._waiting.remove(task)
                self._end(task)
                task.done.cancel()

    def _go_on(self) -> None:
        """Start the next turn, if none is running."""
        full = sum(task.thread is not None for task in self._running.values()) >= MOST_BEGUN
        able = [task for task in self._waiting if task.thread is not None or not full]
        if self._current is not None or not able:
            return
        task = min(able, key=lambda task: self._served[task.visitor])
        self._waiting.remove(task)
        self._current = task
        if task.thread is not None:
            task.turn.set()
        else:
            task.thread = threading.Thread(target=self._run, args=(task,), name="studio", daemon=True)
            task.thread.start()

    def _tick(self) -> int:
        self._clock += 1
        return self._clock

    def _give_back(self, task: _Task) -> None:
        self._current = None
        self._served[task.visitor] = self._tick()

    def _pause(self, task: _Task) -> None:
        with self._lock:
            if not task.stopped:
                self._give_back(task)
                task.turn.clear()
                self._waiting.append(task)
                self._go_on()
        task.turn.wait()
        if task.stopped:
            raise Superseded

    def _run(self, task: _Task) -> None:
        task.turn.set()
        tell = self._outcome(task)
        with self._lock:
            self._give_back(task)
            self._end(task)
            self._go_on()
        with contextlib.suppress(InvalidStateError):  # the caller has cancelled it
            tell()

    def _outcome(self, task: _Task) -> Callable[[], object]:
        """Do the work; what is returned tells its future how it ended.

        An error holds the frames that it came through, with their images and gradients, and a frame that names the
        error holds it in turn: such a circle stays in memory until Python searches for circles, which may take minutes.
        """
        try:
            task.work(lambda: self._pause(task))
        except Superseded:
            return task.done.cancel
        except BaseException as error:  # noqa: BLE001 (the future carries it)
            clear_frames(error.__traceback__)
            return partial(task.done.set_exception, error)
        return partial(task.done.set_result, None)

    def _end(self, task: _Task) -> None:
        """Start the task that waits in its place; a visitor without tasks is forgotten."""
        del self._running[task.place]
        if (newer := self._pending.pop(task.place, None)) is not None:
            self._start(newer)
        elif not any(visitor == task.visitor for visitor, _ in self._running):
            del self._served[task.visitor]
