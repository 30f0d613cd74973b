"""Two symmetric matrices in one square, below and above the diagonal: the two cells of a pair mirror each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ganatomy.errors import SettingError
from ganatomy.plots.charts import DIVERGING, FEW, INK, QUIET, RULE

SHORT = 3
"""Names of up to this many letters stand upright above their columns."""


def halves_chart(
    below: np.ndarray,
    above: np.ndarray,
    *,
    names: Sequence[str],
    labels: tuple[str, str],
    title: str,
    unit: str,
    limit: float | None = None,
    marks: Sequence[int] = (),
    shade: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> Figure:
    """A square of signed numbers, red above zero and blue below; of few names, the numbers stand in the cells.

    Args:
        below, above: symmetric matrices of these names; their diagonals are not shown.
        labels: what stands below, and what above. unit: what a number is, written at the colour bar.
        limit: the number at which colours are strongest; by default the largest absolute one.
        marks: names that stand out.
        shade: what a colour is of a number, odd and rising; the bar still counts numbers.
    """
    below, above = (np.asarray(values, dtype=float) for values in (below, above))
    k = len(names)
    if below.shape != (k, k) or above.shape != (k, k):
        raise SettingError(f"{k} names do not name matrices of {below.shape} and {above.shape}")
    square = np.where(np.tri(k, dtype=bool), below, above)
    np.fill_diagonal(square, np.nan)
    limit = limit or float(np.nanmax(np.abs(square), initial=0.0)) or 1.0
    cell, size = (0.52, 9.0) if k <= FEW else (0.2, 7.5)
    side = 0.085 * size / 9 * max(map(len, names))
    split = labels[0] != labels[1]
    figure = Figure(
        figsize=(1.5 + side + cell * k, 0.75 + 0.35 * split + side + cell * k),
        layout="constrained",
        facecolor="white",
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    top = float(shade(np.array(limit)))
    mesh = axes.imshow(shade(square), cmap=DIVERGING, vmin=-top, vmax=top, aspect="equal")
    for at in range(k):
        axes.add_patch(Rectangle((at - 0.5, at - 0.5), 1, 1, facecolor=RULE, edgecolor="none"))
    axes.set_xticks(range(k), names, rotation=90 if max(map(len, names)) > SHORT else 0)
    axes.set_yticks(range(k), names)
    axes.xaxis.tick_top()
    axes.tick_params(which="both", length=0, labelsize=size, labelcolor=INK)
    for tick in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        tick.set_fontweight("bold" if tick.get_text() in {names[at] for at in marks} else "normal")
    axes.spines[:].set_visible(False)
    if k <= FEW:
        for i, j in np.argwhere(np.isfinite(square)).tolist():
            dark = abs(float(shade(square[i, j]))) > 0.6 * top
            axes.text(
                j,
                i,
                _signed(square[i, j]),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else INK,
            )
    if split:
        axes.set_xlabel(
            f"◣ below the diagonal: {labels[0]}     ◥ above it: {labels[1]}", color=INK, fontsize=10
        )
    bar = figure.colorbar(mesh, ax=axes, shrink=min(1.0, 3.2 / (cell * k)), pad=0.02, aspect=18)
    ticks = np.array([-1, -0.8, -0.5, 0, 0.5, 0.8, 1]) * limit
    bar.set_ticks(shade(ticks).tolist(), labels=[_signed(tick) for tick in ticks])
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(labelsize=8.5, color=RULE, labelcolor=QUIET)
    bar.set_label(unit, color=QUIET, fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure


def _signed(value: float) -> str:
    """Two digits after the point, and a sign where there is something to sign.

    >>> _signed(-0.214), _signed(0.07), _signed(-0.001)
    ('−0.21', '+0.07', '0.00')
    """
    text = f"{value:+.2f}".replace("-", "−")
    return text if float(text[1:]) else text[1:]


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
