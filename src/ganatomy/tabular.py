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

from ganatomy.errors import SettingError
from ganatomy.writing import atomic_write

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 12
"""Rows, and columns, that a notebook shows of a table; what lies between is left out."""

Entry = str | float | int | bool | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """Columns of equal length with their names, in order.

    Args:
        title: one line about all of it.
        columns: name to one cell for each row; numbers that are not finite stand for nothing.

    Example:
        >>> print(Frame(title="two", columns={"name": ["a", "b"], "size": [1, 0.5]}).csv())
        name,size
        a,1
        b,0.5
        <BLANKLINE>
    """

    title: str
    columns: Mapping[str, Sequence[Entry]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @property
    def rows(self) -> list[tuple[Entry, ...]]:
        """The cells of each row."""
        return list(zip(*self.columns.values(), strict=True))

    def csv(self) -> str:
        """The table as CSV; nothing stands for numbers that are not finite."""
        file = io.StringIO()
        out = csv.writer(file, lineterminator="\n")
        out.writerow(self.columns)
        out.writerows(["" if _is_nothing(cell) else cell for cell in row] for row in self.rows)
        return file.getvalue()

    def html(self) -> str:
        """The title and a small table: of a long or wide one the first and last rows and columns."""
        names, rows = list(self.columns), self.rows
        columns = _ends(len(names))
        head = "".join(f"<th>{'…' if c is None else html.escape(names[c])}</th>" for c in columns)
        body = "".join(
            f"<tr>{_html_row(None if r is None else rows[r], columns)}</tr>" for r in _ends(len(rows))
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
        """The result as columns."""

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
        return pd.DataFrame({name: list(cells) for name, cells in self.frame().columns.items()})

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


def _html_row(row: tuple[Entry, ...] | None, columns: Sequence[int | None]) -> str:
    return "".join(f"<td>{'…' if row is None or c is None else _html_text(row[c])}</td>" for c in columns)


def _html_text(cell: Entry) -> str:
    if _is_nothing(cell):
        return ""
    return html.escape(f"{cell:.4g}" if isinstance(cell, float) else str(cell))
