"""Hands tasks to workers, gives those of workers that died to others, and puts what they made back in order."""

from __future__ import annotations

import pickle
import time
from collections import Counter, deque
from collections.abc import Generator as Making
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

from ganatomy.errors import WorkerError
from ganatomy.workers.executors import Work, Workers
from ganatomy.workers.parcels import Outbox, Parcel, unpack
from ganatomy.workers.worker import Failure, Versions

T = TypeVar("T")
R = TypeVar("R")

MOST_TRIES = 3
"""Workers that may die over the same task, and starts of a worker that may fail, before the work stops."""

START_SECONDS = 300.0
"""How long to wait for a first worker, which has to import torch, and perhaps to wait for room on a cluster."""

AHEAD = 4
"""Tasks for each worker that may be finished before an earlier one: a slow or dead worker does not stop the others."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """News of a worker: what it runs, once it is ready; why it is not; what it made; or how it died, as a text."""

    worker: int
    news: Versions | Failure | bytes | str


@runtime_checkable
class WorkerPool(Protocol):
    """Workers, known by their numbers, of which each does one task at a time."""

    def start(self, worker: int) -> None:
        """Begin to start a worker, also in place of a dead one; that it is ready is news."""
        ...

    def submit(self, worker: int, task: bytes, work: bytes | None, parcels: Sequence[Parcel]) -> None:
        """Give a task to a worker that has none, with the work and the models that it lacks."""
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


@dataclass(kw_only=True)
class Job:
    """The tasks of one call of `map`, known by their places, and what is done."""

    work: bytes
    tasks: list[Any]
    packed: dict[int, bytes]
    """Tasks as they are sent, until they are done."""
    waiting: deque[int] = field(init=False)
    wanted: deque[int] = field(init=False)
    have_work: set[int] = field(default_factory=set, init=False)
    """Workers that were sent the work."""
    made: dict[int, list[Any]] = field(default_factory=dict, init=False)
    tries: Counter[int] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        self.waiting, self.wanted = deque(range(len(self.tasks))), deque(range(len(self.tasks)))


class Crew(Workers):
    """Workers of a pool, started when there is work for them.

    A job that ends early, by an error or because its results are no longer wanted, ends them too; the next job starts
    others.

    Args:
        pool: not started yet.
        num_workers: to start; fewer for fewer tasks.
        pickler: packs what is sent.
    """

    def __init__(
        self, pool: WorkerPool, *, num_workers: int, pickler: type[pickle.Pickler] = pickle.Pickler
    ) -> None:
        self.pool, self.num_workers = pool, max(1, num_workers)
        self.outbox = Outbox(pickler)
        self.job: Job | None = None
        self._forget()

    def map(self, work: Work[T, R], tasks: Iterable[T]) -> Making[R, None, None]:
        """The results of all tasks, in order.

        Raises:
            SettingError: for work that cannot be sent.
            WorkerError: where no worker can be had, or the same task ends one after the other.
            What the code of the work raises, at once.
        """
        assert self.job is None, "a crew does one job after the other"
        tasks = list(tasks)
        if not tasks:
            return
        # What cannot be sent is refused before a worker starts.
        packed = {0: self.outbox.pack(tasks[0])}
        job = self.job = Job(work=self.outbox.pack(work), tasks=tasks, packed=packed)
        patience = time.monotonic() + START_SECONDS
        try:
            while job.wanted:
                self._start_enough(job)
                self._hand_out(job)
                for event in self.pool.wait(0.5):
                    self._take(job, event)
                while job.wanted and job.wanted[0] in job.made:
                    yield from job.made.pop(job.wanted.popleft())
                if self.tasks:
                    patience = time.monotonic() + START_SECONDS
                elif time.monotonic() > patience:
                    raise WorkerError(
                        f"no worker has started within {START_SECONDS:.0f} s: {self.pool.why_none()}"
                    )
        finally:
            self.job = None
            if job.wanted:
                self.close()

    def close(self) -> None:
        """End all workers."""
        self.pool.close()
        self._forget()

    def _forget(self) -> None:
        self.tasks: dict[int, int | None] = {}
        """The task of each worker that is ready."""
        self.sent: Counter[int] = Counter()
        """How many models each has."""
        self.starting: set[int] = set()
        self.failed_starts: Counter[int] = Counter()
        self.last_reason = ""

    def _start_enough(self, job: Job) -> None:
        """As many workers as there are tasks, at most `num_workers`."""
        present = {*self.tasks, *self.starting}
        absent = [worker for worker in range(self.num_workers) if worker not in present]
        able = [worker for worker in absent if self.failed_starts[worker] < MOST_TRIES]
        for worker in able[: max(0, min(self.num_workers, len(job.wanted)) - len(present))]:
            self.starting.add(worker)
            self.sent[worker] = 0
            self.pool.start(worker)
        if not self.tasks and not self.starting:
            raise WorkerError(f"workers end as they start: {self.last_reason}")

    def _hand_out(self, job: Job) -> None:
        """Give tasks to workers without one, as long as not too much is finished out of order."""
        for worker in [worker for worker, task in self.tasks.items() if task is None]:
            ahead = len(job.made) + sum(task is not None for task in self.tasks.values())
            # What was lost is wanted before all others, however much is finished.
            if job.waiting and (job.tries[job.waiting[0]] or ahead < AHEAD * self.num_workers):
                task = self.tasks[worker] = job.waiting.popleft()
                if task not in job.packed:
                    job.packed[task] = self.outbox.pack(job.tasks[task])
                work = None if worker in job.have_work else job.work
                self.pool.submit(worker, job.packed[task], work, self.outbox.parcels[self.sent[worker] :])
                job.have_work.add(worker)
                self.sent[worker] = len(self.outbox.parcels)

    def _take(self, job: Job, event: Event) -> None:
        match event.news:
            case Versions() as versions:
                Versions.here().refuse_other(versions)
                self.starting.discard(event.worker)
                self.failed_starts[event.worker] = 0
                self.tasks[event.worker] = None
            case bytes() as content:
                task, self.tasks[event.worker] = self.tasks[event.worker], None
                answer = unpack(content, {})
                if isinstance(answer, Failure):
                    raise answer.again()
                assert task is not None
                job.made[task] = answer
                del job.packed[task]
            case Failure() as failure:
                raise failure.again()
            case str() as reason:
                self._bury(job, event.worker, reason)

    def _bury(self, job: Job, worker: int, reason: str) -> None:
        """Give the task of a dead worker to the next that is free."""
        self.last_reason = reason
        task = self.tasks.pop(worker, None)
        job.have_work.discard(worker)
        if worker in self.starting:
            self.starting.discard(worker)
            self.failed_starts[worker] += 1
        if task is not None:
            job.tries[task] += 1
            if job.tries[task] == MOST_TRIES:
                raise WorkerError(
                    f"task {task + 1} of {len(job.tasks)} ended {MOST_TRIES} workers one after the other, the last: "
                    f"{reason}; if memory is short, use a smaller batch size or fewer workers"
                )
            job.waiting.appendleft(task)
