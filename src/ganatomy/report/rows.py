"""Rows of numbers as a CSV file, for spreadsheets and data frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ganatomy.statistics.intervals import Estimate
from ganatomy.tabular import Entry, Frame
from ganatomy.writing import atomic_write

ENDS = ("", "_low", "_high")
"""What is added to the name of a figure for its value and the ends of its interval."""


def write_rows(headings: Sequence[str], rows: Iterable[Sequence[Entry]], path: Path) -> None:
    """Write a CSV file; numbers that are not finite stay empty.

    Args:
        headings: of the columns.
        rows: one for each line.
        path: of the file.
    """
    columns = zip(*rows, strict=True)
    with atomic_write(path) as part:
        part.write_text(
            Frame(title="", columns=dict(zip(headings, columns, strict=True))).csv(), encoding="utf-8"
        )


def interval_headings(*names: str) -> list[str]:
    """The columns of figures with intervals: the value and both ends of each.

    >>> interval_headings("auc")
    ['auc', 'auc_low', 'auc_high']
    """
    return [f"{name}{end}" for name in names for end in ENDS]


def interval_values(*figures: Estimate | None) -> list[float | None]:
    """The values of such columns; a figure that was not measured leaves them empty."""
    return [
        value
        for figure in figures
        for value in ((None,) * 3 if figure is None else (figure.value, figure.low, figure.high))
    ]
