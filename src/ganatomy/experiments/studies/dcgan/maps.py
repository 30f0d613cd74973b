"""The map of the classes, and what the critic has learnt: classes read off its features (DCGAN, sections 5 and 6)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor, nn

from ganatomy.critics import Critic, critic_features
from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError
from ganatomy.experiments.base import Experiment
from ganatomy.maps import ImageMap, classes_of, faithfulness, map_images
from ganatomy.metrics.linear_svm import FeatureComparison, critic_accuracy
from ganatomy.perception.features import Features, scorer_features
from ganatomy.progress import Advance, part_of
from ganatomy.statistics.intervals import Estimate
from ganatomy.surveys import Survey
from ganatomy.workers import read_images

MOST_POINTS = 1500
"""Images on one map."""
MOST_LABELLED = 1500
"""Images that an SVM learns from and is tested on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoMaps:
    """Two maps of the same images: by their codes, and by their features.

    Args:
        codes: by codes.
        features: by the critic's features, else the scorer's, else pixels.
        color: what points are coloured by, None without a scorer.
        codes_accuracy: share of points with the class, or the side of the attribute, that most of their neighbours on
            the map of codes have; None without a scorer.
        features_accuracy: the same on the map of features.
        chance: of always naming the commonest class or side.
    """

    codes: ImageMap
    features: ImageMap
    color: str | None
    codes_accuracy: Estimate | None = None
    features_accuracy: Estimate | None = None
    chance: float | None = None


def draw_maps(
    experiment: Experiment,
    critic: Critic | None,
    *,
    n: int,
    color: str | None,
    method: str = "tsne",
    advance: Advance | None = None,
) -> TwoMaps:
    """Both maps of the same images, `MOST_POINTS` at most.

    Args:
        color: an attribute, where there are no classes.
        method: as in `maps.embed`.
    """
    scorer = experiment.scorer
    features = (
        critic_features(critic)
        if critic is not None
        else "images"
        if scorer is None
        else scorer_features(scorer)
    )

    def draw(place: int, of: str | Features) -> ImageMap:
        part = part_of(advance, place, 2)
        return map_images(
            experiment.generator,
            of=of,
            method=method,
            n=min(n, MOST_POINTS),
            seed=experiment.seed,
            space=experiment.editing_space,
            truncation_psi=experiment.truncation_psi,
            scorer=scorer,
            batch_size=experiment.batch_size,
            progress=lambda _, done, total: part(done, total),
        )

    codes, seen = draw(0, "codes"), draw(1, features)
    color = seen.check_color(None if seen.classes else color)
    if color is None or seen.scores is None:
        return TwoMaps(codes=codes, features=seen, color=None)
    kinds = seen.classes.index if seen.classes else (seen.scores.column(color) > 0).cpu().long()
    by_codes, by_features = (
        faithfulness(it.map.xy, it.map.xy, classes=kinds, seed=experiment.seed) for it in (codes, seen)
    )
    return TwoMaps(
        codes=codes,
        features=seen,
        color=color,
        codes_accuracy=by_codes.class_accuracy,
        features_accuracy=by_features.class_accuracy,
        chance=by_codes.chance,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CriticAccuracy:
    """How well a linear SVM reads classes off a critic, which was trained without classes.

    Args:
        comparison: of its features, those of the same network untrained, pixels, and the scorer's.
        critic: one line about it.
        images: what it was tested on.
        labels: where classes are from.
        real: whether images and labels are real ones, or those of the generator and its scorer.
    """

    comparison: FeatureComparison
    critic: str
    images: str
    labels: str
    real: bool


def read_critic(
    experiment: Experiment,
    critic: Critic,
    survey: Survey,
    attribute: str | None,
    *,
    data: Reference | None,
    labels: Int[Tensor, " n"] | None,
    advance: Advance | None = None,
) -> CriticAccuracy | None:
    """On real images with their labels; else on surveyed images with the scorer's classes, or with one attribute.

    Raises:
        SettingError: for another number of labels than images.
    """
    scorer = experiment.scorer
    if data is not None and labels is not None:
        if len(labels) != len(data):
            raise SettingError(f"{len(labels)} labels do not go with {len(data)} images; give one for each")
        rows = torch.arange(min(len(data), MOST_LABELLED))
        images = torch.cat([data.read(part) for part in rows.split(256)])
        kinds, images_of_what, names = labels[rows], f"{len(rows)} of {data.description}", "the real labels"
    elif scorer is not None and attribute is not None:
        scores = survey.scores.select(scorer.names)[:MOST_LABELLED]
        classes = classes_of(scores)
        [images] = read_images(
            experiment.generator,
            survey.latents[:MOST_LABELLED],
            nn.Identity(),
            batch_size=experiment.batch_size,
            progress=advance,
        )
        kinds = scores.column(attribute) > 0 if classes is None else classes.index
        images_of_what = f"{len(images)} generated images"
        names = "the scorer's classes" if classes else f"the scorer's labels of {attribute}"
    else:
        return None
    return CriticAccuracy(
        comparison=critic_accuracy(critic, images, kinds, scorer=scorer, seed=experiment.seed),
        critic=critic.description,
        images=images_of_what,
        labels=names,
        real=labels is not None,
    )
