"""Who works on what, with workers that die when a test wants them to."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest
import torch

from ganatomy.errors import ScoreError, WorkerError
from ganatomy.surveys import scheduling
from ganatomy.surveys.executors import Task
from ganatomy.surveys.rows import Rows
from ganatomy.surveys.scheduling import MOST_TRIES, Event, Schedule
from ganatomy.surveys.worker import Failure, WorkerIdentity

ME = WorkerIdentity(ganatomy="1", torch="2", numpy="3", generator="g" * 64, scorer="s" * 64)
TASKS = [(start, start + 4) for start in range(0, 80, 4)]


class FakePool:
    """Workers that answer in the order that a test wants, or die with a task in hand.

    Args:
        identity: of all workers.
        dying: for each worker, after how many tasks it dies; one that is started in its place lives.
        deadly: a task that ends whoever takes it.
        failing: a task that raises.
        last_first: answer what was submitted last.
    """

    def __init__(
        self,
        *,
        identity: WorkerIdentity | str | None = ME,
        dying: dict[int, int] | None = None,
        deadly: Task | None = None,
        failing: Task | None = None,
        last_first: bool = False,
    ) -> None:
        self.identity, self.dying = identity, dict(dying or {})
        self.deadly, self.failing, self.last_first = deadly, failing, last_first
        self.events: deque[Event] = deque()
        self.submitted: list[tuple[int, Task]] = []
        self.started: list[int] = []
        self.most_waiting = 0
        self.closed = False

    def start(self, worker: int) -> None:
        self.started.append(worker)
        if self.identity is not None:
            self.events.append(Event(worker=worker, news=self.identity))

    def submit(self, worker: int, task: Task) -> None:
        self.submitted.append((worker, task))
        if task == self.deadly or self.dying.get(worker) == 0:
            self.dying.pop(worker, None)
            news = "it was ended by SIGKILL"
        elif task == self.failing:
            news = Failure.of(ScoreError("nan in row 5"))
        else:
            self.dying[worker] = self.dying.get(worker, 10**6) - 1
            start, stop = task
            codes = torch.arange(start, stop)[:, None].float()
            news = Rows(start=start, codes=codes, logits=codes)
        self.events.append(Event(worker=worker, news=news))

    def wait(self, seconds: float) -> list[Event]:
        if not self.events:
            return []
        return [self.events.pop() if self.last_first else self.events.popleft()]

    def why_none(self) -> str:
        return "there are none"

    def close(self) -> None:
        self.closed = True


def run(pool: FakePool, *, num_workers: int = 3, tasks: list[Task] = TASKS) -> list[int]:
    made = list(Schedule(pool, tasks, num_workers=num_workers, expected=ME).run())
    assert pool.closed
    return [int(code) for rows in made for code in rows.codes[:, 0]]


@pytest.mark.parametrize("last_first", [False, True], ids=["in turn", "the last first"])
def test_rows_come_in_order_and_once(last_first: bool):
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


def test_a_slow_worker_is_waited_for_with_few_rows_in_memory():
    class Slow(FakePool):
        """Its worker 0 answers only when nobody else has anything to do."""

        def wait(self, seconds: float) -> list[Event]:
            others = [event for event in self.events if event.worker or not isinstance(event.news, Rows)]
            event = others[0] if others else self.events[0]
            self.events.remove(event)
            return [event]

    pool = Slow()
    schedule = Schedule(pool, TASKS, num_workers=3, expected=ME)
    most = 0
    for _ in schedule.run():
        most = max(most, len(schedule.made))
    assert 3 < most <= scheduling.AHEAD * 3


def test_rows_that_end_every_worker_stop_the_survey():
    with pytest.raises(WorkerError, match=r"rows 12 to 15 ended 3 workers .* SIGKILL; if memory is short"):
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
        ({"ganatomy": "0.9"}, "a worker has ganatomy 0.9, this process 1; .*install the same version"),
        ({"torch": "9"}, "a worker has torch 9"),
        ({"generator": "x" * 64}, "the generator arrived at a worker as another"),
        ({"scorer": "x" * 64}, "the scorer arrived .*xxxxxxxxxxxx, not ssssssssssss"),
    ],
    ids=["version", "torch", "generator", "scorer"],
)
def test_workers_that_would_make_other_rows_are_refused(change: dict[str, str], said: str):
    with pytest.raises(WorkerError, match=said):
        run(FakePool(identity=replace(ME, **change)))


def test_workers_that_never_start_are_given_up_with_the_reason(monkeypatch):
    monkeypatch.setattr(scheduling, "START_SECONDS", 0.0)
    with pytest.raises(WorkerError, match="no worker has started within 0 s: there are none"):
        run(FakePool(identity=None))


def test_workers_that_end_as_they_start_are_given_up():
    pool = FakePool(identity="no module named ganatomy")
    with pytest.raises(WorkerError, match="workers end as they start: no module named ganatomy"):
        run(pool)
    assert len(pool.started) == 3 * MOST_TRIES


def test_fewer_tasks_than_workers_start_fewer():
    pool = FakePool()
    assert run(pool, tasks=TASKS[:2]) == list(range(8))
    assert pool.started == [0, 1]


def test_workers_end_when_nobody_wants_more():
    pool = FakePool()
    made = Schedule(pool, TASKS, num_workers=2, expected=ME).run()
    next(made)
    made.close()
    assert pool.closed


def test_an_error_that_cannot_be_sent_is_sent_as_text():
    class OddError(Exception):
        def __init__(self) -> None:
            super().__init__("odd")
            self.held = lambda: None

    failure = Failure.of(OddError())
    assert isinstance(failure.error, WorkerError)
    assert str(failure.again()) == "OddError: odd"
