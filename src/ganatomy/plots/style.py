"""What all charts share: colours, an empty figure, quiet axes, and the refusal of what cannot be drawn.

Charts are made of matplotlib's objects with the Agg canvas, never with pyplot: nothing global changes and no window
opens. Colours are told apart by people with any kind of colour vision.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from ganatomy.errors import SettingError

INK, QUIET, RULE = "#26262a", "#6b6b73", "#d9d9de"
BLUE, ORANGE = "#2f6690", "#c8602a"
DIVERGING = "RdBu_r"
SEVERAL = ("#2f6690", "#c8602a", "#2b8a6e", "#8c5fa8", "#6b6b73", "#b08a1e")
MARKERS = "osD^vP"
"""Lines differ in colour and in the shape of their points."""

DASHED = (0, (4, 3))


def new_figure(width: float, height: float, *, title: str = "") -> Figure:
    """An empty figure of this size in inches, with a title at the top left."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure


def calm(axes: Axes, *, grid: Literal["x", "y", "both"] | None = "x", size: float = 9) -> None:
    """Leave only what is read: names, numbers, and a thin grid behind."""
    axes.spines[:].set_visible(False)
    if grid is not None:
        axes.grid(axis=grid, color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, labelsize=size, labelcolor=INK)


def legend(figure: Figure, axes: Axes, *, columns: int = 2) -> None:
    """What colours and markers mean, below the chart where it hides nothing."""
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower left",
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )


def color_bar(figure: Figure, mesh: ScalarMappable, axes: Axes, *, unit: str, shrink: float) -> Colorbar:
    """The scale of a matrix or a map beside it."""
    bar = figure.colorbar(mesh, ax=axes, shrink=min(1.0, shrink), pad=0.03, aspect=18)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(length=0, labelsize=8.5, labelcolor=QUIET)
    bar.set_label(unit, color=QUIET, fontsize=9)
    return bar


def drawable(values: Iterable[float] | np.ndarray, *, title: str, logarithmic: bool = False) -> np.ndarray:
    """Which numbers have a place on an axis: the finite ones, and those above 0 on a logarithmic one.

    Raises:
        SettingError: when none has.
    """
    values = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=float)
    can = np.isfinite(values)
    if logarithmic:
        can &= np.where(can, values, 0) > 0
    if not can.any():
        if not values.size:
            why = "there are no values"
        elif logarithmic:
            why = f"none of {values.size} values is a number above 0, as a logarithmic axis needs"
        else:
            why = f"none of {values.size} values is a finite number"
        raise SettingError(f"the chart “{title}” cannot be drawn: {why}")
    return can
