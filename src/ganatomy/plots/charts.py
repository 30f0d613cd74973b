"""Charts of what was measured: matrices, selectivity, how well attributes can be read.

Drawn with matplotlib's objects and the Agg canvas, never with pyplot: nothing global changes and no window opens.
Colours are told apart by people with any kind of colour vision.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ganatomy.errors import SettingError
from ganatomy.storage import written_whole

INK, QUIET, RULE = "#26262a", "#6b6b73", "#d9d9de"
BLUE, ORANGE = "#2f6690", "#c8602a"
DIVERGING = "RdBu_r"
FEW = 14
"""Up to this many rows and columns, a matrix has its numbers written into the cells."""


def matrix_chart(
    values: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    unit: str,
    limit: float | None = None,
) -> Figure:
    """A matrix of signed numbers, red above zero and blue below; a cell whose row and column share a name is outlined.

    Args:
        unit: what a number is, written at the colour bar.
        limit: the number at which colours are strongest; by default the largest absolute one.
    """
    values = np.asarray(values, dtype=float)
    if values.shape != (len(rows), len(columns)):
        raise SettingError(
            f"{len(rows)} rows and {len(columns)} columns do not name a matrix of {values.shape}"
        )
    limit = limit or float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    cell = 0.62 if max(values.shape) <= FEW else 0.3
    side = 0.085 * max(map(len, [*rows, *columns]))
    figure = _figure(2.0 + side + cell * len(columns), 1.6 + side + cell * len(rows))
    axes = figure.add_subplot()
    mesh = axes.imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="equal")
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=9, labelcolor=INK)
    axes.spines[:].set_visible(False)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if row == column:
                axes.add_patch(
                    Rectangle(
                        (j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=1.3, clip_on=False
                    )
                )
            if max(values.shape) <= FEW and np.isfinite(values[i, j]):
                dark = abs(values[i, j]) > 0.6 * limit
                text = f"{values[i, j]:+.2f}".replace("-", "−")
                axes.text(j, i, text, ha="center", va="center", fontsize=8.5, color="white" if dark else INK)
    bar = figure.colorbar(mesh, ax=axes, shrink=min(1.0, 3.2 / (cell * len(rows))), pad=0.03, aspect=18)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(labelsize=8.5, color=RULE, labelcolor=QUIET)
    bar.set_label(unit, color=QUIET, fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure


def interval_chart(
    values: Mapping[str, tuple[float, float, float]],
    *,
    title: str,
    unit: str,
    highlight: str | None = None,
    reference: tuple[float, str] | None = None,
) -> Figure:
    """One bar for each name with its interval, in the given order from the top.

    Args:
        values: name to (mean, low, high). highlight: the name whose bar stands out.
        reference: a number to compare with and what it is, drawn as a line.
    """
    figure = _figure(7.6, 1.3 + 0.42 * len(values))
    axes = figure.add_subplot()
    names = list(values)
    mean, low, high = np.array([values[name] for name in names], dtype=float).reshape(-1, 3).T
    colours = [ORANGE if name == highlight else BLUE for name in names]
    axes.barh(range(len(names)), mean, color=colours, height=0.62)
    reach = np.stack([np.maximum(mean - low, 0), np.maximum(high - mean, 0)])
    axes.errorbar(mean, range(len(names)), xerr=reach, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    right = float(np.nanmax(high, initial=1e-9))
    for index, (number, end) in enumerate(zip(mean, high, strict=True)):
        if np.isfinite(number):
            axes.text(end + 0.015 * right, index, f"{number:.2f}", va="center", fontsize=9, color=INK)
    if reference is not None:
        right = max(right, reference[0])
        axes.axvline(reference[0], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            reference[1], (reference[0], -0.75), fontsize=8.5, color=QUIET, ha="center", va="bottom"
        )
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.1 * right)
    axes.set_ylim(len(names) - 0.4, -0.8 if reference else -0.6)
    axes.set_xlabel(unit, color=QUIET, fontsize=9)
    _calm(axes)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure


def attributes_chart(prevalence: Mapping[str, float], auc: Mapping[str, float], *, title: str) -> Figure:
    """How common each attribute is and how well a direction tells its codes apart, best first.

    Args:
        prevalence: name to the share of pictures that have it, 0 to 1. auc: name to held-out area under the ROC curve.
    """
    names = sorted(auc, key=lambda name: -auc[name])
    figure = _figure(7.6, 1.4 + 0.25 * len(names))
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.08})
    left.barh(range(len(names)), [100 * prevalence[name] for name in names], color=BLUE, height=0.62)
    left.set_xlim(0, 100)
    left.set_xlabel("pictures that have it (%)", color=QUIET, fontsize=9)
    left.set_yticks(range(len(names)), names)
    left.set_ylim(len(names) - 0.4, -0.6)
    right.hlines(range(len(names)), 0.5, [auc[name] for name in names], color=RULE, linewidth=1.4)
    right.plot([auc[name] for name in names], range(len(names)), "o", color=ORANGE, markersize=5)
    right.set_xlim(0.5, 1.01)
    right.set_xlabel("held-out AUC (0.5 is chance)", color=QUIET, fontsize=9)
    for axes in (left, right):
        _calm(axes)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure


def save_chart(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 144) -> Path:
    """Write a chart as PNG, whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    with written_whole(path) as part:
        figure.savefig(part, format="png", dpi=dpi, facecolor="white")
    return Path(path)


def _figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches that belongs to nobody else."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _calm(axes: Axes) -> None:
    """Leave only what is read: names, numbers, and a thin grid behind."""
    axes.spines[:].set_visible(False)
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9, labelcolor=INK)
