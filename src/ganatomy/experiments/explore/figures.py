"""The images and charts of an exploration's page, each made when the page is written."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy import edits
from ganatomy.experiments.base import Experiment
from ganatomy.experiments.explore.exploration import BASE, HELD, Exploration
from ganatomy.experiments.explore.sentences import also_moved, held_out
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images
from ganatomy.latents import Latents
from ganatomy.plots import grid
from ganatomy.plots.charts import attributes_chart, interval_chart
from ganatomy.plots.matrices import matrix_chart
from ganatomy.report import Card, Drawing, Strip
from ganatomy.report.elements import file_name
from ganatomy.statistics.formatting import percent, quoted, short, signed

STATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Strengths at which an attribute is shown, in steps that change its mean score by the target change."""

CANDIDATES, SHOWN = 64, 2
"""So many of so many codes are edited for every attribute: the most average ones."""

SAMPLES = 24
"""Images of the survey that are shown as they come."""

PAPER_SELECTIVITY = 3.69
"""What Table II of Pham Van et al. (2020) comes to with their penalty, over the 13 most changed attributes."""

DOUBTED = {
    "": "",
    "short": ", goal not reached",
    "unconfirmed": ", not confirmed by the judge",
    "unusual": ", unusual codes",
}
"""What is said of an edit that cannot be trusted."""

EDITS = {"Alone": BASE, "Others held": HELD}
"""The two edits of every attribute that the page shows, and the method of each."""


def samples(found: Exploration, experiment: Experiment) -> Drawing:
    """The first images of the survey, as they come."""
    survey, generator = found.survey, experiment.generator
    codes = generator.sample(
        SAMPLES, seed=survey.seed, space=found.space, truncation_psi=survey.truncation_psi
    )
    return Drawing(
        name="samples",
        image=grid(draw_images(generator, codes), columns=8, gap=1),
        alt=f"{SAMPLES} images of the model, drawn with seed {survey.seed}, not selected",
        caption=f"The first images of the survey (seed {survey.seed}), not selected.",
    )


def average_codes(found: Exploration, generator: Generator) -> Latents:
    """Codes near the mean along all directions at once, so that every attribute can grow and shrink."""
    survey, directions = found.survey, found.directions[BASE]
    drawn = generator.sample(
        CANDIDATES, seed=survey.seed + 2, space=found.space, truncation_psi=survey.truncation_psi
    )
    mean = torch.stack([codes.double().sum(0) for codes, _ in survey.batches()]).sum(0) / len(survey)
    places = (drawn.codes.cpu().flatten(1) - mean.float()) @ directions.matrix.T
    sigmas = torch.tensor([direction.sigma for direction in directions])
    return drawn[(places / sigmas).square().mean(1).argsort()[:SHOWN]]


def card(found: Exploration, experiment: Experiment, shown: Latents, name: str) -> Card:
    """One attribute: how well it is read, and the same codes moved along its direction, alone and held."""
    strips, sheet = [], []
    for title, method in EDITS.items():
        strengths = [station * found.step(method, name) for station in STATIONS]
        walked = edits.walk(shown, found.directions[method][name], strengths, units="distance")
        images = draw_images(experiment.generator, walked)
        sheet.append(images.unflatten(0, (-1, len(STATIONS))))
        with torch.no_grad():
            logits = experiment.image_scorer.score(images, latents=walked).column(name)
        scored = torch.sigmoid(logits).unflatten(0, (-1, len(STATIONS))).mean(0)
        doubt = DOUBTED[found.doubt(method, name)]
        strips.append(
            Strip(
                image=grid(images, columns=len(STATIONS), gap=0),
                alt=f"{quoted(name)} moved in {SHOWN} images, {title.lower()}, from {signed(STATIONS[0], 0)} to "
                f"{signed(STATIONS[-1], 0)} steps",
                title=title,
                notes=[
                    f"selectivity {short(found.selectivity_read(method, name).value)}{doubt}",
                    also_moved(found, method, name),
                ],
                values=[f"{value:.2f}" for value in scored.tolist()],
            )
        )
    return Card(
        name=f"strips/{file_name(name)}",
        image=grid(
            torch.stack(sheet, dim=1).flatten(0, 2),
            columns=len(STATIONS),
            captions=[signed(station, 1, trim=True) for station in STATIONS],
            row_labels=[title.lower() for title in EDITS] * len(shown),
        ),
        title=name,
        note=_note(found, name),
        columns=[signed(station, 1, trim=True) if station else "as drawn" for station in STATIONS],
        strips=strips,
    )


