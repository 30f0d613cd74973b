"""What the page shows: figures of each attribute, pairs, where the classifier looks, its worst mistakes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.experiments.studies.attributes.result import AttributeStudy, Mistake
from ganatomy.experiments.studies.attributes.saliency import tinted
from ganatomy.plots import grid
from ganatomy.plots.charts import interval_chart, lines_chart
from ganatomy.plots.matrices import matrix_chart
from ganatomy.report.document import Drawing
from ganatomy.report.elements import file_name
from ganatomy.statistics.formatting import number
from ganatomy.statistics.intervals import Estimate, share_of

SIDE = 96
"""Height and width of images on the page."""

CURVES = 4
"""Attributes whose calibration is drawn."""

MOST_PAIRS = 40
"""Attributes that a matrix has room for."""


def auc_chart(found: AttributeStudy) -> Drawing:
    """Area under the ROC curve of each attribute, the best first."""
    ones = sorted(found.readings.attributes, key=lambda one: (-one.auc.value, one.name))
    return Drawing(
        name="auc",
        image=interval_chart(
            {one.name: one.auc for one in ones},
            title="How well each attribute is read",
            unit="area under the ROC curve",
            reference=(0.5, "chance"),
        ),
        alt="Area under the ROC curve of each attribute",
    )


def calibration_chart(found: AttributeStudy) -> Drawing | None:
    """Predicted probability against the share that has the attribute, of those with most positives."""
    best = sorted(
        (one for one in found.readings.attributes if not one.says_little),
        key=lambda one: -min(one.positives, one.known - one.positives),
    )[:CURVES]
    if not best:
        return None
    lines = {
        one.name: [
            (point.predicted, share_of(round(point.observed * point.count), point.count))
            for point in one.curve
        ]
        for one in best
    }
    ideal = [(x / 10, Estimate(value=x / 10, low=x / 10, high=x / 10)) for x in range(11)]
    return Drawing(
        name="calibration",
        image=lines_chart(
            {**lines, "calibrated": ideal},
            title="Calibration",
            across="predicted probability",
            up="share that has the attribute",
        ),
        alt="Predicted probabilities against observed shares, in ten bins",
    )


def pairs_chart(found: AttributeStudy) -> Drawing | None:
    """The matrix of pairs that are confused."""
    if not 2 <= len(found.names) <= MOST_PAIRS or not bool(found.pairs.isfinite().any()):
        return None
    what = "Classes taken for each other" if found.exclusive else "Attributes taken for each other"
    unit = "share of the row's images" if found.exclusive else "change of the probability of the row"
    return Drawing(
        name="pairs",
        image=matrix_chart(found.pairs.numpy(), rows=found.names, columns=found.names, title=what, unit=unit),
        alt=what,
    )


def maps_sheet(found: AttributeStudy) -> Drawing | None:
    """Where decisions come from, averaged over images, on the mean of these."""
    if not found.maps:
        return None
    background = _colour(found.background)
    shown = background.expand(len(found.maps), -1, -1, -1)
    maps = torch.stack(list(found.maps.values()))
    return Drawing(
        name="where-it-looks",
        image=grid(tinted(_sized(shown), maps), columns=min(8, len(maps)), scale=1, labels=list(found.maps)),
        alt="Where the decisions about each attribute come from, over the mean image",
        caption="Red: hiding this place makes the decision less sure, on average over images.",
        large=True,
    )


def mistakes_sheet(found: AttributeStudy, name: str) -> Drawing | None:
    """The worst mistakes of an attribute, and below each where the decision comes from."""
    wrong = found.mistakes[name]
    if not wrong:
        return None
    images = _sized(torch.stack([_colour(mistake.image) for mistake in wrong]))
    rows, labels = [images], [_said(mistake) for mistake in wrong]
    if all(mistake.map is not None for mistake in wrong):
        maps = torch.stack([mistake.map for mistake in wrong if mistake.map is not None])
        rows.append(tinted(images, maps))
        labels += [""] * len(wrong)
    return Drawing(
        name=f"mistakes-{file_name(name)}",
        image=grid(torch.cat(rows), columns=len(wrong), scale=1, labels=labels),
        title=name,
        alt=f"The {len(wrong)} worst mistakes about {name}",
        caption="Below each image: the label, and the probability that was read.",
        large=True,
    )


def _said(mistake: Mistake) -> str:
    return f"{'yes' if mistake.label else 'no'}, read {number(mistake.probability, 2)}"


def _colour(image: Float[Tensor, "c h w"]) -> Float[Tensor, "3 h w"]:
    return image.expand(3, -1, -1)


def _sized(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 s s"]:
    return F.interpolate(images, (SIDE, SIDE), mode="bicubic", align_corners=False, antialias=True).clamp(
        -1, 1
    )
