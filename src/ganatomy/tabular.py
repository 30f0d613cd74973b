"""Results as tables: what a notebook shows of them, what a data frame and a spreadsheet get."""

from __future__ import annotations

import csv
import html
import io
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganatomy.errors import SettingError
from ganatomy.writing import atomic_write

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 12
"""Rows, and columns, that a notebook shows of a table; what lies between is left out."""

Entry = str | float | int | bool | None
Column = Sequence[Entry] | np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """Columns of equal length with their names, in order.

    Args:
        title: one line about all of it.
        columns: name to one cell for each row, in lists or arrays; numbers that are not finite stand for nothing.

    Example:
        >>> print(Frame(title="two", columns={"name": ["a", "b"], "size": [1, 0.5]}).csv())
        name,size
        a,1
        b,0.5
        <BLANKLINE>
    """

    title: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @property
    def rows(self) -> list[tuple[Entry, ...]]:
        """The cells of each row."""
        return list(zip(*map(_entries, self.columns.values()), strict=True))

    def csv(self) -> str:
        """The table as CSV; nothing stands for numbers that are not finite."""
        file = io.StringIO()
        out = csv.writer(file, lineterminator="\n")
        out.writerow(self.columns)
        out.writerows(["" if _is_nothing(cell) else cell for cell in row] for row in self.rows)
        return file.getvalue()

    def html(self) -> str:
        """The title and a small table: of a long or wide one the first and last rows and columns."""
        # Only what is shown is read: a table of codes may have millions of rows.
        names = list(self.columns)
        shown = [None if place is None else names[place] for place in _ends(len(names))]
        columns = [None if name is None else self.columns[name] for name in shown]
        head = "".join(f"<th>{'…' if name is None else html.escape(name)}</th>" for name in shown)
        body = "".join(
            "<tr>" + "".join(f"<td>{_html_text(column, row)}</td>" for column in columns) + "</tr>"
            for row in _ends(len(self))
        )
        return f"<p>{html.escape(self.title)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Tabular(ABC):
    """What can be shown and written as a table; in a prompt it is one line."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep dataclasses from printing every number of their tensors."""
        super().__init_subclass__(**kwargs)
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Tabular.__repr__

    @abstractmethod
    def frame(self) -> Frame:
        """The result as columns: arrays where there are many rows, of which a notebook shows few."""

    def shown(self) -> Frame:
        """What a notebook shows of it; the same, where that is small."""
        return self.frame()

    def to_pandas(self) -> pd.DataFrame:
        """The table as a data frame.

        Raises:
            SettingError: where pandas is not installed.

        Example::

            ga.regression(survey).to_pandas().sort_values("auc")
        """
        try:
            import pandas as pd
        except ImportError:
            raise SettingError(
                "data frames need pandas, which is not installed: pip install pandas; to_csv needs nothing"
            ) from None
        return pd.DataFrame({name: _entries(cells) for name, cells in self.frame().columns.items()})

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the table as CSV, numbers that are not finite as nothing.

        Returns:
            The path.

        Raises:
            OutputError: when the file cannot be written.
        """
        with atomic_write(path) as part:
            part.write_text(self.frame().csv(), encoding="utf-8")
        return Path(path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.shown().title}>"

    def _repr_html_(self) -> str:
        return self.shown().html()


def _is_nothing(cell: Entry) -> bool:
    return cell is None or (isinstance(cell, float) and not math.isfinite(cell))


def _ends(count: int) -> list[int | None]:
    """The places that are shown of so many; None stands between the first and the last."""
    half = SHOWN // 2
    return list(range(count)) if count <= SHOWN else [*range(half), None, *range(count - half, count)]


def _entries(column: Column) -> list[Entry]:
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def _html_text(column: Column | None, row: int | None) -> str:
    if column is None or row is None:
        return "…"
    cell = column[row].item() if isinstance(column, np.ndarray) else column[row]
    if _is_nothing(cell):
        return ""
    return html.escape(f"{cell:.4g}" if isinstance(cell, float) else str(cell))