def _note(found: Exploration, name: str) -> str:
    """How well an attribute is read off codes, and how common it is."""
    share = f"in {percent(found.prevalence[name])} of images"
    if math.isnan(found.auc[name]):
        have = round(found.prevalence[name] * len(found.survey))
        return f"AUC not measured, {share}: too few ({have} of {len(found.survey):,})"
    chance = " (not separable)" if name in found.inseparable else ""
    return f"AUC {found.auc[name]:.2f}{chance}, {share}"


def changes(found: Exploration) -> list[Drawing]:
    """What moving along each direction changes on average, alone and held, on one scale of colours."""
    alone, held = (found.entanglement[method] for method in EDITS.values())
    return _matrices(
        {
            ("entanglement", "Each direction moved alone"): alone.mean_change,
            ("entanglement-held", "Each direction moved with all others held"): held.mean_change,
        },
        rows=held.attributes,
        columns=held.names,
        unit="mean change of the scored probability",
    )


def factors(found: Exploration) -> list[Drawing]:
    """How far factors changed, alone and held, on one scale of colours."""
    alone, held = (found.entanglement[method] for method in EDITS.values())
    assert alone.factor_changes is not None
    assert held.factor_changes is not None
    return _matrices(
        {
            ("factors", "Factors changed by each direction alone"): alone.factor_changes,
            ("factors-held", "Factors changed with all others held"): held.factor_changes,
        },
        rows=held.factors,
        columns=held.names,
        unit="mean change (standard deviations of the factor)",
    )


def selectivities(found: Exploration) -> Drawing:
    """Selectivity of each method with its interval."""
    values = {name: found.mean_read(name) for name in found.entanglement}
    by = f", by the {found.read(HELD).reading}" if found.judged else ""
    return Drawing(
        name="selectivity",
        image=interval_chart(
            values,
            title=f"Selectivity of each method{by}",
            unit="change of the target / mean change of each other attribute",
            highlight=found.best,
            reference=(PAPER_SELECTIVITY, f"the paper's figure {PAPER_SELECTIVITY}"),
        ),
        alt="Bars of selectivity with intervals: "
        + ", ".join(f"{name} {short(it.value)}" for name, it in values.items()),
    )


def cosines(found: Exploration) -> Drawing:
    """Cosines between all directions that are shown."""
    gram, names = found.directions[BASE].gram().numpy(), found.directions[BASE].names
    off = gram - np.eye(len(gram))
    row, column = divmod(int(np.abs(off).argmax()), len(gram))
    return Drawing(
        name="cosines",
        image=matrix_chart(
            gram, rows=names, columns=names, title="Cosines between directions", unit="cosine", limit=1.0
        ),
        alt="Matrix of cosines; the most alike or opposite are "
        f"{quoted(names[row])} and {quoted(names[column])}, {signed(float(gram[row, column]))}",
    )


def readable(found: Exploration) -> Drawing:
    """How common each attribute is, and how well it can be read off codes."""
    return Drawing(
        name="attributes",
        image=attributes_chart(
            found.prevalence, found.auc, title="Prevalence, and held-out AUC of linear directions"
        ),
        alt="Held-out AUC of each attribute: "
        + ", ".join(f"{name} {auc:.2f}" for name, auc in found.auc.items()),
        caption=held_out(found),
    )


def _matrices(
    changes: dict[tuple[str, str], Float[Tensor, "k a"]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    unit: str,
) -> list[Drawing]:
    """One matrix for each (name, title) of mean changes, all on one scale of colours."""
    limit = max(float(change.abs().max()) for change in changes.values())
    return [
        Drawing(
            name=name,
            image=matrix_chart(
                change.T.numpy(), rows=rows, columns=columns, title=title, unit=unit, limit=limit
            ),
            alt=f"{title}: matrix of {len(rows)} rows and {len(columns)} directions in the columns",
        )
        for (name, title), change in changes.items()
    ]
