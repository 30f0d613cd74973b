"""How fast images change along walks, one row for each walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ganatomy.plots.style import BLUE, INK, ORANGE, QUIET, RULE, calm, drawable, legend, new_figure


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Speed at every step of one walk, in times its mean, and the steps that are sharp transitions."""

    name: str
    steps: np.ndarray
    sharp: Sequence[int] = ()


def speeds_chart(walks: Sequence[Speed], *, num_points: int, title: str) -> Figure:
    """The speed of each walk along its length, with the points that it goes through and its sharp transitions.

    Args:
        walks: one row each.
        num_points: points that each walk goes through.
        title: of the chart.

    Raises:
        SettingError: when no speed is finite.
    """
    speeds = np.concatenate([walk.steps for walk in walks]) if walks else np.empty(0)
    top = speeds[drawable(speeds, title=title)].max() or 1.0
    figure = new_figure(8.6, 1.3 + 0.62 * len(walks), title=title)
    rows = figure.subplots(len(walks), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, walk in zip(rows, walks, strict=True):
        places = (np.arange(len(walk.steps)) + 0.5) / len(walk.steps) * (num_points - 1) + 1
        for point in range(1, num_points + 1):
            axes.axvline(point, color=RULE, linewidth=0.8)
        axes.axhline(1, color=RULE, linewidth=0.8)
        axes.plot(places, walk.steps, color=BLUE, linewidth=1.3, label="speed")
        sharp = list(walk.sharp)
        axes.plot(places[sharp], walk.steps[sharp], "v", color=ORANGE, markersize=6, label="sharp transition")
        axes.set_ylim(0, 1.15 * top)
        axes.set_xlim(1, num_points)
        calm(axes, grid=None, size=8.5)
        axes.set_ylabel(walk.name, rotation=0, ha="right", va="center", fontsize=9, color=INK, labelpad=14)
    rows[-1].set_xticks(range(1, num_points + 1))
    rows[-1].set_xlabel("random point of the walk", color=QUIET, fontsize=9)
    figure.supylabel("speed (times the mean of the walk)", color=QUIET, fontsize=9)
    legend(figure, rows[0])
    return figure
