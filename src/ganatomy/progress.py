"""How long work reports how far it is, and what each of its stages took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Advance = Callable[[int, int], None]
"""Called by one piece of work with (done, total)."""

Progress = Callable[[str, int, int], None]
"""Called by work of several stages with (stage, done, total)."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Seconds per stage, and the progress of each stage.

    Args:
        progress: called with the stage's name and how far it is; None reports nothing.
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
        yield lambda done, total: self.progress(name, done, total) if self.progress else None
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
