"""The charts of a comparison, and its images: the same people, edited by winners and losers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ganatomy.experiments.compare.contestants import CONTESTANTS, WAYS
from ganatomy.experiments.compare.standing import Standing
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents
from ganatomy.plots import draw_images, grid
from ganatomy.plots.charts import lines_chart, ranking_chart
from ganatomy.report.embedded import Figure, embedded_chart, embedded_image
from ganatomy.statistics.intervals import Estimate

SHOWN = 8
"""Images in a row of the strip: the first ones, not chosen."""

ROWS = 5
"""Methods that are shown: the best, the worst, and some between."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One row of images, and what was measured of this method's edit."""

    name: str
    figure: Figure
    facts: str


def league(standing: Standing) -> Figure | None:
    """Selectivity of every method, the best on top, with what chance gives behind it."""
    chance = standing.comparison.chance.selectivity
    values = {name: standing.figure(name) for name in standing.ranking}
    if not any(math.isfinite(it.value) and it.value > 0 for it in values.values()):
        return None
    chart = ranking_chart(
        values,
        groups={name: WAYS[CONTESTANTS[name].way] for name in values},
        title="Selectivity of every method",
        unit="change of the target / mean change of each other attribute (logarithmic)",
        band=(chance.low, chance.high, "what chance gives"),
    )
    listed = ", ".join(f"{name} {it.value:.2f}" for name, it in values.items())
    return embedded_chart(chart, alt=f"Points with intervals, the best first: {listed}")


def trades(standing: Standing) -> Figure | None:
    """Collateral against target change, one line for each of some methods."""
    return _lines(
        {
            name: [(trade.change.value, trade.collateral) for trade in points]
            for name, points in standing.comparison.trades.items()
        },
        title="What a larger change costs",
        across="mean change of the target (probability)",
        up="mean |change| of each other attribute",
    )


def label_curves(standing: Standing) -> list[Figure]:
    """AUC and selectivity against the number of labels."""
    learning = standing.comparison.learning
    areas = _lines(
        {name: [(float(size.n), size.auc) for size in points] for name, points in learning.items()},
        title="How well codes are told apart",
        across="labels (logarithmic)",
        up="held-out AUC",
        logarithmic=(True, False),
        reference=(0.5, "chance"),
    )
    clean = _lines(
        {
            name: [(float(size.n), size.selectivity) for size in points if size.selectivity is not None]
            for name, points in learning.items()
        },
        title="How cleanly images change",
        across="labels (logarithmic)",
        up="selectivity",
        logarithmic=(True, False),
        reference=(standing.comparison.chance.selectivity.value, "chance"),
    )
    return [figure for figure in (areas, clean) if figure is not None]


def attribute_shown(standing: Standing) -> str:
    """The attribute by whose images methods are told apart: the one whose selectivity differs most among them."""
    rows = torch.tensor(
        [[found.value for found in standing.selectivity_of(name).values()] for name in standing.ranking]
    )
    reached = torch.tensor(
        [
            [name in standing.reached(method) for name in standing.comparison.names]
            for method in standing.ranking
        ]
    )
    spread = rows.clamp(min=1e-6, max=1e6).log().nan_to_num(0.0).std(0, correction=0) * reached.float().mean(
        0
    )
    return standing.comparison.names[int(spread.argmax())]


def methods_shown(ranking: Sequence[str]) -> list[str]:
    """The best, the worst, and some between.

    >>> methods_shown("abcdefghi"), methods_shown("ab")
    (['a', 'b', 'e', 'g', 'i'], ['a', 'b'])
    """
    if len(ranking) <= ROWS:
        return list(ranking)
    last = len(ranking) - 1
    return [ranking[place] for place in sorted({0, 1, last // 2, round(0.75 * last), last})]


def strips(standing: Standing, generator: Generator) -> list[Strip]:
    """The first images as they were, and edited by some methods, all for one attribute."""
    comparison = standing.comparison
    attribute = attribute_shown(standing)
    column = comparison.names.index(attribute)
    n = min(SHOWN, comparison.num_images)
    made = [
        Strip(
            name="As drawn",
            figure=_row(generator, comparison.latents[:n], f"{n} images as they were drawn"),
            facts="",
        )
    ]
    for name in methods_shown(standing.ranking):
        result = comparison.results[name]
        changes = result.effects.changes[column]
        others = [k for k in range(changes.shape[1]) if k != column]
        made.append(
            Strip(
                name=name,
                figure=_row(
                    generator,
                    result.edited[column][:n],
                    f"The same {n} images, {attribute} moved by {name}",
                ),
                facts=f"target {float(changes[:, column].mean()):+.2f}, each other "
                f"{float(changes[:, others].abs().mean()):.3f}".replace("-", "−"),
            )
        )
    return made


def _lines(
    lines: Mapping[str, Sequence[tuple[float, Estimate]]], *, title: str, up: str, **settings: Any
) -> Figure | None:
    """Lines through what can be drawn; None where nothing can."""
    kept = {name: [(x, it) for x, it in points if math.isfinite(it.value)] for name, points in lines.items()}
    kept = {name: points for name, points in kept.items() if points}
    if not kept:
        return None
    told = "; ".join(
        f"{name} {', '.join(f'{it.value:.3g} at {x:.3g}' for x, it in points)}"
        for name, points in kept.items()
    )
    return embedded_chart(lines_chart(kept, title=title, up=up, **settings), alt=f"{title}, {up}: {told}")


def _row(generator: Generator, latents: Latents, what: str) -> Figure:
    return embedded_image(grid(draw_images(generator, latents), columns=len(latents), gap=0), alt=what)
