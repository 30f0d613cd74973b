"""Charts of what was measured: matrices, selectivity, how well attributes can be read.

Drawn with matplotlib's objects and the Agg canvas, never with pyplot: nothing global changes and no window opens.
Colours are told apart by people with any kind of colour vision.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ganatomy.errors import SettingError
from ganatomy.storage import atomic_write

INK, QUIET, RULE = "#26262a", "#6b6b73", "#d9d9de"
BLUE, ORANGE = "#2f6690", "#c8602a"
DIVERGING = "RdBu_r"
SEVERAL = ("#2f6690", "#c8602a", "#2b8a6e", "#8c5fa8", "#6b6b73", "#b08a1e")
MARKERS = "osD^vP"
"""Lines are told apart by colour and by the shape of their points."""

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
    axes.tick_params(which="both", length=0, labelsize=9, labelcolor=INK)
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
        prevalence: name to the share of images that have it, 0 to 1. auc: name to held-out area under the ROC curve.
    """
    names = sorted(auc, key=lambda name: -auc[name])
    figure = _figure(7.6, 1.4 + 0.25 * len(names))
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.08})
    left.barh(range(len(names)), [100 * prevalence[name] for name in names], color=BLUE, height=0.62)
    left.set_xlim(0, 100)
    left.set_xlabel("images that have it (%)", color=QUIET, fontsize=9)
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


def ranking_chart(
    values: Mapping[str, tuple[float, float, float]],
    *,
    groups: Mapping[str, str],
    title: str,
    unit: str,
    band: tuple[float, float, str] | None = None,
) -> Figure:
    """One point for each name with its interval, in the given order from the top, on a logarithmic axis.

    Args:
        values: name to (mean, low, high), all above 0. groups: name to what tells its colour and its mark.
        band: from where to where something else reaches, and what it is.
    """
    figure = _figure(7.6, 1.7 + 0.27 * len(values))
    axes = figure.add_subplot()
    names, kinds = list(values), list(dict.fromkeys(groups.values()))
    mean, low, high = np.array([values[name] for name in names], dtype=float).reshape(-1, 3).T
    if band is not None:
        axes.axvspan(band[0], band[1], color=RULE, alpha=0.7, linewidth=0, label=band[2])
    for index, kind in enumerate(kinds):
        rows = np.array([row for row, name in enumerate(names) if groups[name] == kind])
        axes.errorbar(
            mean[rows],
            rows,
            xerr=np.stack([np.maximum(mean - low, 0)[rows], np.maximum(high - mean, 0)[rows]]),
            fmt=MARKERS[index % len(MARKERS)],
            color=SEVERAL[index % len(SEVERAL)],
            elinewidth=1.4,
            markersize=5,
            label=kind,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(_plain)
    axes.xaxis.set_minor_formatter(_plain_unless_crowded(axes))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(unit, color=QUIET, fontsize=9)
    _calm(axes)
    _legend(figure, axes)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point of a line; y reaches from low to high."""

    x: float
    y: float
    low: float
    high: float


def lines_chart(
    lines: Mapping[str, Sequence[Point]],
    *,
    title: str,
    across: str,
    up: str,
    logarithmic: tuple[bool, bool] = (False, False),
    reference: tuple[float, str] | None = None,
) -> Figure:
    """Lines through points with intervals, one for each name; a point that is nowhere is left out.

    Args:
        across, up: what the axes are. logarithmic: which of the two are, across and up.
        reference: a number on the axis up and what it is.
    """
    figure = _figure(6.4, 4.2)
    axes = figure.add_subplot()
    for index, (name, points) in enumerate(lines.items()):
        x, y, low, high = (
            np.array([(p.x, p.y, p.low, p.high) for p in points if np.isfinite(p.y)]).reshape(-1, 4).T
        )
        below, above = (np.where(np.isfinite(end), np.abs(end - y), 0) for end in (low, high))
        axes.errorbar(
            x,
            y,
            yerr=np.stack([below, above]),
            fmt=f"-{MARKERS[index % len(MARKERS)]}",
            color=SEVERAL[index % len(SEVERAL)],
            linewidth=1.4,
            elinewidth=1,
            capsize=2,
            markersize=5,
            label=name,
        )
    if reference is not None:
        axes.axhline(reference[0], color=QUIET, linewidth=1, linestyle=(0, (4, 3)), label=reference[1])
    for scaled, axis, scale in zip(
        logarithmic, (axes.xaxis, axes.yaxis), (axes.set_xscale, axes.set_yscale), strict=True
    ):
        if scaled:
            scale("log")
            axis.set_major_formatter(_plain)
            axis.set_minor_formatter(_plain_unless_crowded(axes))
    if not logarithmic[1]:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if reference is None else None)
    axes.set_xlabel(across, color=QUIET, fontsize=9)
    axes.set_ylabel(up, color=QUIET, fontsize=9)
    _calm(axes)
    axes.grid(axis="y", color=RULE, linewidth=0.7)
    _legend(figure, axes)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    return figure


def save_chart(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 144) -> Path:
    """Write a chart as PNG, whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    with atomic_write(path) as part:
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
    axes.tick_params(which="both", length=0, labelsize=9, labelcolor=INK)


def _legend(figure: Figure, axes: Axes) -> None:
    """What colours and marks mean, below the chart where it hides nothing."""
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower left",
        ncols=2,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )


def _plain(value: float, _: float = 0.0) -> str:
    """A tick of a logarithmic axis without powers of ten.

    >>> _plain(0.02), _plain(1.0), _plain(300.0), _plain(100000.0)
    ('0.02', '1', '300', '1e+05')
    """
    return f"{value:.4g}"


def _plain_unless_crowded(axes: Axes) -> Callable[[float, float], str]:
    """Ticks between powers of ten: those of 2 and 5, as long as few powers are shown."""

    def tick(value: float, _: float = 0.0) -> str:
        decades = max(np.ptp(np.log10(ends)) for ends in (axes.get_xlim(), axes.get_ylim()) if min(ends) > 0)
        return _plain(value) if decades < 3 and f"{value:e}"[0] in "25" else ""

    return tick
