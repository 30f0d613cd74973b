"""The study itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.datasets.labelled_images import LabelledImages
from ganatomy.errors import ScoreError
from ganatomy.experiments.studies.attributes.mixups import confusions, mixups
from ganatomy.experiments.studies.attributes.result import AttributeStudy, FactorReading, Mistake
from ganatomy.experiments.studies.attributes.saliency import occlusion
from ganatomy.metrics.classification import draws, read_attributes
from ganatomy.perception.base import Scorer, position
from ganatomy.perception.features import network_of
from ganatomy.perception.network import FactorScorer, NetworkScorer
from ganatomy.perception.onnx import OnnxScorer
from ganatomy.progress import Advance, Clock, Progress
from ganatomy.statistics.intervals import estimate

AT_ONCE = 64
"""Images that are read at once."""

SHOWN = 8
"""Attributes whose mistakes are shown, by default those with the smallest area under the ROC curve."""

NUM_MISTAKES = 6
"""Worst mistakes of an attribute."""

NUM_MAPS = 16
"""Images that maps are averaged over."""

SIZE_UNKNOWN = 128
"""Height and width for a classifier that does not say which it reads."""


@torch.no_grad()
def study_attributes(
    scorer: Scorer,
    images: LabelledImages,
    *,
    n: int | None = None,
    shown: Iterable[str] | None = None,
    saliency: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
) -> AttributeStudy:
    """How well a classifier reads the attributes of labelled images that it was not trained on.

    Args:
        scorer: any that looks at images: an attribute network, an ONNX classifier, words.
        images: with labels of some of its attributes; labels may be missing.
        n: images that are read, drawn by `seed`; by default all.
        shown: attributes whose worst mistakes are shown; by default the eight that are read worst.
        saliency: whether to find out where decisions come from, which takes 64 readings an image.
        seed: of the draw.
        progress: called with the stage, what is done of it, and how much it is.

    Raises:
        ScoreError: for a table of labels, and where no label is known.
        SettingError: when no attribute of the classifier has a label.
        UnknownNameError: for an attribute to be shown that has none.

    Example:
        >>> import ganatomy as ga
        >>> found = study_attributes(ga.scorer("faces"), ga.drawn_images(60, seed=1), saliency=False)
        >>> found.readings["Eyeglasses"].auc.value > 0.9
        True
    """
    scorer.require_images()
    images, clock = images.scored_by(scorer.names), Clock(progress=progress)
    if n is not None and n < len(images):
        images = images.select(np.sort(np.random.default_rng(seed).permutation(len(images))[:n]))
    if bool(images.labels.isnan().all()):
        raise ScoreError(f"no label of {', '.join(images.names)} is known in {images.description}")
    chosen, size = scorer.select(images.names), reading_size(scorer)
    logits, factors = [], []
    factor_scorer = _factor_scorer(scorer, images)
    with clock.stage("reading images") as advance:
        for rows in np.array_split(np.arange(len(images)), -(-len(images) // AT_ONCE)):
            part = images.images(rows, size)
            logits.append(chosen.score(part).logits.cpu())
            if factor_scorer is not None:
                factors.append(_own_unit(factor_scorer, part))
            advance(int(rows[-1]) + 1, len(images))
    read = torch.cat(logits)
    with clock.stage("figures"):
        readings = read_attributes(images.names, read, images.labels, people=images.people, seed=seed)
    if shown is None:
        by_auc = sorted(
            images.names, key=lambda name: (np.nan_to_num(readings[name].auc.value, nan=2.0), name)
        )
        shown = by_auc[:SHOWN]
    wrong = {name: _worst(read, images, position(name, images.names)) for name in shown}
    with clock.stage("where it looks") as advance:
        maps, background = _average_maps(chosen, images, size, advance) if saliency else ({}, None)
    with clock.stage("mistakes") as advance:
        mistakes: dict[str, tuple[Mistake, ...]] = {}
        for name, rows in wrong.items():
            mistakes[name] = _mistakes(chosen.select([name]), images, name, rows, size, saliency=saliency)
            advance(len(mistakes), len(wrong))
    return AttributeStudy(
        scorer=scorer.description,
        data=images.description,
        names=images.names,
        exclusive=images.exclusive,
        readings=readings,
        logits=read,
        labels=images.labels,
        pairs=(confusions if images.exclusive else mixups)(
            read if images.exclusive else torch.sigmoid(read), images.labels
        ),
        factors=()
        if factor_scorer is None
        else _factor_readings(torch.cat(factors), factor_scorer.network.config.factors, images, seed=seed),
        maps=maps,
        background=images.images(np.arange(1), size)[0] if background is None else background,
        mistakes=mistakes,
        seconds=dict(clock.seconds),
    )


def reading_size(scorer: Scorer) -> int:
    """Height and width at which a classifier is shown images: what it was trained on, where that is known."""
    network = network_of(scorer)
    if network is not None:
        return int(network.network.config.resolution)
    if isinstance(scorer, OnnxScorer):
        return max(scorer.input.size)
    return SIZE_UNKNOWN


def _factor_scorer(scorer: Scorer, images: LabelledImages) -> NetworkScorer | None:
    """The network, if it reads a factor that the images have."""
    network = network_of(scorer)
    shared = images.factors is not None and network is not None
    known = set(images.factor_names) & set(network.network.config.factors) if shared and network else ()
    return network if known else None


def _own_unit(scorer: NetworkScorer, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
    network = scorer.network
    values = FactorScorer(scorer).score(images).logits.to(network.factor_std.device)
    return (values * network.factor_std + network.factor_mean).cpu()


def _factor_readings(
    read: Float[Tensor, "n f"], names: tuple[str, ...], images: LabelledImages, *, seed: int
) -> tuple[FactorReading, ...]:
    """How near the factors of these names are read that the images have as well."""
    assert images.factors is not None
    found = []
    for name in (name for name in images.factor_names if name in names):
        true = images.factors[:, images.factor_names.index(name)]
        known = ~true.isnan()
        apart = (read[known, names.index(name)] - true[known]).double()
        people = None if images.people is None else images.people[known]
        weights, _ = draws(len(apart), people, seed=seed)
        middle = true[known].median()
        found.append(
            FactorReading(
                name=name,
                error=estimate(apart.abs().mean(), weights @ apart.abs()),
                base_error=float((true[known] - middle).abs().mean()),
                r2=float(1 - apart.square().mean() / true[known].double().var(correction=0)),
            )
        )
    return tuple(found)


def _worst(logits: Float[Tensor, "n a"], images: LabelledImages, column: int) -> Int[np.ndarray, " m"]:
    """Rows that are read wrongly, the surest first."""
    labels = images.labels[:, column]
    against = torch.where(labels > 0.5, -logits[:, column], logits[:, column])
    against = torch.where(labels.isnan(), -torch.inf, against)
    order = against.argsort(descending=True, stable=True)[:NUM_MISTAKES]
    return order[against[order] > 0].numpy()


def _average_maps(
    scorer: Scorer, images: LabelledImages, size: int, advance: Advance
) -> tuple[Mapping[str, Float[Tensor, "g g"]], Float[Tensor, "c h w"]]:
    rows = np.linspace(0, len(images) - 1, min(NUM_MAPS, len(images))).astype(np.int64)
    shown = images.images(rows, size)
    maps = occlusion(scorer, shown, progress=advance).mean(0)
    return dict(zip(images.names, maps, strict=True)), shown.mean(0)


def _mistakes(
    scorer: Scorer,
    images: LabelledImages,
    name: str,
    rows: Int[np.ndarray, " m"],
    size: int,
    *,
    saliency: bool,
) -> tuple[Mistake, ...]:
    if not len(rows):
        return ()
    column = images.names.index(name)
    shown = images.images(rows, size)
    chances = scorer.score(shown).probabilities[:, 0].tolist()
    maps = occlusion(scorer, shown)[:, 0] if saliency else [None] * len(rows)
    return tuple(
        Mistake(
            file=images.files[int(row)],
            image=shown[k],
            probability=chances[k],
            label=bool(images.labels[row, column] > 0.5),
            map=maps[k],
        )
        for k, row in enumerate(rows.tolist())
    )
