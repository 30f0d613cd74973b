"""How scores depend on strengths: mean and deviation over images, with the fitted line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ganatomy.metrics.linearity import Line, Linearity
from ganatomy.plots.style import BLUE, INK, ORANGE, QUIET, RULE, calm, drawable, legend, new_figure

UNITS: Mapping[str, str] = {"sigma": "standard deviations of codes"}


def responses_chart(found: Linearity, *, title: str) -> Figure:
    """Each attribute's mean score over the strengths of its own direction; grey where it hardly changes any more.

    Raises:
        SettingError: when no score is finite.
    """
    ends = torch.cat(
        [line.mean + sign * line.deviation for line in found.lines.values() for sign in (-1, 1)]
        or [torch.empty(0)]
    )
    ends = ends[torch.from_numpy(drawable(ends.numpy(), title=title))]
    low, high = (0.0, 1.0) if found.scale == "probability" else (float(ends.min()), float(ends.max()))
    margin = 0.03 * ((high - low) or 1.0)
    columns = min(2, len(found.lines))
    rows = -(-len(found.lines) // columns)
    figure = new_figure(3.2 * columns, 0.9 + 2.5 * rows, title=title)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten()
    for axes, (name, line) in zip(grid, found.lines.items(), strict=False):
        _panel(axes, np.array(found.strengths), name, line)
        axes.set_ylim(low - margin, high + margin)
    for axes in grid[len(found.lines) :]:
        axes.set_visible(False)
    if found.scale == "probability":
        grid[0].yaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in grid[max(0, len(found.lines) - columns) : len(found.lines)]:
        axes.set_xlabel(f"strength ({UNITS.get(found.units, found.units)})", color=QUIET, fontsize=8.5)
        axes.tick_params(labelbottom=True)
    figure.supylabel(f"mean {found.scale} of the attribute", color=QUIET, fontsize=9)
    legend(figure, grid[0], columns=3)
    return figure


def _panel(axes: Axes, strengths: np.ndarray, name: str, line: Line) -> None:
    mean, deviation = line.mean.numpy(), line.deviation.numpy()
    first, last = line.saturates
    if first is not None:
        axes.axvspan(strengths[0], first, color=RULE, alpha=0.5, linewidth=0)
    if last is not None:
        axes.axvspan(last, strengths[-1], color=RULE, alpha=0.5, linewidth=0)
    fitted = line.slope.value * strengths + line.intercept.value
    axes.plot(strengths, fitted, "--", color=ORANGE, linewidth=1.5, label="fitted line")
    axes.errorbar(
        strengths,
        mean,
        yerr=deviation,
        fmt="o",
        color=BLUE,
        markersize=4,
        elinewidth=1,
        capsize=2,
        label="mean ± standard deviation of images",
    )
    fit = "does not move" if np.isnan(line.r2.value) else f"R² {line.r2.value:.2f}"
    axes.set_title(f"{name}, {fit}", fontsize=10, color=INK, loc="left")
    calm(axes, grid="both", size=8.5)
