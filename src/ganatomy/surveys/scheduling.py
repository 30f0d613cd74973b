"""Hands tasks to workers, gives those of workers that died to others, and puts what they made back in order."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Generator as Making
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ganatomy.errors import WorkerError
from ganatomy.surveys.executors import Task
from ganatomy.surveys.rows import Rows
from ganatomy.surveys.worker import Failure, WorkerIdentity

MOST_TRIES = 3
"""Workers that may die over the same rows, and starts of a worker that may fail, before the survey stops."""

START_SECONDS = 300.0
"""How long to wait for a first worker, which has to import torch, and perhaps to wait for room on a cluster."""

AHEAD = 4
"""Tasks for each worker that may be finished before an earlier one: a slow or dead worker does not stop the others."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """News of a worker: who it is, once it is ready; what it made; an error; or how it died, as a text."""

    worker: int
    news: WorkerIdentity | Rows | Failure | str


@runtime_checkable
class WorkerPool(Protocol):
    """Workers, known by their numbers, of which each does one task at a time."""

    def start(self, worker: int) -> None:
        """Begin to start a worker, also in place of a dead one; its identity is news."""
        ...

    def submit(self, worker: int, task: Task) -> None:
        """Give a task to a worker that has none."""
        ...

    def wait(self, seconds: float) -> list[Event]:
        """What happened, waiting so long for something to happen."""
        ...

    def why_none(self) -> str:
        """Why no worker may have started."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


class Schedule:
    """Which worker has which task, and what is done.

    Args:
        pool: not started yet.
        tasks: in the order in which their rows are wanted.
        num_workers: to start; fewer for fewer tasks.
        expected: the identity that workers must have.
    """

    def __init__(
        self, pool: WorkerPool, tasks: Iterable[Task], *, num_workers: int, expected: WorkerIdentity
    ) -> None:
        self.pool = pool
        self.waiting = deque(tasks)
        self.wanted = deque(self.waiting)
        self.num_workers = max(1, min(num_workers, len(self.waiting)))
        self.expected = expected
        self.busy: dict[int, Task | None] = {}
        self.starting: set[int] = set()
        self.made: dict[Task, Rows] = {}
        self.tries: Counter[Task] = Counter()
        self.failed_starts: Counter[int] = Counter()

    def run(self) -> Making[Rows, None, None]:
        """The rows of all tasks, in order.

        Raises:
            WorkerError: where no worker can be had, or the same rows end one after the other.
            What the code of generator or scorer raises, at once.
        """
        try:
            for worker in range(self.num_workers):
                self._start(worker)
            patience = time.monotonic() + START_SECONDS
            while self.wanted:
                self._hand_out()
                for event in self.pool.wait(0.5):
                    self._take(event)
                while self.wanted and self.wanted[0] in self.made:
                    yield self.made.pop(self.wanted.popleft())
                if not self.busy and time.monotonic() > patience:
                    raise WorkerError(
                        f"no worker has started within {START_SECONDS:.0f} s: {self.pool.why_none()}"
                    )
                if self.busy:
                    patience = time.monotonic() + START_SECONDS
        finally:
            self.pool.close()

    def _start(self, worker: int) -> None:
        self.starting.add(worker)
        self.pool.start(worker)

    def _hand_out(self) -> None:
        """Give tasks to workers without one, as long as not too much is finished out of order."""
        for worker in [worker for worker, task in self.busy.items() if task is None]:
            ahead = len(self.made) + sum(task is not None for task in self.busy.values())
            # Rows that were lost are wanted before all others, however much is finished.
            if self.waiting and (self.tries[self.waiting[0]] or ahead < AHEAD * self.num_workers):
                task = self.waiting.popleft()
                self.busy[worker] = task
                self.pool.submit(worker, task)

    def _take(self, event: Event) -> None:
        match event.news:
            case Failure() as failure:
                raise failure.again()
            case WorkerIdentity() as identity:
                self.expected.refuse_other(identity)
                self.starting.discard(event.worker)
                self.failed_starts[event.worker] = 0
                self.busy[event.worker] = None
            case Rows() as rows:
                task, self.busy[event.worker] = self.busy[event.worker], None
                assert task is not None
                assert task == (rows.start, rows.stop)
                self.made[task] = rows
            case str() as reason:
                self._bury(event.worker, reason)

    def _bury(self, worker: int, reason: str) -> None:
        """Give the task of a dead worker to the next that is free, and start another in its place."""
        task = self.busy.pop(worker, None)
        if task is not None:
            self.tries[task] += 1
            if self.tries[task] == MOST_TRIES:
                raise WorkerError(
                    f"rows {task[0]} to {task[1] - 1} ended {MOST_TRIES} workers one after the other, the last: "
                    f"{reason}; if memory is short, use a smaller batch size or fewer workers"
                )
            self.waiting.appendleft(task)
        if worker in self.starting:
            self.failed_starts[worker] += 1
        self.starting.discard(worker)
        if self.failed_starts[worker] < MOST_TRIES:
            self._start(worker)
        elif not self.busy and not self.starting:
            raise WorkerError(f"workers end as they start: {reason}")
