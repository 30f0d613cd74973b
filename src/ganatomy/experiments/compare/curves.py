"""How much is paid for how much: collateral against target change, and quality against the number of labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions import METHODS
from ganatomy.directions.base import HELD_OUT, auc
from ganatomy.errors import ScoreError
from ganatomy.experiments.compare.chance import own_selectivity
from ganatomy.experiments.compare.judge import Effects, Judge
from ganatomy.experiments.compare.material import Material
from ganatomy.latents import Directions, Latents
from ganatomy.statistics.intervals import Estimate, estimate, resampling

TRADED = ("regression", "dual", "held", "selective", "guided", "guided-hold")
"""Methods whose target change is paid for with collateral: one of each way of editing, and both linear holds."""

CHANGES = (0.1, 0.4)
"""Target changes beside the one of the comparison."""

TRADED_ATTRIBUTES, TRADED_IMAGES = 4, 12
"""At most so many attributes and images are edited once more for each of these."""

LEARNERS = ("regression", "logistic", "centroid")
"""Finders that learn from fewer and fewer labels."""

FEWEST = 50
SIZES = 4
REPEATS = 5
"""Draws of each number of labels, to see how much luck there is."""


@dataclass(frozen=True, kw_only=True)
class Trade:
    """At one strength: the mean change of the target, and the mean |change| of each other attribute."""

    asked: float
    change: Estimate
    collateral: Estimate


@dataclass(frozen=True, kw_only=True)
class Size:
    """What n labels give: held-out AUC (between the best and the worst draw), and selectivity of the first draw."""

    n: int
    auc: Estimate
    selectivity: Estimate | None = None


def trade(effects: Effects, targets: Sequence[int], asked: float, *, seed: int) -> Trade:
    """Where edits are on the curve; the interval is from resampling images."""
    changes = effects.changes
    is_target = torch.zeros(changes.shape[0], changes.shape[2], dtype=torch.bool)
    is_target[torch.arange(len(targets)), torch.tensor(targets)] = True
    own = changes.transpose(1, 2)[is_target].mean(0)
    others = changes.abs().transpose(1, 2)[~is_target].mean(0)
    weights = resampling(len(own), seed=seed).to(own)
    return Trade(
        asked=asked,
        change=estimate(own.mean(), weights @ own),
        collateral=estimate(others.mean(), weights @ others),
    )


def sizes(num_train: int) -> list[int]:
    """Numbers of labels from `FEWEST` to all, in equal ratios.

    >>> sizes(1050)
    [50, 138, 381, 1050]
    """
    if num_train <= FEWEST:
        return [num_train]
    return [round(n) for n in np.geomspace(FEWEST, num_train, SIZES)]


def smaller(material: Material, method: str, n: int, *, repeat: int) -> Directions | None:
    """Directions from n labels; None where so few do not have and lack every attribute.

    A method keeps a share of what it is given to judge itself by; it is given that much more.
    """
    order = np.random.default_rng((material.seed, repeat)).permutation(len(material.train))
    rows = torch.from_numpy(np.sort(order[: min(len(order), math.ceil(n / (1 - HELD_OUT)))]))
    part = material.train[rows]
    try:
        if n == len(material.train):
            return METHODS[method](material.survey, material.names, seed=material.seed)
        return METHODS[method](part, material.names, seed=material.seed + repeat)
    except ScoreError:
        return None


def areas_of(directions: Directions, latents: Latents, labels: Tensor) -> Float[Tensor, " k"]:
    """Held-out AUC of each direction."""
    return auc(latents.codes.detach().cpu().flatten(1) @ directions.matrix.T, labels)


def learning(material: Material, method: str, *, judge: Judge | None, change: float) -> tuple[Size, ...]:
    """A finder with more and more labels; with a judge, what its directions change in images as well."""
    labels = material.held.scores.logits > 0
    found = []
    for n in sizes(len(material.train)):
        repeats = 1 if n == len(material.train) else REPEATS
        tries = [smaller(material, method, n, repeat=repeat) for repeat in range(repeats)]
        whole = [directions for directions in tries if directions is not None]
        if not whole:
            continue
        areas = torch.stack([areas_of(each, material.held.latents, labels).nanmean() for each in whole])
        clean = None
        if judge is not None:
            changes = judge.effects(judge.step(whole[0], change)).changes
            weights = resampling(changes.shape[1], seed=material.seed).to(changes)
            resampled = [own_selectivity_of(changes, row) for row in weights[:200]]
            clean = estimate(own_selectivity(changes).mean(), torch.stack(resampled))
        found.append(
            Size(
                n=n,
                auc=Estimate(value=float(areas.mean()), low=float(areas.min()), high=float(areas.max())),
                selectivity=clean,
            )
        )
    return tuple(found)


def own_selectivity_of(changes: Float[Tensor, "k n a"], weights: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean selectivity in images that count as these weights say."""
    return own_selectivity(changes * (weights * len(weights))[None, :, None]).mean()


Trades = Mapping[str, tuple[Trade, ...]]
Learning = Mapping[str, tuple[Size, ...]]
