"""Charts and images of the study."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.experiments.studies.trust.measures import figures
from ganatomy.experiments.studies.trust.result import GUIDED, TrustStudy
from ganatomy.experiments.studies.trust.sentences import reader
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images
from ganatomy.latents import Latents
from ganatomy.plots import grid
from ganatomy.plots.charts import interval_chart
from ganatomy.plots.scatters import scatter_chart
from ganatomy.report.document import Drawing

SHOWN = 6
"""Images of a sheet."""


def agreement(found: TrustStudy) -> Drawing:
    """Agreement of every method with its interval, beside that between unedited images."""
    values = {method: figures(found, method).agreement for method in found.methods}
    natural = figures(found, GUIDED).natural_agreement.value
    return Drawing(
        name="agreement",
        image=interval_chart(
            values,
            title="Agreement of the readings",
            unit=f"change by {reader(found)} / change by the scorer",
            highlight=GUIDED,
            reference=(natural, "unedited images"),
        ),
        alt="Bars with intervals: " + ", ".join(f"{name} {it.value:.2f}" for name, it in values.items()),
        caption=(
            "1 is full agreement. The dashed line is what is read between unedited images whose scores differ as much "
            f"as those of {GUIDED}."
        ),
    )


def changes(found: TrustStudy) -> Drawing:
    """The scorer's change against the judges' in every image."""
    return Drawing(
        name="changes",
        image=scatter_chart(
            {
                method: (found.progress(found.scorer, method).flatten(), second(found, method).flatten())
                for method in found.methods
            },
            title="Every edit, read twice",
            across="change towards the goal by the scorer",
            up=f"by {reader(found)}",
            diagonal="both read the same change",
        ),
        alt=f"For each of {len(found.methods)} methods the change by the scorer across, and by {reader(found)} up",
        caption="One point for each image. Points far below the diagonal are changes that the scorer alone reads.",
    )


def sheets(found: TrustStudy, generator: Generator) -> list[Drawing]:
    """For every method the images in which the readings differ most; without judges, those of the unlikeliest codes."""
    return [_sheet(found, generator, method) for method in found.methods]


def second(found: TrustStudy, method: str) -> Float[Tensor, "k n"]:
    """Progress towards the goal, mean over the judges."""
    return torch.stack([found.progress(judge, method) for judge in found.judges]).mean(0)


def most_disputed(found: TrustStudy, method: str) -> list[tuple[int, int]]:
    """Attribute and image of the edits after which the scorer reads most more of the goal than the judges do."""
    if found.judges:
        judged = torch.stack([found.target(judge, method) for judge in found.judges]).mean(0)
        worth = found.signs * (found.target(found.scorer, method) - judged)
    else:
        worth = found.methods[method].likelihood.distance
    order = worth.flatten().argsort(descending=True, stable=True)[:SHOWN].tolist()
    return [divmod(place, found.num_images) for place in order]


def _sheet(found: TrustStudy, generator: Generator, method: str) -> Drawing:
    places = most_disputed(found, method)
    was = Latents.cat([found.origin[k][row] for k, row in places])
    now = Latents.cat([found.methods[method].latents[k][row] for k, row in places])
    labels = [_readings(found, at, k, row) for at in (None, method) for k, row in places]
    shown = (
        f"Scorer and {found.reading} differ most in these"
        if found.judges
        else "These have the least likely codes"
    )
    return Drawing(
        name=f"disputed-{method}",
        image=grid(
            torch.cat([draw_images(generator, was), draw_images(generator, now)]),
            columns=len(places),
            captions=[
                f"{'+' if found.goals[k] > 0.5 else '−'} {found.edited[k].replace('_', ' ')}"
                for k, _ in places
            ],
            labels=labels,
            row_labels=["before", "after"],
        ),
        alt=f"{len(places)} images before and after an edit by {method}: {'; '.join(labels)}",
        title=f"{method}.",
        caption=f"{shown} of {found.num_edits} edited images. What is added (+) or taken away (−) stands above.",
        large=True,
    )


def _readings(found: TrustStudy, method: str | None, k: int, row: int) -> str:
    own = float(found.target(found.scorer, method)[k, row])
    text = f"scorer {own:.2f}"
    if not found.judges:
        return text
    judged = torch.stack([found.target(judge, method)[k, row] for judge in found.judges]).mean()
    word = "judge" if found.is_judged else "student"
    return f"{text}, {word} {float(judged):.2f}"
