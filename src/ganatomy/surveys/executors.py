"""Who makes the rows of a survey: this process, unless another executor is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Generator as Making

from ganatomy.surveys.rows import Rows, RowSource

Task = tuple[int, int]
"""The first row, and the row after the last, of work that is done at once; they are of one block."""

Executor = Callable[[RowSource, Iterable[Task]], Making[Rows, None, None]]
"""Makes the rows of tasks, in the order of the tasks; when what it returns is closed, its workers end.

Whatever it is, the rows are those that `RowSource.make` gives.
"""


def here(source: RowSource, tasks: Iterable[Task]) -> Making[Rows, None, None]:
    """In this process, batch by batch."""
    for start, stop in tasks:
        yield from source.make(start, stop)
