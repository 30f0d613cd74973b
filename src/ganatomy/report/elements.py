"""What pages are made of beside pictures: large figures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganatomy.estimates import Estimate
from ganatomy.report.wording import short


@dataclass(frozen=True, kw_only=True)
class Number:
    """A figure that stands large at the top, and what it counts."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table."""

    text: str
    interval: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table; a marked one stands out."""

    name: str
    cells: Sequence[Cell]
    marked: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its caption; `first` heads the column of names, `words` are the columns that hold text.

    Args:
        stacked: intervals stand below their figures, where there are too many columns for both in a row.
    """

    title: str
    caption: str
    first: str
    headings: Sequence[str]
    rows: Sequence[Row]
    words: Sequence[int] = ()
    stacked: bool = False


def interval_cell(estimate: Estimate) -> Cell:
    """A figure with its interval."""
    return Cell(text=short(estimate.value), interval=f"{short(estimate.low)} to {short(estimate.high)}")
