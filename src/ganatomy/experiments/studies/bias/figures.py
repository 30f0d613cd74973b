"""The drawings: bars of single pairs, the matrix of all, images before and after."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.patches import Rectangle

from ganatomy.experiments.studies.bias.result import DATA, JUDGE, SCORER, BiasStudy, Link
from ganatomy.experiments.studies.bias.sentences import source
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images
from ganatomy.plots import grid
from ganatomy.plots.bars import bars_chart
from ganatomy.plots.charts import interval_chart
from ganatomy.plots.matrices import matrix_chart
from ganatomy.plots.style import INK
from ganatomy.report.document import Drawing
from ganatomy.statistics.formatting import signed
from ganatomy.statistics.intervals import Estimate

MOST_BARS = 8
EDITS = "edits, by the scorer"


def bars(found: BiasStudy) -> Drawing:
    """What moved and what is explained, of the pairs with the largest excess."""
    shown = found.ranked(SCORER)[:MOST_BARS]
    if len(found.links) == 1:
        link = shown[0]
        chart = interval_chart(
            _groups(found, link),
            title=f"Change of {link.watch} for each unit of {link.change}",
            unit=f"change of {link.watch} for each unit of {link.change}",
            highlight=EDITS,
        )
    else:
        chart = bars_chart(
            {f"{it.change} on {it.watch}": _groups(found, it) for it in shown},
            title="Change of B for each unit of A",
            unit="change of B for each unit of A",
        )
    return Drawing(
        name="bars",
        image=chart,
        alt=f"Bars with intervals: the change that edits make and the one that {source(found)} explain.",
        caption="Bars with 95 % intervals."
        + (
            ""
            if len(found.links) == 1
            else f" The {len(shown)} pairs of {len(found.links)} with the largest excess, significant ones first."
        ),
    )


def _groups(found: BiasStudy, link: Link) -> dict[str, Estimate]:
    judged = found.link(link.change, link.watch, reader=JUDGE)
    groups = {EDITS: link.moved}
    if judged is not None:
        groups["edits, by the judge"] = judged.moved
    for name in sorted(found.references):
        label = "explained by the data" if name == DATA else "explained by generated images"
        groups[label] = link.explained[name].change
    return groups


def matrix(found: BiasStudy) -> Drawing | None:
    """The excess of all pairs; the worst is framed."""
    rows = list(dict.fromkeys(it.change for it in found.links))
    watched = list(dict.fromkeys(it.watch for it in found.links))
    columns = sorted(watched, key=lambda name: rows.index(name) if name in rows else len(rows))
    if len(found.links) < 3:
        return None
    values = np.full((len(rows), len(columns)), np.nan)
    for it in found.links:
        values[rows.index(it.change), columns.index(it.watch)] = it.explained[found.reference].excess.value
    chart = matrix_chart(
        values,
        rows=rows,
        columns=columns,
        title=f"Changes that {source(found)} do not explain",
        unit="excess for each unit of A",
    )
    worst = found.worst
    place = (columns.index(worst.watch) - 0.5, rows.index(worst.change) - 0.5)
    chart.axes[0].add_patch(Rectangle(place, 1, 1, fill=False, edgecolor=INK, linewidth=3, clip_on=False))
    return Drawing(
        name="matrix",
        image=chart,
        alt=f"A matrix of excesses; the largest is that of {worst.change} on {worst.watch}.",
        caption=f"What edits of A (rows) change B (columns) by, less what {source(found)} explain, for each unit of A. "
        "The largest significant one is framed.",
        large=True,
    )


def images(found: BiasStudy, generator: Generator) -> Drawing | None:
    """The first images before and after the step of the worst pair."""
    link = found.worst
    before, after = found.shown[link.change]
    drawn = [draw_images(generator, it.to(after.space)) for it in (before, after)]
    n = len(before)
    sheet = grid(
        torch.cat(drawn),
        columns=n,
        row_labels=["unedited", f"{link.change} {'less' if link.step[0] < 0 else 'more'}"],
    )
    return Drawing(
        name="images",
        image=sheet,
        alt=f"{n} images, and the same after one step along {link.change}",
        caption=f"The first {n} images, not chosen, before and after the step of {link.change} "
        f"({signed(found.sigmas[link.change])} sigma). See what happens to {link.watch}.",
        large=True,
    )
