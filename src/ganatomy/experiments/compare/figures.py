"""The charts of a comparison, and its images: the same codes, edited by the best and the worst methods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ganatomy.experiments.compare.comparison import Comparison
from ganatomy.experiments.compare.contestants import EDITS
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.plots import draw_images, grid
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


def trades(found: Comparison) -> Drawing | None:
    """Changes of others against changes of the target, one line for each of some methods."""
    return _lines(
        "trade",
        {
            name: [(point.change.value, point.collateral) for point in points]
            for name, points in found.trades.items()
        },
        title="What a larger change costs",
        across="mean change of the target (probability)",
        up="mean |change| of each other attribute",
    )


def label_curves(found: Comparison) -> list[Drawing]:
    """AUC and selectivity against the number of labels."""
    axis = {"across": "labels (logarithmic)", "logarithmic": (True, False)}
    areas = _lines(
        "labels-auc",
        {name: [(size.n, size.auc) for size in points] for name, points in found.learning.items()},
        title="How well directions separate codes",
        up="held-out AUC",
        reference=(0.5, "chance"),
        **axis,
    )
    selectivity = _lines(
        "labels-selectivity",
        {
            name: [(size.n, size.selectivity) for size in points if size.selectivity is not None]
            for name, points in found.learning.items()
        },
        title="How selective edits are",
        up="selectivity",
        reference=found.chance and (found.chance.selectivity.value, "chance"),
        **axis,
    )
    return [drawing for drawing in (areas, selectivity) if drawing is not None]


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
    attribute = attribute_shown(found)
    row = found.edited.index(attribute)
    n = min(SHOWN, found.num_images)
    made = [_row(generator, found.latents[:n], "unedited", "Unedited", alt=f"The first {n} images, unedited")]
    for name in methods_shown(found.ranking):
        result = found.results[name]
        changes = result.changes.turned[row].double()
        column = found.attributes.index(attribute)
        others = [k for k in range(len(found.attributes)) if k != column]
        made.append(
            _row(
                generator,
                result.edits.latents[row][:n],
                file_name(name),
                name,
                alt=f"The same {n} images, {attribute} edited by {name}",
                caption=f"target {signed(float(changes[:, column].mean()))}, each other "
                f"{float(changes[:, others].abs().mean()):.3f}",
            )
        )
    return made


def _row(
    generator: Generator, latents: Latents, name: str, title: str, *, alt: str, caption: str = ""
) -> Drawing:
    images = draw_images(generator, latents)
    return Drawing(
        name=f"strip-{name}",
        image=grid(images, columns=len(latents), gap=0),
        alt=alt,
        title=title,
        caption=caption,
        large=True,
    )


def _lines(
    name: str,
    lines: Mapping[str, Sequence[tuple[float, Estimate]]],
    *,
    title: str,
    up: str,
    **settings: Any,
) -> Drawing | None:
    """Lines through what was measured; None where nothing was."""
    kept = {
        method: [(x, it) for x, it in points if math.isfinite(it.value)] for method, points in lines.items()
    }
    kept = {method: points for method, points in kept.items() if points}
    if not kept:
        return None
    listed = "; ".join(
        f"{method} {', '.join(f'{it.value:.3g} at {x:.3g}' for x, it in points)}"
        for method, points in kept.items()
    )
    return Drawing(
        name=name, image=lines_chart(kept, title=title, up=up, **settings), alt=f"{title}, {up}: {listed}"
    )
