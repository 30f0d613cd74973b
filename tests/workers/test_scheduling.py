"""Who works on what, with workers that die when a test wants them to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ganatomy.errors import ScoreError, SettingError, WorkerError
from ganatomy.workers import scheduling
from ganatomy.workers.executors import Work
from ganatomy.workers.parcels import Outbox, Parcel, pack, unpack
from ganatomy.workers.scheduling import MOST_TRIES, Crew, Event
from ganatomy.workers.worker import Failure, Versions

Task = tuple[int, int]
MINE = Versions.here()
TASKS: list[Task] = [(start, start + 4) for start in range(0, 80, 4)]


class FakePool:
    """Workers that answer in the order that a test wants, or die with a task in hand.

    Args:
        versions: of all workers, or how they end as they start.
        dying: for each worker, after how many tasks it dies; one that is started in its place lives.
        deadly: a task that ends whoever takes it.
        failing: a task that raises.
        last_first: answer what was submitted last.
    """

    def __init__(
        self,
        *,
        versions: Versions | str | None = MINE,
        dying: dict[int, int] | None = None,
        deadly: Task | None = None,
        failing: Task | None = None,
        last_first: bool = False,
    ) -> None:
        self.versions, self.dying = versions, dict(dying or {})
        self.deadly, self.failing, self.last_first = deadly, failing, last_first
        self.events: deque[Event] = deque()
        self.submitted: list[tuple[int, Task]] = []
        self.started: list[int] = []
        self.work: dict[int, Work[Task, int]] = {}
        self.given_work: list[int] = []
        self.closed = 0

    def start(self, worker: int) -> None:
        self.started.append(worker)
        self.work.pop(worker, None)
        if self.versions is not None:
            self.events.append(Event(worker=worker, news=self.versions))

    def submit(self, worker: int, task: bytes, work: bytes | None, parcels: Sequence[Parcel]) -> None:
        if work is not None:
            self.given_work.append(worker)
            self.work[worker] = unpack(work, {})
        self.answer(worker, unpack(task, {}))

    def answer(self, worker: int, task: Task) -> None:
        self.submitted.append((worker, task))
        if task == self.deadly or self.dying.get(worker) == 0:
            self.dying.pop(worker, None)
            news = "it was ended by SIGKILL"
        elif task == self.failing:
            news = pack(Failure.of(ScoreError("nan in row 5")))
        else:
            self.dying[worker] = self.dying.get(worker, 10**6) - 1
            news = pack(list(self.work[worker](task)))
        self.events.append(Event(worker=worker, news=news))

    def wait(self, seconds: float) -> list[Event]:
        if not self.events:
            return []
        return [self.events.pop() if self.last_first else self.events.popleft()]

    def why_none(self) -> str:
        return "there are none"

    def close(self) -> None:
        self.events.clear()
        self.work.clear()
        self.closed += 1


def rows(task: Task) -> Sequence[int]:
    return range(*task)


def run(pool: FakePool, *, num_workers: int = 3, tasks: list[Task] = TASKS) -> list[int]:
    return list(Crew(pool, num_workers=num_workers).map(rows, tasks))


@pytest.mark.parametrize("last_first", [False, True], ids=["in turn", "the last first"])
def test_results_come_in_order_and_once(last_first: bool):
    pool = FakePool(last_first=last_first)
    assert run(pool) == list(range(80))
    assert sorted(task for _, task in pool.submitted) == TASKS
    assert pool.started == [0, 1, 2]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_dead_worker_costs_its_task_and_is_replaced(after: int):
    pool = FakePool(dying={1: after})
    assert run(pool) == list(range(80))
    assert len(pool.submitted) == len(TASKS) + 1
    assert pool.started == [0, 1, 2, 1]


def test_what_was_lost_is_given_to_the_next_worker_that_is_free():
    pool = FakePool(dying={1: 1})
    run(pool)
    tasks = [task for _, task in pool.submitted]
    lost = next(task for task in tasks if tasks.count(task) == 2)
    first = tasks.index(lost)
    assert tasks.index(lost, first + 1) - first <= 3


def test_all_workers_may_die_at_once():
    assert run(FakePool(dying={0: 2, 1: 2, 2: 2})) == list(range(80))


def test_a_slow_worker_is_waited_for_with_few_results_in_memory(monkeypatch):
    class Slow(FakePool):
        """Its worker 0 answers only when nobody else has anything to do."""

        def wait(self, seconds: float) -> list[Event]:
            others = [event for event in self.events if event.worker or not isinstance(event.news, bytes)]
            event = others[0] if others else self.events[0]
            self.events.remove(event)
            return [event]

    most = 0
    take = Crew._take

    def counting(crew: Crew, job: scheduling.Job, event: Event) -> None:
        nonlocal most
        take(crew, job, event)
        most = max(most, len(job.made))

    monkeypatch.setattr(Crew, "_take", counting)
    assert run(Slow()) == list(range(80))
    assert 3 < most <= scheduling.AHEAD * 3


def test_each_worker_is_sent_the_work_once_and_again_only_in_place_of_a_dead_one():
    pool = FakePool(dying={1: 3})
    crew = Crew(pool, num_workers=3)
    assert list(crew.map(rows, TASKS)) == list(range(80))
    assert sorted(pool.given_work) == [0, 1, 1, 2]
    assert list(crew.map(rows, TASKS)) == list(range(80))
    assert sorted(pool.given_work) == [0, 0, 1, 1, 1, 2, 2]


def test_work_and_each_task_are_packed_once(monkeypatch):
    packed: list[object] = []
    pack_one = Outbox.pack

    def counting(outbox: Outbox, thing: object) -> bytes:
        packed.append(thing)
        return pack_one(outbox, thing)

    monkeypatch.setattr(Outbox, "pack", counting)
    run(FakePool(dying={1: 1}))
    assert packed.count(rows) == 1
    assert sorted(task for task in packed if isinstance(task, tuple)) == TASKS


def test_work_that_cannot_be_sent_leaves_workers_as_they_are():
    crew = Crew(pool := FakePool(), num_workers=2)
    assert list(crew.map(rows, TASKS)) == list(range(80))
    with pytest.raises(SettingError, match="cannot be sent"):
        list(crew.map(lambda task: range(*task), TASKS))
    assert list(crew.map(rows, TASKS)) == list(range(80))
    assert (pool.started, pool.closed) == ([0, 1], 0)


def test_a_crew_refuses_a_job_within_a_job():
    crew = Crew(FakePool(), num_workers=2)
    first = crew.map(rows, TASKS)
    next(first)
    with pytest.raises(AssertionError, match="one job after the other"):
        next(crew.map(rows, TASKS))
    first.close()
    assert list(crew.map(rows, TASKS)) == list(range(80))


def test_a_task_that_ends_every_worker_stops_the_work():
    with pytest.raises(WorkerError, match=r"task 4 of 20 ended 3 workers .* SIGKILL; if memory is short"):
        run(FakePool(deadly=(12, 16)))


def test_an_error_of_the_code_is_raised_once_with_where_it_was():
    pool = FakePool(failing=(8, 12))
    with pytest.raises(ScoreError, match="nan in row 5") as caught:
        run(pool)
    assert [task for _, task in pool.submitted].count((8, 12)) == 1
    assert "in a worker:" in caught.value.__notes__[0]
    assert pool.closed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ganatomy": "0.9"}, r"a worker has ganatomy 0.9, this process \d.*install the same version"),
        ({"torch": "9"}, "a worker has torch 9"),
    ],
    ids=["version", "torch"],
)
def test_workers_of_other_versions_are_refused(change: dict[str, str], said: str):
    with pytest.raises(WorkerError, match=said):
        run(FakePool(versions=replace(MINE, **change)))


def test_workers_that_never_start_are_given_up_with_the_reason(monkeypatch):
    monkeypatch.setattr(scheduling, "START_SECONDS", 0.0)
    with pytest.raises(WorkerError, match="no worker has started within 0 s: there are none"):
        run(FakePool(versions=None))


def test_workers_that_end_as_they_start_are_given_up():
    pool = FakePool(versions="no module named ganatomy")
    with pytest.raises(WorkerError, match="workers end as they start: no module named ganatomy"):
        run(pool)
    assert len(pool.started) == 3 * MOST_TRIES


def test_workers_stay_for_the_next_job_and_more_are_started_when_it_is_larger():
    pool = FakePool()
    crew = Crew(pool, num_workers=3)
    assert list(crew.map(rows, TASKS[:2])) == list(range(8))
    assert pool.started == [0, 1]
    assert list(crew.map(rows, TASKS)) == list(range(80))
    assert pool.started == [0, 1, 2]
    assert list(crew.map(rows, [])) == []
    assert not pool.closed


@pytest.mark.parametrize("how", ["no longer wanted", "an error"])
def test_a_job_that_ends_early_ends_its_workers_and_the_next_one_starts_others(how: str):
    pool = FakePool(failing=(40, 44) if how == "an error" else None)
    crew = Crew(pool, num_workers=2)
    made = crew.map(rows, TASKS)
    if how == "an error":
        with pytest.raises(ScoreError):
            list(made)
    else:
        next(made)
        made.close()
    assert pool.closed == 1
    assert list(crew.map(rows, TASKS[:3])) == list(range(12))
    assert pool.started == [0, 1, 0, 1]


def test_an_error_that_cannot_be_sent_is_sent_as_text():
    class OddError(Exception):
        def __init__(self) -> None:
            super().__init__("odd")
            self.held = lambda: None

    failure = Failure.of(OddError())
    assert isinstance(failure.error, WorkerError)
    assert str(failure.again()) == "OddError: odd"
