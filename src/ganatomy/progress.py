"""How long work reports how far it is, and what each of its stages took.

Work that takes long shows bars on stderr where a person looks, in terminals and notebooks, and elsewhere says once a
minute how far it is. `told` makes it quiet, or lets it say what each stage took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, Literal, ParamSpec, TypeVar

Advance = Callable[[int, int], None]
"""Called by one piece of work with (done, total)."""

Progress = Callable[[str, int, int], None]
"""Called by work of several stages with (stage, done, total)."""

Level = Literal["quiet", "bars", "stages"]
"""Nothing; bars; or bars, and a line for each stage that ends."""

SILENCE = 60.0
"""Seconds that work may last where no bar can be shown before it says how far it is."""
REDRAWN = 0.25
"""Seconds from one picture of a bar in a notebook to the next."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class _Telling:
    """What this process tells; work inside of work that is shown shows nothing of its own."""

    level: Level = "bars"
    shown: bool = False


_telling = _Telling()


@contextmanager
def told(level: Level) -> Iterator[None]:
    """Tell so much of all work in the block.

    >>> with told("quiet"), bars() as advance:
    ...     advance("survey", 5, 10)
    """
    before, _telling.level = _telling.level, level
    try:
        yield
    finally:
        _telling.level = before


def is_quiet() -> bool:
    """Whether nothing but results and errors is wanted."""
    return _telling.level == "quiet"


@contextmanager
def bars() -> Iterator[Progress]:
    """A bar for each stage of long work where a person looks, else a line a minute; nothing is left behind."""
    if _telling.shown or _telling.level == "quiet":
        yield lambda _stage, _done, _total: None
        return
    _telling.shown = True
    started: dict[str, float] = {}
    try:
        with _in_notebook() if _is_notebook() else _in_terminal() if _is_terminal() else _in_lines() as show:

            def advance(stage: str, done: int, total: int) -> None:
                started.setdefault(stage, time.perf_counter())
                show(stage, done, total)

            yield advance
    finally:
        _telling.shown = False
    if _telling.level == "stages":
        ends = [*list(started.values())[1:], time.perf_counter()]
        for (stage, start), end in zip(started.items(), ends, strict=True):
            sys.stderr.write(f"{stage}: {end - start:.1f} s\n")


def watched(stage: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function with a `progress` show how far it is where it is given none.

    Args:
        stage: what a function of one stage is called; one of several names its own.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def shown(*args: P.args, **kwargs: P.kwargs) -> R:
            if kwargs.get("progress") is not None:
                return function(*args, **kwargs)
            with bars() as advance:
                kwargs["progress"] = partial(advance, stage) if stage else advance
                return function(*args, **kwargs)

        return shown

    return decorate


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Seconds per stage, and the progress of each stage.

    Args:
        progress: called with the stage's name and how far it is; by default bars.
        seconds: filled as stages end; a stage that is entered twice adds up.
    """

    progress: Progress | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        """Time a stage; yields the function that its work calls with (done, total).

        >>> clock = Clock(progress=lambda stage, done, total: print(stage, done, total))
        >>> with clock.stage("survey") as advance:
        ...     advance(5, 10)
        survey 5 10
        >>> list(clock.seconds)
        ['survey']
        """
        started = time.perf_counter()
        if self.progress is not None:
            yield partial(self.progress, name)
        else:
            with bars() as advance:
                yield partial(advance, name)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


def part_of(advance: Advance | None, index: int, count: int) -> Advance:
    """The progress of one of several equal parts of a stage, in hundredths of a part.

    >>> second = part_of(lambda done, total: print(done, total), 1, 4)
    >>> second(10, 20)
    150 400
    """

    def report(done: int, total: int) -> None:
        if advance is not None:
            advance(100 * index + 100 * done // max(total, 1), 100 * count)

    return report


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _is_notebook() -> bool:
    """Whether the code runs in a kernel, whose results are pages."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


@contextmanager
def _in_terminal() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """How much is done in a second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.3g}/s", style="progress.data.speed")

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True), transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield show


@contextmanager
def _in_notebook() -> Iterator[Progress]:
    """One line with a bar of HTML, which is taken away in the end."""
    from IPython.display import HTML, display  # pyright: ignore[reportMissingImports]

    handle: Any = None
    drawn = -REDRAWN

    def show(stage: str, done: int, total: int) -> None:
        nonlocal handle, drawn
        if time.perf_counter() - drawn < REDRAWN:
            return
        drawn = time.perf_counter()
        page = HTML(f"{stage} <progress value='{done}' max='{total}'></progress> {done:,} of {total:,}")
        if handle is None:
            handle = display(page, display_id=True)
        else:
            handle.update(page)

    yield show
    if handle is not None:
        handle.update(HTML(""))


@contextmanager
def _in_lines() -> Iterator[Progress]:
    """A line a minute, for logs."""
    spoken = time.perf_counter()

    def show(stage: str, done: int, total: int) -> None:
        nonlocal spoken
        if time.perf_counter() - spoken >= SILENCE:
            spoken = time.perf_counter()
            sys.stderr.write(f"{stage}: {done:,} of {total:,}\n")
            sys.stderr.flush()

    yield show
