"""The charts of a comparison, and its images: the same codes, edited by the best and the worst methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ganatomy.experiments.compare.comparison import Comparison
from ganatomy.experiments.compare.contestants import EDITS
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images
from ganatomy.plots import grid
from ganatomy.plots.charts import lines_chart, ranking_chart
from ganatomy.report.document import Drawing
from ganatomy.report.elements import file_name
from ganatomy.statistics.formatting import short, signed
from ganatomy.statistics.intervals import Estimate

SHOWN = 8
"""Images in a row: the first ones, not chosen."""
ROWS = 5
"""Methods that are shown: the best, the worst, and some between."""


def league(found: Comparison, groups: Mapping[str, str] | None = None, *, caption: str = "") -> Drawing:
    """Selectivity of every method, the best on top, with what chance gives behind it.

    Args:
        found: the comparison.
        groups: method to what decides its colour and marker; by default its kind of edit.
        caption: below the chart.
    """
    values = {name: found.figure(name) for name in found.ranking}
    band = found.chance and found.chance.selectivity
    return Drawing(
        name="league",
        image=ranking_chart(
            values,
            groups=groups or {name: EDITS[found.results[name].contestant.edit] for name in values},
            title="Selectivity of every method",
            unit="change of the target / mean change of each other attribute (logarithmic)",
            band=band and (band.low, band.high, "chance"),
        ),
        alt="Points with intervals, the best first: "
        + ", ".join(f"{name} {short(it.value)}" for name, it in values.items()),
        caption=caption,
    )


def trades(found: Comparison) -> Drawing:
    """Changes of others against changes of the target, one line for each of some methods."""
    return lines(
        "trade",
        {
            name: [(point.achieved.value, point.collateral) for point in points]
            for name, points in found.trades.items()
        },
        title="What a larger change costs",
        across="mean change of the target (probability)",
        up="mean |change| of each other attribute",
    )


def label_curves(found: Comparison) -> list[Drawing]:
    """AUC and selectivity against the number of labels."""
    selectivities = {
        name: [(size.n, size.selectivity) for size in points if size.selectivity]
        for name, points in found.learning.items()
    }
    axis = {"across": "labels (logarithmic)", "logarithmic": (True, False)}
    return [
        lines(
            "labels-auc",
            {name: [(size.n, size.auc) for size in points] for name, points in found.learning.items()},
            title="How well directions separate codes",
            up="held-out AUC",
            reference=(0.5, "chance"),
            **axis,
        ),
        lines(
            "labels-selectivity",
            {name: points for name, points in selectivities.items() if points},
            title="How selective edits are",
            up="selectivity",
            reference=found.chance and (found.chance.selectivity.value, "chance"),
            **axis,
        ),
    ]


def lines(
    name: str,
    points: Mapping[str, Sequence[tuple[float, Estimate]]],
    *,
    title: str,
    up: str,
    caption: str = "",
    **settings: Any,
) -> Drawing:
    """A chart of lines, with its points in words for those who do not see it."""
    listed = "; ".join(
        f"{line} {', '.join(f'{it.value:.3g} at {x:.3g}' for x, it in row)}" for line, row in points.items()
    )
    chart = lines_chart(points, title=title, up=up, **settings)
    return Drawing(name=name, image=chart, alt=f"{title}, {up}: {listed}", caption=caption)


def attribute_shown(found: Comparison) -> str:
    """The attribute in whose images methods differ most: the one with the largest spread of selectivity."""
    rows = torch.stack([found.results[name].changes.selectivities() for name in found.ranking])
    reached = torch.stack([found.results[name].changes.reached for name in found.ranking])
    logs = rows.double().clamp(min=1e-6, max=1e6).log().nan_to_num(0.0)
    return found.edited[int((logs.std(0, correction=0) * reached.double().mean(0)).argmax())]


def methods_shown(ranking: Sequence[str]) -> list[str]:
    """The best, the worst, and some between.

    >>> methods_shown("abcdefghi"), methods_shown("ab")
    (['a', 'b', 'e', 'g', 'i'], ['a', 'b'])
    """
    if len(ranking) <= ROWS:
        return list(ranking)
    last = len(ranking) - 1
    return [ranking[place] for place in sorted({0, 1, last // 2, round(0.75 * last), last})]


def strips(found: Comparison, generator: Generator) -> list[Drawing]:
    """The first images unedited, and edited by some methods, all for one attribute."""
    attribute, n = attribute_shown(found), min(SHOWN, found.num_images)
    row, column = found.edited.index(attribute), found.attributes.index(attribute)
    rows = {"unedited": (found.latents, f"The first {n} images, unedited", "")}
    for name in methods_shown(found.ranking):
        result = found.results[name]
        changes = result.changes.turned[row].double()
        own = changes[:, column]
        others = (changes.abs().sum(1) - own.abs()) / (changes.shape[1] - 1)
        rows[name] = (
            result.edits.latents[row],
            f"The same {n} images, {attribute} edited by {name}",
            f"target {signed(float(own.mean()))}, each other {float(others.mean()):.3f}",
        )
    return [
        Drawing(
            name=f"strip-{file_name(title)}",
            image=grid(draw_images(generator, latents[:n]), columns=n, gap=0),
            alt=alt,
            title=title,
            caption=caption,
            large=True,
        )
        for title, (latents, alt, caption) in rows.items()
    ]
