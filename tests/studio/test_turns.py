"""Turns: no visitor waits for another one's film, and the newest query of a slot wins."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest
import torch

from ganatomy.studio.turns import MOST_BEGUN, Pause, Worker

LONG = 20.0
"""Seconds after which a test has failed."""


def held_up(gate: threading.Event) -> None:
    assert gate.wait(LONG)


@pytest.fixture
def worker():
    found = Worker()
    yield found
    found.close()


def test_a_short_question_is_answered_between_the_pieces_of_a_long_one(worker: Worker) -> None:
    order: list[str] = []
    started, ended = threading.Event(), threading.Event()

    def film(pause: Pause) -> None:
        for piece in range(6):
            order.append(f"film {piece}")
            started.set()
            assert ended.wait(LONG)
            pause()

    long = worker.submit("one", "film", film)
    assert started.wait(LONG)
    short = worker.submit("two", "edit", lambda _: order.append("image"))
    threading.Timer(0.2, ended.set).start()
    short.result(LONG)
    long.result(LONG)
    assert order.index("image") == 1


def test_visitors_take_turns_whatever_the_number_of_their_questions(worker: Worker) -> None:
    order: list[str] = []
    gate = threading.Event()
    first = worker.submit("gate", "edit", lambda _: held_up(gate))
    many = [worker.submit("many", f"slot {k}", lambda _: order.append("many")) for k in range(5)]
    few = worker.submit("few", "edit", lambda _: order.append("few"))
    threading.Timer(0.2, gate.set).start()
    for future in [first, *many, few]:
        future.result(LONG)
    assert order.index("few") <= 1


def test_newcomers_do_not_go_before_those_who_wait(worker: Worker) -> None:
    """Each file has a visitor of its own; a slider moves on beside any number of them."""
    order: list[str] = []
    gate = threading.Event()
    busy = worker.submit("gate", "edit", lambda _: held_up(gate))
    slider = worker.submit("slider", "edit", lambda _: order.append("slider"))
    files = [worker.submit(f"file {k}", "file", lambda _: order.append("file")) for k in range(5)]
    threading.Timer(0.2, gate.set).start()
    for future in [busy, slider, *files]:
        future.result(LONG)
    assert order[0] == "slider"


def test_more_films_than_there_are_threads_leave_room_for_a_slider(worker: Worker) -> None:
    going, end = threading.Event(), threading.Event()

    def film(pause: Pause) -> None:
        going.set()
        while not end.is_set():
            time.sleep(0.001)
            pause()

    films = [worker.submit(f"film {k}", "file", film) for k in range(MOST_BEGUN // 2)]
    assert going.wait(LONG)
    worker.submit("slider", "edit", lambda _: None).result(LONG)
    end.set()
    for future in films:
        future.result(LONG)


def test_what_waits_in_a_place_is_replaced_by_what_is_newer(worker: Worker) -> None:
    seen: list[int] = []
    gate, started = threading.Event(), threading.Event()

    def first(_: Pause) -> None:
        started.set()
        gate.wait(LONG)
        seen.append(0)

    futures = [worker.submit("one", "edit", first)]
    assert started.wait(LONG)
    futures += [worker.submit("one", "edit", lambda _, k=k: seen.append(k)) for k in range(1, 10)]
    gate.set()
    futures[-1].result(LONG)
    assert seen == [0, 9]
    assert all(future.cancelled() for future in futures[1:-1])


def stopped(pause: Pause, going: threading.Event) -> None:
    going.set()
    while True:
        time.sleep(0.001)
        pause()


def broken(pause: Pause, going: threading.Event) -> None:
    going.set()
    raise ValueError("broken")


@pytest.mark.parametrize("ends", [stopped, broken])
def test_what_did_not_end_well_keeps_no_images(
    worker: Worker, ends: Callable[[Pause, threading.Event], None]
) -> None:
    """They are free at once, not when circles of references are searched for, which may take minutes."""
    going, kept = threading.Event(), list[weakref.ref[torch.Tensor]]()

    def work(pause: Pause) -> None:
        images = torch.ones(1)
        kept.append(weakref.ref(images))
        ends(pause, going)
        images.sum()

    gc.disable()
    try:
        future = worker.submit("one", "walk", work)
        assert going.wait(LONG)
        worker.forget("one")
        with pytest.raises((CancelledError, ValueError)):
            future.result(LONG)
        until = time.monotonic() + LONG  # its thread says that it has ended before it has
        while (alive := kept[0]() is not None) and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        gc.enable()
    assert not alive


def test_long_work_stops_at_its_next_pause_when_it_is_replaced(worker: Worker) -> None:
    pieces: list[int] = []
    started, replaced = threading.Event(), threading.Event()

    def long(pause: Pause) -> None:
        for piece in range(1000):
            pieces.append(piece)
            started.set()
            assert replaced.wait(LONG)
            pause()

    older = worker.submit("one", "walk", long)
    assert started.wait(LONG)
    newer = worker.submit("one", "walk", lambda _: None)
    replaced.set()
    newer.result(LONG)
    with pytest.raises(CancelledError):
        older.result(LONG)
    assert len(pieces) < 3


def test_a_visitor_who_left_is_not_waited_for(worker: Worker) -> None:
    seen: list[str] = []
    gate = threading.Event()
    busy = worker.submit("one", "edit", lambda _: held_up(gate))

    def late(pause: Pause) -> None:
        pause()
        seen.append("two")

    waiting = worker.submit("two", "edit", late)
    worker.forget("two")
    gate.set()
    busy.result(LONG)
    with pytest.raises(CancelledError):
        waiting.result(LONG)
    assert seen == []


def test_nothing_is_kept_of_those_who_have_left(worker: Worker) -> None:
    gate, started = threading.Event(), threading.Event()

    def long(pause: Pause) -> None:
        started.set()
        held_up(gate)
        pause()

    busy = worker.submit("one", "edit", long)
    assert started.wait(LONG)
    late = [worker.submit(f"late {k}", "edit", lambda _: None) for k in range(4)]
    for visitor in ("one", *(f"late {k}" for k in range(4))):
        worker.forget(visitor)
    assert all(future.cancelled() for future in late)
    gate.set()
    with pytest.raises(CancelledError):
        busy.result(LONG)
    worker.close()
    assert not worker._served
    assert not worker._running


def test_an_error_reaches_its_own_visitor_only(worker: Worker) -> None:
    def broken(_: Pause) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        worker.submit("one", "edit", broken).result(LONG)
    assert worker.submit("one", "edit", lambda _: None).result(LONG) is None


def test_whoever_is_next_after_a_visitor_has_left_goes_on(worker: Worker) -> None:
    """Visitors come and go while others wait; all work that is not dropped is done."""
    futures = []
    for round_ in range(60):
        futures += [worker.submit(f"stays {k}", f"slot {round_}", lambda _: None) for k in range(2)]
        worker.submit(f"goes {round_}", "edit", lambda pause: pause())
        worker.forget(f"goes {round_}")
    for future in futures:
        future.result(LONG)
