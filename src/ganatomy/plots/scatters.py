"""Two readings of the same thing against each other, one panel for each group."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.plots.style import BLUE, DASHED, INK, QUIET, calm, legend, new_figure

MARGIN = 0.05


def scatter_chart(
    panels: Mapping[str, tuple[Float[Tensor, " n"], Float[Tensor, " n"]]],
    *,
    title: str,
    across: str,
    up: str,
    diagonal: str = "the same",
) -> Figure:
    """One panel for each group, all with the same axes, and the diagonal on which both readings are the same.

    Args:
        panels: group to its points, across and up.
        title: of the chart.
        across: what the horizontal axis is.
        up: what the vertical axis is.
        diagonal: what a point on it means.

    Raises:
        SettingError: without a finite point.
    """
    values = torch.cat([torch.cat(points) for points in panels.values()] or [torch.empty(0)])
    values = values[torch.isfinite(values)]
    if not len(values):
        raise SettingError(f"the chart “{title}” cannot be drawn: it has no points")
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    margin = MARGIN * ((high - low) or 1.0)
    ends = (low - margin, high + margin)
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(3.4 * columns, 0.9 + 3.0 * rows, title=title)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten()
    for axes, (name, (x, y)) in zip(grid, panels.items(), strict=False):
        axes.plot(ends, ends, color=QUIET, linewidth=1, linestyle=DASHED, label=diagonal)
        axes.scatter(x.numpy(), y.numpy(), s=14, color=BLUE, alpha=0.55, linewidth=0)
        axes.set_xlim(ends)
        axes.set_ylim(ends)
        axes.set_aspect("equal")
        axes.set_title(name, fontsize=10, color=INK, loc="left")
        calm(axes, grid="both", size=8.5)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[len(panels) - columns : len(panels)]:
        axes.set_xlabel(across, color=QUIET, fontsize=9)
        axes.tick_params(labelbottom=True)
    figure.supylabel(up, color=QUIET, fontsize=9)
    legend(figure, grid[0])
    return figure
