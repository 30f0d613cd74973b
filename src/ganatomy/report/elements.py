"""What pages are made of beside images: large figures and tables."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ganatomy.statistics.formatting import interval, number, short
from ganatomy.statistics.intervals import Estimate

T = TypeVar("T")


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


def interval_cell(estimate: Estimate, *, digits: int | None = None) -> Cell:
    """A figure with its interval.

    Args:
        estimate: the figure.
        digits: after the point; by default two that count.
    """
    text = short(estimate.value) if digits is None else number(estimate.value, digits)
    return Cell(text=text, interval=interval(estimate, digits=digits))


def made_in(seconds: Mapping[str, float]) -> str:
    """What a page took to make, for its footer.

    >>> made_in({"survey": 12.3, "measuring": 30.4})
    'Made by ganatomy in 43 seconds (survey 12 s, measuring 30 s). This page needs no network.'

    Args:
        seconds: stage to what it took.
    """
    stages = ", ".join(f"{stage} {value:.0f} s" for stage, value in seconds.items())
    total = sum(seconds.values())
    return f"Made by ganatomy in {total:.0f} seconds ({stages}). This page needs no network."


LONGEST_NAME = 80
"""Letters of a file's name; file systems take 255 bytes, and others stand around it."""


def file_name(attribute: str) -> str:
    """An attribute's name with only what any file system takes; others never share one, up to upper and lower case.

    >>> file_name("5_o_Clock_Shadow"), file_name("smiling / laughing")
    ('5_o_Clock_Shadow', 'smiling-laughing-ad9745')
    """
    plain = re.sub(r"[^\w.]+", "-", attribute, flags=re.ASCII).strip("-.")[:LONGEST_NAME]
    if plain and plain == attribute:
        return plain
    return f"{plain or 'attribute'}-{hashlib.sha256(attribute.encode('utf-8', 'replace')).hexdigest()[:6]}"


Value = Cell | Estimate | str | None
"""What a cell can be made from."""


def table(
    title: str,
    *,
    caption: str,
    first: str,
    rows: Iterable[T],
    columns: Mapping[str, Callable[[T], Value] | Mapping[T, Value]],
    name: Callable[[T], str] = str,
    marked: Callable[[T], bool] | None = None,
    words: Iterable[str] = (),
    stacked: bool = False,
) -> Table:
    """A table from its columns: an estimate is written with its interval, and a dash where there is nothing.

    >>> table("Squares", caption="", first="n", rows=[1, 2], columns={"square": lambda n: f"{n * n}"}).rows[1].cells
    [Cell(text='4', interval='')]

    Args:
        title: read out where the caption is not seen.
        caption: above the table.
        first: heads the column of names.
        rows: what the columns are about.
        columns: heading to what stands there, a function of the row or a mapping from it.
        name: of a row.
        marked: whether a row stands out; by default none does.
        words: headings of columns that hold text.
        stacked: whether intervals stand below their figures.
    """
    headings = list(columns)
    writers = [column.get if isinstance(column, Mapping) else column for column in columns.values()]
    return Table(
        title=title,
        caption=caption,
        first=first,
        headings=headings,
        rows=[
            Row(
                name=name(row),
                cells=[_cell(write(row)) for write in writers],
                marked=marked is not None and marked(row),
            )
            for row in rows
        ],
        words=[headings.index(heading) for heading in words],
        stacked=stacked,
    )


def _cell(value: Value) -> Cell:
    if isinstance(value, Estimate):
        return interval_cell(value)
    return value if isinstance(value, Cell) else Cell(text="–" if value is None else value)
