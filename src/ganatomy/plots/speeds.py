"""How fast images change along walks, one row for each walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ganatomy.errors import SettingError
from ganatomy.plots.charts import BLUE, INK, ORANGE, QUIET, RULE


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Speed at every step of one walk, in times its mean, and the steps that are sharp transitions."""

    name: str
    steps: np.ndarray
    sharp: Sequence[int] = ()


def speeds_chart(walks: Sequence[Speed], *, num_points: int, title: str) -> Figure:
    """The speed of each walk over its way, with the points that it goes through and its sharp transitions.

    Raises:
        SettingError: when there is no walk.
    """
    if not walks:
        raise SettingError("there is no walk to show; a chart needs at least one")
    figure = Figure(figsize=(8.6, 1.3 + 0.62 * len(walks)), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(walks), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    top = max(float(walk.steps.max()) for walk in walks)
    for axes, walk in zip(rows, walks, strict=True):
        places = (np.arange(len(walk.steps)) + 0.5) / len(walk.steps) * (num_points - 1) + 1
        for point in range(1, num_points + 1):
            axes.axvline(point, color=RULE, linewidth=0.8)
        axes.axhline(1, color=RULE, linewidth=0.8)
        axes.plot(places, walk.steps, color=BLUE, linewidth=1.3)
        sharp = list(walk.sharp)
        axes.plot(places[sharp], walk.steps[sharp], "v", color=ORANGE, markersize=6)
        axes.set_ylim(0, 1.15 * top)
        axes.set_xlim(1, num_points)
        axes.spines[:].set_visible(False)
        axes.tick_params(which="both", length=0, labelsize=8.5, labelcolor=INK)
        axes.set_ylabel(walk.name, rotation=0, ha="right", va="center", fontsize=9, color=INK, labelpad=14)
    rows[-1].set_xticks(range(1, num_points + 1))
    rows[-1].set_xlabel("random point of the walk", color=QUIET, fontsize=9)
    figure.supylabel("speed (times the mean of the walk)", color=QUIET, fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, linewidth=1.3, label="speed"),
            Line2D(
                [], [], color=ORANGE, marker="v", linestyle="none", markersize=6, label="sharp transition"
            ),
        ],
        loc="outside lower left",
        ncols=2,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )
    return figure
