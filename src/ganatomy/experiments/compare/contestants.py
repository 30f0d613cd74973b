"""Who takes part: every way of finding directions, and every way of editing with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from ganatomy.directions import (
    METHODS,
    attribute_channels,
    exemplars,
    few_labels,
    ganspace,
    layer_names,
    pca,
    sefa,
)
from ganatomy.errors import ScoreError, SettingError
from ganatomy.experiments.compare.matching import match
from ganatomy.experiments.compare.material import Found, Material
from ganatomy.latents import Directions, Space

MARKS = 20
"""Marked images that few labels learn an attribute from, half of them with it."""

EXEMPLARS = 30
"""Images with an attribute that channels of style space are chosen by."""

COMPONENTS = 10
"""Directions of each method that needs no labels, to be named afterwards."""

PLAIN, LINEAR_HOLD, SELECTIVE_HOLD = "plain", "linear hold", "selective hold"
GUIDED, GUIDED_HOLD = "guided", "guided hold"
WAYS: Mapping[str, str] = {
    PLAIN: "one step along a direction",
    LINEAR_HOLD: "one step that holds the others in a linear model",
    SELECTIVE_HOLD: "one step that holds the others in single images",
    GUIDED: "each image led by gradients",
    GUIDED_HOLD: "each image led by gradients, the others held",
}
"""Every way of editing, in words."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One method of the comparison.

    Args:
        what: it is, in a few words. way: of editing, one of `WAYS`. find: its directions; None for guided edits.
    """

    what: str
    way: str = PLAIN
    find: Callable[[Material], Found] | None = None

    @property
    def holds(self) -> bool:
        """Whether the other attributes are held."""
        return self.way in (LINEAR_HOLD, SELECTIVE_HOLD, GUIDED_HOLD)


def _by_scores(method: str) -> Callable[[Material], Found]:
    def find(material: Material) -> Found:
        found = METHODS[method](material.survey, material.names, seed=material.seed)
        return Found(directions=found, labels=len(material.train))

    return find


def _by_gradients(method: str) -> Callable[[Material], Found]:
    def find(material: Material) -> Found:
        if material.survey.jacobians is None:
            raise SettingError("gradients do not flow from these scores to codes")
        found = METHODS[method](material.survey, material.names, seed=material.seed)
        return Found(directions=found, labels=len(material.survey.jacobians))

    return find


def _few_labels(material: Material) -> Found:
    train, rng = material.train, np.random.default_rng(material.seed)
    found = []
    for name in material.names:
        has = train.scores.column(name) > 0
        yes, no = (torch.from_numpy(rng.permutation(rows.nonzero()[:, 0].numpy())) for rows in (has, ~has))
        marks = [side[: MARKS // 2].tolist() for side in (yes, no)]
        if min(map(len, marks)) < MARKS // 2:
            raise ScoreError(f"there are not {MARKS // 2} images with {name} and as many without to mark")
        found.append(few_labels(train, *marks, name=name, num_next=0, seed=material.seed).direction)
    return Found(directions=Directions(found), labels=MARKS)


def _pca(material: Material) -> Found:
    latents = material.train.latents
    if latents.space is Space.Z:
        raise SettingError("codes in z spread evenly in all directions, so their components mean nothing")
    count = min(COMPONENTS, latents.codes[0].numel())
    return match(material, pca(material.train, num_components=count))


def _ganspace(material: Material) -> Found:
    space = material.survey.latents.space
    layers = layer_names(material.generator, space=space)
    maps = [name for name, shape in layers.items() if len(shape) == 3]
    if not maps:
        raise SettingError("this generator has no feature maps that could be looked into")
    found = ganspace(
        material.generator,
        layer=maps[0],
        n=len(material.train),
        num_components=COMPONENTS,
        space=space,
        seed=material.seed,
        batch_size=material.batch_size,
    )
    return match(material, found)


def _sefa(material: Material) -> Found:
    return match(material, sefa(material.generator, num_components=COMPONENTS, seed=material.seed))


def _stylespace(material: Material) -> Found:
    chosen = exemplars(material.train, material.names, num=EXEMPLARS)
    found = attribute_channels(material.generator, chosen, num_channels=1, seed=material.seed)
    return Found(directions=Directions(replace(d, layers=None) for d in found), labels=len(material.train))


CONTESTANTS: Mapping[str, Contestant] = {
    "linear": Contestant(what="linear map of probabilities", find=_by_scores("linear")),
    "penalty": Contestant(what="linear map with the paper's penalty", find=_by_scores("penalty")),
    "centroid": Contestant(what="difference of class means", find=_by_scores("centroid")),
    "discriminant": Contestant(what="linear discriminant", find=_by_scores("discriminant")),
    "logistic": Contestant(what="logistic regression", find=_by_scores("logistic")),
    "svm": Contestant(what="linear support vector machine", find=_by_scores("svm")),
    "regression": Contestant(what="ridge regression of logits", find=_by_scores("regression")),
    "pls": Contestant(what="partial least squares", find=_by_scores("pls")),
    "lowdin": Contestant(what="ridge regression, made orthogonal", find=_by_scores("lowdin")),
    "gradient": Contestant(what="mean gradient of the logit", find=_by_gradients("gradient")),
    "active": Contestant(what="active subspace of the logit", find=_by_gradients("active")),
    "few-labels": Contestant(what=f"{MARKS} marked images an attribute", find=_few_labels),
    "pca": Contestant(what="principal components of codes, named", find=_pca),
    "ganspace": Contestant(what="principal components of the first feature map, named", find=_ganspace),
    "sefa": Contestant(what="SeFa: directions of the first weights, named", find=_sefa),
    "stylespace": Contestant(what="one channel of style space", find=_stylespace),
    "dual": Contestant(what="regression, others held exactly", way=LINEAR_HOLD, find=_by_scores("dual")),
    "held": Contestant(
        what="regression, others held as its errors allow", way=LINEAR_HOLD, find=_by_scores("held")
    ),
    "selective": Contestant(
        what="others held by gradients of some images", way=SELECTIVE_HOLD, find=_by_gradients("selective")
    ),
    "guided": Contestant(what="led by gradients, nothing held", way=GUIDED),
    "guided-hold": Contestant(what="led by gradients, others held", way=GUIDED_HOLD),
}
"""Every method by the name that the command line, the page and the JSON use."""
