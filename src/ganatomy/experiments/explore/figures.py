"""The images and charts of a report: each a PNG in the folder, and the same inside the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure as Chart
from torch import Tensor

from ganatomy import edits
from ganatomy.experiments.explore.run import BASE, HELD, Exploration
from ganatomy.generators.base import Generator
from ganatomy.images import save_image
from ganatomy.latents import Latents
from ganatomy.metrics import Entanglement
from ganatomy.perception.base import Scorer
from ganatomy.plots import draw_images, grid
from ganatomy.plots.charts import attributes_chart, interval_chart, matrix_chart, save_chart
from ganatomy.report.elements import file_name
from ganatomy.report.embedded import CHART_DPI, Figure, embedded_chart, embedded_image

STATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Strengths at which an attribute is shown, in steps that change its mean score by the target change."""

CANDIDATES, SHOWN = 64, 2
"""So many of so many codes are edited for every attribute: the most average ones."""

PAPER_SELECTIVITY = 3.69
"""What Table II of Pham Van et al. (2020) comes to with their penalty, over the 13 most changed attributes."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """The same codes at every station, one row for each, and the scored probability at each station, their mean."""

    figure: Figure
    scored: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Strips:
    """One attribute moved in the same codes, alone and while all others are held."""

    alone: Strip
    held: Strip


def samples(generator: Generator, exploration: Exploration, folder: Path, *, n: int = 24) -> Figure:
    """The first images of the survey, as they come."""
    survey = exploration.survey
    drawn = generator.sample(
        n, seed=survey.seed, space=exploration.space, truncation_psi=survey.truncation_psi
    )
    images = draw_images(generator, drawn)
    save_image(grid(images, columns=8), folder / "samples.png")
    alt = f"{n} images of the model, drawn with seed {survey.seed}, not selected"
    return embedded_image(grid(images, columns=8, gap=1), alt=alt)


def strips(generator: Generator, scorer: Scorer, exploration: Exploration, folder: Path) -> dict[str, Strips]:
    """For each attribute the same codes walked along its direction, alone and with all others held."""
    shown = average_codes(generator, exploration)
    made = {}
    for name in exploration.attributes:
        walked = {
            how: edits.walk(
                shown,
                exploration.directions[method][name],
                [station * exploration.step(method, name) for station in STATIONS],
                units="distance",
            )
            for how, method in (("alone", BASE), ("others held", HELD))
        }
        images = {how: draw_images(generator, codes) for how, codes in walked.items()}
        _save_strip(images, folder / "strips" / f"{file_name(name)}.png")
        alone, held = (
            Strip(
                figure=_strip(images[how], f"{name} moved in {SHOWN} images, {how}"),
                scored=_scored(scorer, images[how], codes, name),
            )
            for how, codes in walked.items()
        )
        made[name] = Strips(alone=alone, held=held)
    return made


def average_codes(generator: Generator, exploration: Exploration) -> Latents:
    """Codes that are near the mean along all directions at once, so that every attribute has both ways to go."""
    survey, directions = exploration.survey, exploration.directions[BASE]
    drawn = generator.sample(
        CANDIDATES, seed=survey.seed + 2, space=exploration.space, truncation_psi=survey.truncation_psi
    )
    places = (drawn.codes.cpu() - survey.latents.codes.mean(0)).flatten(1) @ directions.matrix.T
    sigmas = torch.tensor([direction.sigma for direction in directions])
    return drawn[(places / sigmas).square().mean(1).argsort()[:SHOWN]]


def changes(exploration: Exploration, folder: Path) -> list[Figure]:
    """What moving along each direction changes on average, alone and held, on one scale of colours."""
    alone, held = exploration.entanglement[BASE], exploration.entanglement[HELD]
    limit = max(float(result.mean_change.abs().max()) for result in (alone, held))
    return [
        _chart(
            _changes_chart(alone, limit, "Each direction moved alone"),
            folder / "entanglement.png",
            alt=_describe(alone, "moved alone"),
        ),
        _chart(
            _changes_chart(held, limit, "Each direction moved while all others are held"),
            folder / "entanglement-held.png",
            alt=_describe(held, "moved while all others are held"),
        ),
    ]


def selectivities(exploration: Exploration, folder: Path) -> Figure:
    """Selectivity of each method with its interval."""
    values = {}
    for name, result in exploration.entanglement.items():
        mean = result.selectivity().mean
        values[name] = (mean.value, mean.low, mean.high)
    chart = interval_chart(
        values,
        title="Selectivity of each method",
        unit="change of the target / mean change of each other attribute",
        highlight=exploration.best,
        reference=(PAPER_SELECTIVITY, f"the paper's figure {PAPER_SELECTIVITY}"),
    )
    listed = ", ".join(f"{name} {mean:.2f}" for name, (mean, _, _) in values.items())
    return _chart(chart, folder / "selectivity.png", alt=f"Bars of selectivity with intervals: {listed}")


def cosines(exploration: Exploration, folder: Path) -> Figure:
    """Cosines between all directions that are shown."""
    directions = exploration.directions[BASE]
    gram = directions.gram().numpy()
    off = gram - np.eye(len(gram))
    row, column = divmod(int(np.abs(off).argmax()), len(gram))
    names = directions.names
    chart = matrix_chart(
        gram, rows=names, columns=names, title="Cosines between directions", unit="cosine", limit=1.0
    )
    pair = f"{names[row]} and {names[column]}, {gram[row, column]:+.2f}"
    alt = f"Matrix of cosines; the most alike or opposite are {pair}"
    return _chart(chart, folder / "cosines.png", alt=alt)


def readable(exploration: Exploration, folder: Path) -> Figure:
    """How common each attribute is, and how well it can be read off codes."""
    prevalence = {name: exploration.prevalence[name] for name in exploration.attributes}
    chart = attributes_chart(prevalence, exploration.auc, title="How common, and how well read off codes")
    listed = ", ".join(f"{name} {auc:.2f}" for name, auc in exploration.auc.items())
    return _chart(chart, folder / "attributes.png", alt=f"Held-out AUC of each attribute: {listed}")


def truths(exploration: Exploration, folder: Path) -> list[Figure]:
    """What really moved, where a scorer that knows was given: factors x directions, alone and held."""
    results = {
        "truth.png": (exploration.entanglement[BASE], "What really moves: each direction alone"),
        "truth-held.png": (exploration.entanglement[HELD], "What really moves: all others held"),
    }
    tables = {file: result.factor_changes for file, (result, _) in results.items()}
    if any(table is None for table in tables.values()):
        return []
    limit = max(float(table.abs().max()) for table in tables.values() if table is not None)
    figures = []
    for file, (result, title) in results.items():
        table = tables[file]
        assert table is not None
        chart = matrix_chart(
            table.T.numpy(),
            rows=result.factors,
            columns=result.names,
            title=title,
            unit="mean change (standard deviations of the factor)",
            limit=limit,
        )
        figures.append(
            _chart(chart, folder / file, alt=f"{title}: {len(result.factors)} factors in the rows")
        )
    return figures


def _changes_chart(result: Entanglement, limit: float, title: str) -> Chart:
    return matrix_chart(
        result.mean_change.T.numpy(),
        rows=result.attributes,
        columns=result.names,
        title=title,
        unit="mean change of the scored probability",
        limit=limit,
    )


def _describe(result: Entanglement, how: str) -> str:
    return (
        f"Matrix of mean changes, {len(result.attributes)} attributes in the rows and {len(result.names)} "
        f"directions in the columns, each {how}; mean selectivity {result.selectivity().mean.value:.2f}"
    )


def _strip(images: Float[Tensor, "n c h w"], what: str) -> Figure:
    ends = f"from {STATIONS[0]:+g} to {STATIONS[-1]:+g} steps".replace("-", "−")
    return embedded_image(grid(images, columns=len(STATIONS), gap=0), alt=f"{what}, {ends}")


def _scored(scorer: Scorer, images: Float[Tensor, "n c h w"], codes: Latents, name: str) -> tuple[float, ...]:
    with torch.no_grad():
        logits = scorer.score(images, latents=codes).column(name)
    return tuple(torch.sigmoid(logits).unflatten(0, (-1, len(STATIONS))).mean(0).tolist())


def _save_strip(images: dict[str, Tensor], path: Path) -> None:
    """All walks of each code one below the other, with captions, as an image that can be shown alone."""
    columns = len(STATIONS)
    together = torch.stack([walked.unflatten(0, (-1, columns)) for walked in images.values()], dim=1)
    captions = [f"{station:+g}".replace("-", "−") if station else "0" for station in STATIONS]
    sheet = grid(
        together.flatten(0, 2), columns=columns, captions=captions, row_labels=[*images] * len(together)
    )
    save_image(sheet, path)


def _chart(chart: Chart, path: Path, *, alt: str) -> Figure:
    save_chart(chart, path, dpi=CHART_DPI)
    return embedded_chart(chart, alt=alt)
