"""Rows of numbers as a CSV file, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from ganatomy.statistics.intervals import Estimate

ENDS = ("", "_low", "_high")
"""What is added to the name of a figure for its value and the ends of its interval."""


def write_rows(headings: Sequence[str], rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write a CSV file; numbers that are not finite stay empty.

    Args:
        headings: of the columns.
        rows: one for each line.
        path: of the file.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(headings)
        for row in rows:
            out.writerow(
                "" if value is None or (isinstance(value, float) and not math.isfinite(value)) else value
                for value in row
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
