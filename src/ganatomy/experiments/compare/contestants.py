"""Every method that is compared: how it finds directions, and how it edits with them."""

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
from ganatomy.experiments.compare.budget import Budget, Found
from ganatomy.experiments.compare.matching import match
from ganatomy.guidance.guided import NUM_OTHERS
from ganatomy.latents import Directions, Space

NUM_LABELS = 20
"""Labelled images that few labels learn an attribute from, half of them with it."""
EXEMPLARS = 30
"""Images with an attribute that channels of style space are chosen by."""
COMPONENTS = 10
"""Directions of each method that needs no labels; they are named afterwards."""
NO_GRADIENTS = "gradients do not flow from these scores to codes"

PLAIN, LINEAR_HOLD, SELECTIVE_HOLD = "plain", "linear hold", "selective hold"
GUIDED, GUIDED_HOLD = "guided", "guided hold"
EDITS: Mapping[str, str] = {
    PLAIN: "one step along a direction",
    LINEAR_HOLD: "one step, others held fixed in a linear model",
    SELECTIVE_HOLD: "one step, others held fixed in single images",
    GUIDED: "guided edit of each image",
    GUIDED_HOLD: "guided edit of each image, others held fixed",
}
"""Every kind of edit, in words."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One method of the comparison.

    Args:
        what: it is, in a few words.
        edit: what kind, one of `EDITS`.
    """

    what: str
    find: Callable[[Budget], Found]
    edit: str = PLAIN

    @property
    def holds(self) -> bool:
        """Whether the other attributes are held fixed."""
        return self.edit in (LINEAR_HOLD, SELECTIVE_HOLD, GUIDED_HOLD)

    @property
    def guided(self) -> bool:
        """Whether each image is edited by itself, without directions."""
        return self.edit in (GUIDED, GUIDED_HOLD)


def _by(method: str, *, gradients: bool = False) -> Callable[[Budget], Found]:
    """A method that learns from the scores of all codes, or from the gradients of some."""

    def find(budget: Budget) -> Found:
        learnt = budget.survey.jacobians if gradients else budget.train
        if learnt is None:
            raise SettingError(NO_GRADIENTS)
        found = METHODS[method](budget.survey, budget.names, seed=budget.seed)
        return Found(directions=found, num_labels=len(learnt))

    return find


def _few_labels(budget: Budget) -> Found:
    train, rng = budget.train, np.random.default_rng(budget.seed)
    found = []
    for name in budget.names:
        has = train.scores.column(name) > 0
        yes, no = (torch.from_numpy(rng.permutation(rows.nonzero()[:, 0].numpy())) for rows in (has, ~has))
        labels = [side[: NUM_LABELS // 2].tolist() for side in (yes, no)]
        if min(map(len, labels)) < NUM_LABELS // 2:
            raise ScoreError(
                f"there are not {NUM_LABELS // 2} images with {name} and as many without to label"
            )
        found.append(few_labels(train, *labels, name=name, num_next=0, seed=budget.seed).direction)
    return Found(directions=Directions(found), num_labels=NUM_LABELS)


def _pca(budget: Budget) -> Found:
    latents = budget.train.latents
    if latents.space is Space.Z:
        raise SettingError("codes in z vary alike in all directions, so they have no principal components")
    count = min(COMPONENTS, latents.codes[0].numel())
    return match(budget, pca(budget.train, num_components=count))


def _ganspace(budget: Budget) -> Found:
    space = budget.survey.space
    layers = layer_names(budget.experiment.generator, space=space)
    maps = [name for name, shape in layers.items() if len(shape) == 3]
    if not maps:
        raise SettingError("this generator has no feature maps")
    found = ganspace(
        budget.experiment.generator,
        layer=maps[0],
        n=len(budget.train),
        num_components=COMPONENTS,
        space=space,
        seed=budget.seed,
        batch_size=budget.experiment.batch_size,
    )
    return match(budget, found)


def _sefa(budget: Budget) -> Found:
    return match(budget, sefa(budget.experiment.generator, num_components=COMPONENTS, seed=budget.seed))


def _stylespace(budget: Budget) -> Found:
    chosen = exemplars(budget.train, budget.names, num=EXEMPLARS)
    found = attribute_channels(budget.experiment.generator, chosen, num_channels=1, seed=budget.seed)
    return Found(directions=Directions(replace(d, layers=None) for d in found), num_labels=len(budget.train))


def _guided(budget: Budget) -> Found:
    """No directions; without gradients the edits follow those of regression, which learns from all labels."""
    return Found(
        directions=None, num_labels=len(budget.train) if budget.differentiable is None else NUM_OTHERS
    )


CONTESTANTS: Mapping[str, Contestant] = {
    "linear": Contestant(what="linear map of probabilities", find=_by("linear")),
    "penalty": Contestant(what="linear map with the paper's penalty", find=_by("penalty")),
    "centroid": Contestant(what="difference of class means", find=_by("centroid")),
    "discriminant": Contestant(what="linear discriminant", find=_by("discriminant")),
    "logistic": Contestant(what="logistic regression", find=_by("logistic")),
    "svm": Contestant(what="linear support vector machine", find=_by("svm")),
    "interfacegan": Contestant(
        what="InterFaceGAN's support vector machine, as published", find=_by("interfacegan")
    ),
    "regression": Contestant(what="ridge regression of logits", find=_by("regression")),
    "pls": Contestant(what="partial least squares", find=_by("pls")),
    "lowdin": Contestant(what="ridge regression, made orthogonal", find=_by("lowdin")),
    "gradient": Contestant(what="mean gradient of the logit", find=_by("gradient", gradients=True)),
    "active": Contestant(what="active subspace of the logit", find=_by("active", gradients=True)),
    "few-labels": Contestant(what=f"{NUM_LABELS} labelled images an attribute", find=_few_labels),
    "pca": Contestant(what="principal components of codes, named", find=_pca),
    "ganspace": Contestant(what="principal components of the first feature map, named", find=_ganspace),
    "sefa": Contestant(what="SeFa: directions of the first weights, named", find=_sefa),
    "stylespace": Contestant(what="one channel of style space", find=_stylespace),
    "dual": Contestant(what="regression, others held fixed exactly", edit=LINEAR_HOLD, find=_by("dual")),
    "held": Contestant(
        what="regression, others held fixed as far as its errors allow",
        edit=LINEAR_HOLD,
        find=_by("held"),
    ),
    "selective": Contestant(
        what="others held fixed by the gradients of some images",
        edit=SELECTIVE_HOLD,
        find=_by("selective", gradients=True),
    ),
    "guided": Contestant(what="guided edits, nothing held fixed", edit=GUIDED, find=_guided),
    "guided-hold": Contestant(what="guided edits, others held fixed", edit=GUIDED_HOLD, find=_guided),
}
"""Every method by the name that the command line, the page and the JSON use."""
