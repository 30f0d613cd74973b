"""Matrices of signed numbers in colours, whole or as two symmetric halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ganatomy.errors import SettingError
from ganatomy.plots.style import DIVERGING, INK, RULE, color_bar, drawable, new_figure
from ganatomy.statistics.formatting import signed

FEW = 14
"""Up to this many rows and columns, a matrix has its numbers written into the cells."""

SHORT = 3
"""Names of up to this many letters stand upright above their columns."""


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
        values: the matrix; a cell that is not a number stays empty.
        rows: name of each row.
        columns: name of each column.
        title: of the chart.
        unit: what a number is, written at the colour bar.
        limit: the number at which colours are strongest; by default the largest absolute one.

    Raises:
        SettingError: when the names do not fit the matrix, or no number is finite.
    """
    values = np.asarray(values, dtype=float)
    if values.shape != (len(rows), len(columns)):
        raise SettingError(
            f"{len(rows)} rows and {len(columns)} columns do not name a matrix of {values.shape}"
        )
    limit = limit or _largest(values, title)
    cell = 0.62 if max(values.shape) <= FEW else 0.3
    side = 0.085 * max(map(len, [*rows, *columns]))
    figure = new_figure(2.0 + side + cell * len(columns), 1.6 + side + cell * len(rows), title=title)
    axes = figure.add_subplot()
    mesh = axes.imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="equal")
    _name(axes, rows, columns)
    for label in axes.get_xticklabels():
        label.set(rotation=60, ha="left", rotation_mode="anchor")
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if row == column:
                axes.add_patch(
                    Rectangle(
                        (j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=1.3, clip_on=False
                    )
                )
    if max(values.shape) <= FEW:
        _write_numbers(axes, values, values / limit, size=8.5)
    color_bar(figure, mesh, axes, unit=unit, shrink=3.2 / (cell * len(rows)))
    return figure


def halves_chart(
    below: np.ndarray,
    above: np.ndarray,
    *,
    names: Sequence[str],
    labels: tuple[str, str],
    title: str,
    unit: str,
    limit: float | None = None,
    bold: Sequence[int] = (),
    shade: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> Figure:
    """Two symmetric matrices in one square, red above zero and blue below: the two cells of a pair mirror each other.

    Args:
        below: the matrix that stands below the diagonal.
        above: the matrix that stands above it; neither diagonal is shown.
        names: of the rows, and of the columns.
        labels: what stands below, and what above.
        title: of the chart.
        unit: what a number is, written at the colour bar.
        limit: the number at which colours are strongest; by default the largest absolute one.
        bold: indices of names in bold.
        shade: what a colour is of a number, odd and rising; the bar still counts numbers.

    Raises:
        SettingError: when the names do not fit the matrices, or no number off the diagonal is finite.
    """
    below, above = (np.asarray(values, dtype=float) for values in (below, above))
    k = len(names)
    if below.shape != (k, k) or above.shape != (k, k):
        raise SettingError(f"{k} names do not name matrices of {below.shape} and {above.shape}")
    square = np.where(np.tri(k, dtype=bool), below, above)
    np.fill_diagonal(square, np.nan)
    limit = limit or _largest(square, title)
    cell, size = (0.52, 9.0) if k <= FEW else (0.2, 7.5)
    side = 0.085 * size / 9 * max(map(len, names))
    split = labels[0] != labels[1]
    figure = new_figure(1.5 + side + cell * k, 0.75 + 0.35 * split + side + cell * k, title=title)
    axes = figure.add_subplot()
    top = float(shade(np.array(limit)))
    mesh = axes.imshow(shade(square), cmap=DIVERGING, vmin=-top, vmax=top, aspect="equal")
    for at in range(k):
        axes.add_patch(Rectangle((at - 0.5, at - 0.5), 1, 1, facecolor=RULE, edgecolor="none"))
    _name(axes, names, names, size=size)
    for at, (column, row) in enumerate(zip(axes.get_xticklabels(), axes.get_yticklabels(), strict=True)):
        column.set_rotation(90 if max(map(len, names)) > SHORT else 0)
        for label in (column, row):
            label.set_fontweight("bold" if at in bold else "normal")
    if k <= FEW:
        _write_numbers(axes, square, shade(square) / top, size=8)
    if split:
        axes.set_xlabel(
            f"◣ below the diagonal: {labels[0]}     ◥ above it: {labels[1]}", color=INK, fontsize=10
        )
    bar = color_bar(figure, mesh, axes, unit=unit, shrink=3.2 / (cell * k))
    ticks = np.array([-1, -0.8, -0.5, 0, 0.5, 0.8, 1]) * limit
    bar.set_ticks(shade(ticks).tolist(), labels=[signed(tick) for tick in ticks])
    return figure


def by_likeness(matrix: np.ndarray) -> list[int]:
    """An order in which what correlates stands together (average linkage of 1 - |r|, leaves in their best order)."""
    from scipy.cluster import hierarchy  # a third of a second, which every chart would pay for
    from scipy.spatial.distance import squareform

    away = 1 - np.abs(np.nan_to_num(np.asarray(matrix, dtype=float)))
    away = np.clip((away + away.T) / 2, 0, 1)
    np.fill_diagonal(away, 0.0)
    if len(away) < 3:
        return list(range(len(away)))
    tree = hierarchy.linkage(squareform(away, checks=False), "average", optimal_ordering=True)
    return hierarchy.leaves_list(tree).tolist()


def _largest(values: np.ndarray, title: str) -> float:
    """The largest absolute number, 1 where all are 0."""
    return float(np.abs(values[drawable(values, title=title)]).max()) or 1.0


def _name(axes: Axes, rows: Sequence[str], columns: Sequence[str], *, size: float = 9) -> None:
    """Names at the left and above."""
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.xaxis.tick_top()
    axes.tick_params(which="both", length=0, labelsize=size, labelcolor=INK)
    axes.spines[:].set_visible(False)


def _write_numbers(axes: Axes, values: np.ndarray, shades: np.ndarray, *, size: float) -> None:
    """Each number in its cell, in white where its shade, from -1 to 1, is dark."""
    for i, j in np.argwhere(np.isfinite(values)).tolist():
        color = "white" if abs(shades[i, j]) > 0.6 else INK
        axes.text(j, i, signed(values[i, j]), ha="center", va="center", fontsize=size, color=color)
