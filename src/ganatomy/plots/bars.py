"""Bars in groups, with intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ganatomy.plots.style import INK, QUIET, SEVERAL, calm, drawable, legend, new_figure
from ganatomy.statistics.formatting import signed
from ganatomy.statistics.intervals import Estimate


def bars_chart(groups: Mapping[str, Mapping[str, Estimate]], *, title: str, unit: str) -> Figure:
    """A group of bars for each name, one bar for each kind, with intervals, from the top.

    Args:
        groups: name to kind to its number; all have the same kinds. What is not finite has no bar.
        title: of the chart.
        unit: what a number is.

    Raises:
        SettingError: when no number is finite.
    """
    kinds = list(dict.fromkeys(kind for group in groups.values() for kind in group))
    drawable((it.value for group in groups.values() for it in group.values()), title=title)
    height = 0.8 / len(kinds)
    figure = new_figure(7.6, 1.6 + 0.23 * len(kinds) * len(groups), title=title)
    axes = figure.add_subplot()
    ends = [0.0]
    for index, kind in enumerate(kinds):
        color = SEVERAL[index % len(SEVERAL)]
        axes.barh([0], [0], color=color, label=kind)  # for the legend, also where no bar of the kind is drawn
        for row, group in enumerate(groups.values()):
            it = group.get(kind)
            if it is None or not np.isfinite([it.value, it.low, it.high]).all():
                continue
            at = row + (index - (len(kinds) - 1) / 2) * height
            axes.barh(at, it.value, color=color, height=0.86 * height)
            reach = [[it.value - it.low], [it.high - it.value]]
            axes.errorbar(
                it.value, at, xerr=np.maximum(reach, 0), fmt="none", ecolor=INK, elinewidth=1.2, capsize=3
            )
            outer = max(0.0, it.high) if it.value >= 0 else min(0.0, it.low)
            ends += [it.low, it.high]
            axes.annotate(
                signed(it.value),
                (outer, at),
                xytext=(5 if it.value >= 0 else -5, 0),
                textcoords="offset points",
                va="center",
                ha="left" if it.value >= 0 else "right",
                fontsize=8.5,
                color=INK,
            )
    span = (max(ends) - min(ends)) or 1.0
    axes.set_xlim(min(ends) - 0.14 * span, max(ends) + 0.14 * span)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_xlabel(unit, color=QUIET, fontsize=9)
    calm(axes)
    legend(figure, axes)
    return figure
