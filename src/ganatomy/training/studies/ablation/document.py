"""The page and the data."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.generators.batches import draw_images
from ganatomy.plots import grid
from ganatomy.plots.charts import interval_chart
from ganatomy.report.document import Document, Drawing, Section
from ganatomy.report.elements import Number, made_in, table
from ganatomy.statistics.formatting import number, percent, short
from ganatomy.statistics.intervals import CONFIDENCE
from ganatomy.training.studies.ablation.result import ADDS, NUM_SHUFFLES, PUBLISHED, AblationStudy

SHOWN = 8
"""Samples of a row."""


@document.register
def ablation_document(
    found: AblationStudy,
    experiment: Experiment | None = None,
    *,
    model: str | None = None,
    scorer: str | None = None,
) -> Document:
    """What the study found.

    Args:
        found: all runs.
        experiment: not needed.
        model: what the page calls the data.
        scorer: not needed.
    """
    data = model or found.data
    side = found.resolution
    return Document(
        title=f"From Progressive GAN to StyleGAN on {data}",
        eyebrow=(
            f"Ablation, {side} × {side} pixels, {found.images:,} images shown to each of {len(found.runs)} runs; "
            f"distances by {found.features}"
        ),
        sentences=sentences(found),
        numbers=_numbers(found),
        sections=[
            Section(
                name="distances",
                title="Distance from real images",
                link="Distances",
                draw=[partial(_chart, found)],
                tables=[_table(found)],
            ),
            Section(name="samples", title="Samples", draw=[partial(_samples, found)]),
            Section(name="how", title="How this was measured", link="How", items=_how(found)),
        ],
        data={"study": "ablation", "data": data, **_data(found)},
        footer=made_in(found.seconds),
    )


def sentences(found: AblationStudy) -> list[str]:
    """What was found, most important first."""
    best = found.means[found.best]
    texts = [found.verdict]
    if best.value > 3 * found.floor:
        texts.append(
            f"All are far from real images: the nearest has {short(best.value)}, two halves of the real images have "
            f"{short(found.floor)}. A longer training may give another order."
        )
    return texts


def _numbers(found: AblationStudy) -> list[Number]:
    return [
        *(
            Number(value=short(found.means[name].value), label=f"distance of {name}: {ADDS[name]}")
            for name in dict.fromkeys((found.configurations[0], found.configurations[-1]))
        ),
        Number(value=short(found.floor), label="between two halves of the real images"),
    ]


def _chart(found: AblationStudy) -> Drawing:
    values = {f"{name}  {ADDS[name]}": mean for name, mean in found.means.items()}
    what = "seeds" if found.num_seeds > 1 else "images"
    return Drawing(
        name="distances",
        image=interval_chart(
            values,
            title="Fréchet distance, lower is better",
            unit="squared feature units",
            reference=(found.floor, "two halves of the real images"),
        ),
        alt="Bars with intervals: " + ", ".join(f"{name} {it.value:.3g}" for name, it in found.means.items()),
        caption=f"Geometric means with {percent(CONFIDENCE)} intervals over {what}.",
    )


def _table(found: AblationStudy) -> Any:
    return table(
        "Distances",
        caption="Each configuration adds to the one before. Published: FID on FFHQ at 1024 px (Karras et al. 2019).",
        first="configuration",
        rows=found.configurations,
        columns={
            "adds": ADDS,
            "distance": found.means,
            "each seed": lambda name: ", ".join(short(run.distance.value.value) for run in found.of(name)),
            "minutes a run": lambda name: number(
                sum(run.seconds for run in found.of(name)) / found.num_seeds / 60, 1
            ),
            "published": lambda name: number(PUBLISHED[name]),
        },
        words=("adds", "each seed"),
        marked=lambda name: name == found.best,
        stacked=True,
    )


def _samples(found: AblationStudy) -> Drawing:
    first = [found.of(name)[0] for name in found.configurations]
    rows = [draw_images(run.generator, run.generator.sample(SHOWN, seed=0)).clamp(-1, 1) for run in first]
    return Drawing(
        name="samples",
        image=grid(torch.cat(rows), columns=SHOWN, row_labels=found.configurations),
        alt=f"{SHOWN} samples of each configuration, in rows {', '.join(found.configurations)}",
        caption="First samples of seed 0, not chosen.",
        large=True,
    )


def _how(found: AblationStudy) -> list[str]:
    return [
        (
            f"Every run shows {found.images:,} images of {found.data} with the same channels, batch and optimiser; "
            f"{found.num_seeds} of each configuration, which differ in their seed."
        ),
        "A has the loss of Progressive GAN (WGAN-GP with a drift term), all others the non-saturating loss with R1.",
        (
            f"Fréchet distance between samples and real images that no run saw, by {found.features}, which took no "
            "part in the training."
        ),
        (
            "Whether configurations differ, and whether distances fall from the first to the last, is tested on "
            f"logarithms of distances by {NUM_SHUFFLES:,} exchanges of runs between configurations."
        ),
    ]


def _data(found: AblationStudy) -> dict[str, Any]:
    return {
        "resolution": found.resolution,
        "images": found.images,
        "features": found.features,
        "floor": found.floor,
        "verdict": found.verdict,
        "p_differ": found.p_differ,
        "p_order": found.p_order,
        "configurations": {
            name: {
                "adds": ADDS[name],
                "distance": mean,
                "runs": [
                    {"seed": run.seed, "distance": run.distance.value, "seconds": run.seconds}
                    for run in found.of(name)
                ],
            }
            for name, mean in found.means.items()
        },
        "seconds": dict(found.seconds),
    }
