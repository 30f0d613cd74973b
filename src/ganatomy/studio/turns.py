"""Who may use a generator now: visitors take turns, so nobody waits for another one's film."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Pause = Callable[[], None]
"""Called by long work between its pieces, so that others have their turn; raises `Superseded` when it should stop."""


class Superseded(Exception):  # noqa: N818 (nothing went wrong)
    """A newer request has taken the place of this one, or whoever asked is gone."""


class Turns:
    """A lock that goes to the visitor who has waited for it the longest since their last turn."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._waiting: dict[int, Hashable] = {}
        self._served: dict[Hashable, int] = {}
        self._clock = 0

    def take(self, visitor: Hashable) -> None:
        """Wait for the turn of a visitor."""
        with self._changed:
            self._clock += 1
            ticket = self._clock
            self._waiting[ticket] = visitor
            while self._taken or self._next() != ticket:
                self._changed.wait()
            del self._waiting[ticket]
            self._taken = True
            self._clock += 1
            self._served[visitor] = self._clock

    def give_back(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()

    def forget(self, visitor: Hashable) -> None:
        """A visitor has left."""
        with self._changed:
            self._served.pop(visitor, None)
            self._changed.notify_all()  # who is next may be somebody else now

    def _next(self) -> int:
        """Of those who wait, the visitor served least recently; of one visitor's tickets, the oldest."""
        return min(self._waiting, key=lambda ticket: (self._served.get(self._waiting[ticket], 0), ticket))


@dataclass(eq=False)
class _Task:
    """Work of one visitor in one slot."""

    work: Callable[[Pause], None]
    done: Future[None] = field(default_factory=Future)
    stopped: bool = False


class Worker:
    """Does the work on one generator: in each slot of a visitor one piece at a time, and after it the newest.

    A slot is one place on a page that shows one thing. What is asked for in it while it is busy replaces what waits
    there, and work that is under way stops at its next pause.

    Args:
        num_threads: work that may be under way at the same time; only one of them computes.
    """

    def __init__(self, *, num_threads: int = 32) -> None:
        self._turns = Turns()
        self._pool = ThreadPoolExecutor(num_threads, thread_name_prefix="studio")
        self._lock = threading.Lock()
        self._running: dict[tuple[Hashable, str], _Task] = {}
        self._pending: dict[tuple[Hashable, str], _Task] = {}

    def submit(self, visitor: Hashable, slot: str, work: Callable[[Pause], None]) -> Future[None]:
        """Have work done when its turn comes. The future is cancelled where something newer takes its place."""
        task = _Task(work=work)
        place = (visitor, slot)
        with self._lock:
            if place in self._running:
                self._running[place].stopped = True
                older = self._pending.pop(place, None)
                if older is not None:
                    older.done.cancel()
                self._pending[place] = task
                return task.done
            self._running[place] = task
        self._pool.submit(self._run, place, task)
        return task.done

    def forget(self, visitor: Hashable) -> None:
        """Drop all that a visitor waits for: they have left."""
        with self._lock:
            for place in [place for place in self._pending if place[0] == visitor]:
                self._pending.pop(place).done.cancel()
            for place, task in self._running.items():
                if place[0] == visitor:
                    task.stopped = True
        self._turns.forget(visitor)

    def close(self) -> None:
        """Stop at the next pauses, and take no more work."""
        with self._lock:
            for task in self._pending.values():
                task.done.cancel()
            self._pending.clear()
            for task in self._running.values():
                task.stopped = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, place: tuple[Hashable, str], task: _Task) -> None:
        visitor = place[0]
        self._turns.take(visitor)

        def pause() -> None:
            if task.stopped:
                raise Superseded
            self._turns.give_back()
            self._turns.take(visitor)
            if task.stopped:
                raise Superseded

        try:
            task.work(pause)
        except Superseded:
            task.done.cancel()
        except BaseException as error:  # noqa: BLE001 (whoever asked hears of it)
            task.done.set_exception(error)
        else:
            task.done.set_result(None)
        finally:
            self._turns.give_back()
            self._follow(place)

    def _follow(self, place: tuple[Hashable, str]) -> None:
        """Start what waits in this slot."""
        with self._lock:
            task = self._pending.pop(place, None)
            if task is None:
                del self._running[place]
                return
            self._running[place] = task
        try:
            self._pool.submit(self._run, place, task)
        except RuntimeError:  # closed in the meantime
            task.done.cancel()
