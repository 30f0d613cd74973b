"""What all measures share: results with units and the better direction."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ganatomy.statistics.intervals import Estimate, rounded
from ganatomy.tabular import Entry, Frame, Tabular

BETTER = {True: "higher is better", False: "lower is better", None: "neither is better"}


@dataclass(frozen=True)
class MeasuredValue:
    """One figure of a result: a value with its interval and unit.

    Args:
        estimate: with its 95 % interval, whose ends are nan where it has none.
        higher_is_better: None where neither is.
    """

    estimate: Estimate
    unit: str
    higher_is_better: bool | None

    def __str__(self) -> str:
        number = rounded(self.estimate.value, 3) if math.isnan(self.estimate.low) else str(self.estimate)
        return f"{number} {self.unit}"


class Result(Tabular):
    """What a measure found: every result is a frozen dataclass that prints itself."""

    unit: ClassVar[str]
    higher_is_better: ClassVar[bool | None]

    def __init_subclass__(cls, *, unit: str = "", higher_is_better: bool | None = None) -> None:
        """What every measure names with its class.

        Args:
            unit: of the main figure; a class without one is a base of others.
            higher_is_better: of the main figure; None where neither is.
        """
        super().__init_subclass__()
        if unit:
            cls.unit, cls.higher_is_better = unit, higher_is_better

    @property
    @abstractmethod
    def figures(self) -> dict[str, MeasuredValue]:
        """All figures by name, the main one first."""

    def frame(self) -> Frame:
        """A row for each figure: value, interval and unit."""
        figures = self.figures
        name, main = next(iter(figures.items()))
        return Frame(
            title=f"{name} {main}",
            columns={"figure": list(figures), **figure_columns(figures.values())},
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know to compare these figures with others."""
        return ()

    @property
    def verdict(self) -> str:
        """Whether higher or lower is better, in words."""
        return BETTER[self.higher_is_better]

    def _figures(self, **estimates: Estimate) -> dict[str, MeasuredValue]:
        """Estimates in the main unit as figures; underscores in their names become spaces."""
        return {
            name.replace("_", " "): MeasuredValue(it, self.unit, self.higher_is_better)
            for name, it in estimates.items()
        }


def figure_columns(figures: Iterable[MeasuredValue]) -> dict[str, Sequence[Entry]]:
    """Value, both ends of the interval, unit, and which way is better, as columns."""
    figures = list(figures)
    return {
        "value": [figure.estimate.value for figure in figures],
        "low": [figure.estimate.low for figure in figures],
        "high": [figure.estimate.high for figure in figures],
        "unit": [figure.unit for figure in figures],
        "better": [BETTER[figure.higher_is_better] for figure in figures],
    }


def certain(value: float) -> Estimate:
    """A figure that has no interval."""
    return Estimate(value=value, low=math.nan, high=math.nan)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Rows of a table, the first column aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if place == 0 else cell.rjust(w)
            for place, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
