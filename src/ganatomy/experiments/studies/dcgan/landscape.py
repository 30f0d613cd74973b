"""The map of the classes, and what the critic has learnt: classes told by its features (DCGAN, sections 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from ganatomy.critics import Critic, critic_features
from ganatomy.datasets.references import Reference
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.maps import ImageMap, classes_of, faithfulness, map_images
from ganatomy.metrics.base import read_images
from ganatomy.metrics.linear_svm import FeatureComparison, critic_accuracy
from ganatomy.perception.base import Scorer
from ganatomy.perception.features import Features, scorer_features
from ganatomy.statistics.intervals import Estimate
from ganatomy.surveys import Survey

MOST_POINTS = 1500
"""Images on one map."""
MOST_LABELLED = 1500
"""Images that an SVM learns from and is judged on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Landscape:
    """Two maps of the same images: by their codes, and by what is seen in them.

    Args:
        seen: by the critic's features, else the scorer's, else pixels.
        color: what points are coloured by, None where nobody looked.
        told_by_codes, told_by_sight: share of points with the class, or the side of the attribute, that most of their
            neighbours on that map have. chance: of always naming the commonest. All None where nobody looked.
    """

    codes: ImageMap
    seen: ImageMap
    color: str | None
    told_by_codes: Estimate | None = None
    told_by_sight: Estimate | None = None
    chance: float | None = None


def lay_out(
    generator: Generator,
    scorer: Scorer | None,
    critic: Critic | None,
    *,
    n: int,
    space: str,
    color: str | None,
    method: str = "tsne",
    seed: int = 0,
    truncation_psi: float = 1.0,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Landscape:
    """Both maps; seed 000 shows one of codes, and says that images of a class are together there.

    Args:
        color: an attribute, where there are no classes. method: as in `maps.embed`.
    """
    ways: dict[str, Features | None] = {"codes": None}
    if critic is not None:
        ways["critic"] = critic_features(critic)
    elif scorer is not None:
        ways["features"] = scorer_features(scorer)
    else:
        ways["images"] = None
    found = [
        map_images(
            generator,
            of=of,
            method=method,
            n=min(n, MOST_POINTS),
            seed=seed,
            space=space,
            truncation_psi=truncation_psi,
            scorer=scorer,
            features=features,
            batch_size=batch_size,
            progress=_half(progress, place),
        )
        for place, (of, features) in enumerate(ways.items())
    ]
    codes, seen = found
    color = seen.check_color(None if seen.classes else color)
    if color is None or seen.scores is None:
        return Landscape(codes=codes, seen=seen, color=None)
    kinds = seen.classes.index if seen.classes else (seen.scores.column(color) > 0).cpu().long()
    by_codes, by_sight = (
        faithfulness(images.map.xy, images.map.xy, classes=kinds, seed=seed) for images in (codes, seen)
    )
    return Landscape(
        codes=codes,
        seen=seen,
        color=color,
        told_by_codes=by_codes.class_accuracy,
        told_by_sight=by_sight.class_accuracy,
        chance=by_codes.chance,
    )


def _half(progress: Callable[[int, int], None] | None, place: int) -> Callable[[str, int, int], None] | None:
    """The progress of the first or the second map, as a part of both; laying out is told with drawing."""
    if progress is None:
        return None
    return lambda _, done, total: progress(place * total + done, 2 * total)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """How well classes are told by a critic, which was never told any.

    Args:
        comparison: of its features, those of the same network untrained, pixels, and the scorer's.
        critic: one line about it. images: what was looked at. labels: who named the classes.
        real: whether images and labels are real ones, or those of the generator and its scorer.
    """

    comparison: FeatureComparison
    critic: str
    images: str
    labels: str
    real: bool


def read_real(
    critic: Critic,
    scorer: Scorer | None,
    data: Reference,
    labels: Int[Tensor, " n"],
    *,
    seed: int = 0,
) -> Reading:
    """Of real images with their labels, `MOST_LABELLED` at most.

    Raises:
        SettingError: for another number of labels than images.
    """
    if len(labels) != len(data):
        raise SettingError(f"{len(labels)} labels do not go with {len(data)} images; give one for each")
    rows = torch.arange(min(len(data), MOST_LABELLED))
    images = torch.cat([data.read(part) for part in rows.split(256)])
    return Reading(
        comparison=critic_accuracy(critic, images, labels[rows], scorer=scorer, seed=seed),
        critic=critic.description,
        images=f"{len(rows)} of {data.description}",
        labels="the real labels",
        real=True,
    )


def read_generated(
    generator: Generator,
    critic: Critic,
    scorer: Scorer,
    survey: Survey,
    attribute: str,
    *,
    seed: int = 0,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Of generated images, with the classes that the scorer sees in them; else with and without one attribute."""
    scores = survey.scores.select(scorer.names)[:MOST_LABELLED]
    classes = classes_of(scores)
    labels = scores.column(attribute) > 0 if classes is None else classes.index
    images = read_images(
        generator, survey.latents[:MOST_LABELLED], lambda x: x, batch_size=batch_size, progress=progress
    )
    return Reading(
        comparison=critic_accuracy(critic, images, labels, scorer=scorer, seed=seed),
        critic=critic.description,
        images=f"{len(images)} generated images",
        labels=f"the scorer's {f'answers to {attribute}' if classes is None else 'classes'}",
        real=False,
    )
