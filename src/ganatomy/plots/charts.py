"""Charts of what was measured: intervals, rankings, lines, and how well attributes can be read.

What has no place on an axis (not a number; 0 or less on a logarithmic axis) is left out and everything else is drawn;
a chart of nothing is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganatomy.plots.style import (
    BLUE,
    DASHED,
    INK,
    MARKERS,
    ORANGE,
    QUIET,
    RULE,
    SEVERAL,
    calm,
    drawable,
    legend,
    new_figure,
)
from ganatomy.statistics.formatting import short
from ganatomy.statistics.intervals import Estimate
from ganatomy.writing import atomic_write

MOST_AWAY = 1000.0
"""The end of an interval that is this many times smaller or larger than every number lies beyond a logarithmic axis."""


def interval_chart(
    values: Mapping[str, Estimate],
    *,
    title: str,
    unit: str,
    highlight: str | None = None,
    reference: tuple[float, str] | None = None,
) -> Figure:
    """One bar for each name with its interval, in the given order from the top.

    Args:
        values: name to its number.
        title: of the chart.
        unit: what a number is.
        highlight: the name whose bar stands out.
        reference: a number to compare with and what it is, drawn as a line.

    Raises:
        SettingError: when no number is finite.
    """
    names = list(values)
    shown = drawable((it.value for it in values.values()), title=title)
    mean, low, high = _ends(list(values.values()))
    figure = new_figure(7.6, 1.3 + 0.42 * len(values), title=title)
    axes = figure.add_subplot()
    rows = np.flatnonzero(shown)
    colours = [ORANGE if names[row] == highlight else BLUE for row in rows]
    axes.barh(rows, mean[rows], color=colours, height=0.62)
    reach = np.stack([mean - low, high - mean])[:, rows]
    axes.errorbar(mean[rows], rows, xerr=reach, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    left, right = min(0.0, low[rows].min()), max(0.0, high[rows].max())
    if reference is not None and np.isfinite(reference[0]):
        left, right = min(left, reference[0]), max(right, reference[0])
        axes.axvline(reference[0], color=QUIET, linewidth=1, linestyle=DASHED)
        axes.annotate(
            reference[1],
            (reference[0], 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=8.5,
            color=QUIET,
            ha="center",
            va="bottom",
        )
    span = (right - left) or 1.0
    for row, it in enumerate(values.values()):
        text = f"{it.value:.2f}".replace("-", "−") if shown[row] else short(it.value)
        end = max(0.0, high[row]) if shown[row] else 0.0
        axes.text(end + 0.015 * span, row, text, va="center", fontsize=9, color=INK if shown[row] else QUIET)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(left - 0.1 * span if left < 0 else 0, right + 0.1 * span)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(unit, color=QUIET, fontsize=9)
    calm(axes)
    return figure


def attributes_chart(prevalence: Mapping[str, float], auc: Mapping[str, float], *, title: str) -> Figure:
    """How common each attribute is and how well a direction separates its codes, best first.

    Args:
        prevalence: name to the share of images that have it, 0 to 1.
        auc: name to held-out area under the ROC curve.
        title: of the chart.

    Raises:
        SettingError: when no area is finite.
    """
    shown = dict(zip(auc, drawable(auc.values(), title=title), strict=True))
    names = sorted(auc, key=lambda name: (not shown[name], -auc[name] if shown[name] else 0.0))
    figure = new_figure(7.6, 1.4 + 0.25 * len(names), title=title)
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.08})
    left.barh(range(len(names)), [100 * prevalence[name] for name in names], color=BLUE, height=0.62)
    left.set_xlim(0, 100)
    left.set_xlabel("images that have it (%)", color=QUIET, fontsize=9)
    left.set_yticks(range(len(names)), names)
    left.set_ylim(len(names) - 0.4, -0.6)
    areas = [auc[name] for name in names if shown[name]]
    right.hlines(range(len(areas)), 0.5, areas, color=RULE, linewidth=1.4)
    right.plot(areas, range(len(areas)), "o", color=ORANGE, markersize=5)
    right.set_xlim(min(0.5, min(areas) - 0.01), 1.01)
    right.set_xlabel("held-out AUC (0.5 is chance)", color=QUIET, fontsize=9)
    for axes in (left, right):
        calm(axes)
    return figure


def ranking_chart(
    values: Mapping[str, Estimate],
    *,
    groups: Mapping[str, str],
    title: str,
    unit: str,
    band: tuple[float, float, str] | None = None,
) -> Figure:
    """One point for each name with its interval, in the given order from the top, on a logarithmic axis.

    A number that has no place on the axis is written at its left end.

    Args:
        values: name to its number.
        groups: name to the group that decides its colour and its marker.
        title: of the chart.
        unit: what a number is.
        band: from where to where something else reaches, and what it is.

    Raises:
        SettingError: when no number is above 0.
    """
    names, kinds = list(values), list(dict.fromkeys(groups.values()))
    shown = drawable((it.value for it in values.values()), title=title, logarithmic=True)
    mean, low, high = _ends(list(values.values()))
    band = band if band is not None and 0 < band[1] < np.inf else None
    starts, ends = [low[shown & (low > 0)], mean[shown]], [high[shown]]
    if band is not None:
        starts.append(np.array([band[0] if band[0] > 0 else band[1] / 2]))
        ends.append(np.array([band[1]]))
    left = max(0.8 * np.concatenate(starts).min(), mean[shown].min() / MOST_AWAY)
    right = min(1.25 * np.concatenate(ends).max(), mean[shown].max() * MOST_AWAY)
    figure = new_figure(7.6, 1.7 + 0.27 * len(values), title=title)
    axes = figure.add_subplot()
    if band is not None:
        start, end = np.clip(band[:2], left, right)
        axes.axvspan(start, end, color=RULE, alpha=0.7, linewidth=0, label=band[2])
    for index, kind in enumerate(kinds):
        rows = np.flatnonzero(shown & np.array([groups[name] == kind for name in names]))
        if not len(rows):
            continue
        axes.errorbar(
            mean[rows],
            rows,
            xerr=np.stack([mean - np.maximum(low, left), high - mean])[:, rows],
            fmt=MARKERS[index % len(MARKERS)],
            color=SEVERAL[index % len(SEVERAL)],
            elinewidth=1.4,
            markersize=5,
            label=kind,
        )
    for row in np.flatnonzero(~shown).tolist():
        text = short(values[names[row]].value)
        axes.text(1.02 * left, row, text, va="center", fontsize=8.5, color=QUIET)
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    axes.xaxis.set_major_formatter(_plain)
    axes.xaxis.set_minor_formatter(_plain_unless_crowded(axes))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(unit, color=QUIET, fontsize=9)
    calm(axes)
    legend(figure, axes)
    return figure


def lines_chart(
    lines: Mapping[str, Sequence[tuple[float, Estimate]]],
    *,
    title: str,
    across: str,
    up: str,
    logarithmic: tuple[bool, bool] = (False, False),
    reference: tuple[float, str] | None = None,
) -> Figure:
    """Lines through points with intervals, one for each name.

    Args:
        lines: name to places across, each with the number there.
        title: of the chart.
        across: what the horizontal axis is.
        up: what the vertical axis is.
        logarithmic: which of the two axes are, across and up.
        reference: a number on the axis up and what it is.

    Raises:
        SettingError: when no point has a place on both axes.
    """
    drawable(
        (
            it.value if _has_place(x, logarithmic[0]) else np.nan
            for points in lines.values()
            for x, it in points
        ),
        title=title,
        logarithmic=logarithmic[1],
    )
    figure = new_figure(6.4, 4.2, title=title)
    axes = figure.add_subplot()
    for index, (name, points) in enumerate(lines.items()):
        kept = [
            (x, it)
            for x, it in points
            if _has_place(x, logarithmic[0]) and _has_place(it.value, logarithmic[1])
        ]
        if not kept:
            continue
        y, low, high = _ends([it for _, it in kept])
        if logarithmic[1]:
            low = np.where(low > 0, low, y / 2)
        axes.errorbar(
            [x for x, _ in kept],
            y,
            yerr=np.stack([y - low, high - y]),
            fmt=f"-{MARKERS[index % len(MARKERS)]}",
            color=SEVERAL[index % len(SEVERAL)],
            linewidth=1.4,
            elinewidth=1,
            capsize=2,
            markersize=5,
            label=name,
        )
    if reference is not None and _has_place(reference[0], logarithmic[1]):
        axes.axhline(reference[0], color=QUIET, linewidth=1, linestyle=DASHED, label=reference[1])
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
    calm(axes, grid="both")
    legend(figure, axes)
    return figure


def save_chart(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 144) -> Path:
    """Write a chart as PNG, whole or not at all.

    Raises:
        OutputError: when the file cannot be written.
    """
    with atomic_write(path) as part:
        figure.savefig(part, format="png", dpi=dpi, facecolor="white")
    return Path(path)


def _ends(estimates: Sequence[Estimate]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values that are finite, else NaN, and the ends of their intervals; an end without a limit is the value itself."""
    numbers = np.array([(it.value, it.low, it.high) for it in estimates], dtype=float).reshape(-1, 3)
    value, low, high = np.where(np.isfinite(numbers), numbers, np.nan).T
    return value, np.fmin(low, value), np.fmax(high, value)


def _has_place(value: float, logarithmic: bool) -> bool:
    return bool(np.isfinite(value)) and (value > 0 or not logarithmic)


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
