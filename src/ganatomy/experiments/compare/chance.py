"""What chance alone would give: labels shuffled, directions of nothing, and how often they do as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.directions import METHODS
from ganatomy.directions.base import auc
from ganatomy.errors import ScoreError
from ganatomy.experiments.compare.judge import Advance, Judge
from ganatomy.experiments.compare.material import Material
from ganatomy.metrics.selectivity import selectivity
from ganatomy.statistics.intervals import Estimate, estimate
from ganatomy.statistics.tests import exceedance
from ganatomy.surveys import Survey

FINDER = "regression"
"""The method that looks for directions in shuffled labels."""

NUM_SHUFFLES = 5
"""Times that the labels are shuffled and directions looked for; each gives one for every attribute."""

NUM_DRAWS = 999
"""Draws of the null distributions: the smallest p-value is one in a thousand."""

IMAGES = 12
"""Images that are edited along directions of chance."""


@dataclass(frozen=True, kw_only=True)
class Chance:
    """What would be seen if labels had nothing to do with codes.

    Args:
        selectivity: mean over attributes, along directions that were found in shuffled labels; the interval holds
            95 % of the draws. auc: of held-out codes whose labels were shuffled.
        p_selectivity, p_auc: method to the share of draws that are at least as good; the method counts as one of them.
    """

    selectivity: Estimate
    auc: Estimate
    p_selectivity: Mapping[str, float]
    p_auc: Mapping[str, float]
    num_directions: int
    num_images: int


def shuffled(survey: Survey, *, seed: int) -> Survey:
    """The same codes with the scores of others: whole rows change places, so attributes go together as before."""
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(survey)))
    return replace(survey, scores=survey.scores[order], jacobians=None)


def selectivities_of_nothing(
    material: Material, judge: Judge, change: float, *, progress: Advance | None = None
) -> Float[Tensor, "r k"]:
    """Selectivity for each attribute along directions from labels that were shuffled, once in each row."""
    rows = []
    for shuffle in range(NUM_SHUFFLES):
        try:
            nothing = METHODS[FINDER](
                shuffled(material.survey, seed=material.seed + shuffle), material.names, seed=material.seed
            )
        except ScoreError:  # a rare attribute went to the held-out codes as a whole
            continue
        effects = judge.effects(judge.step(nothing, change))
        rows.append(own_selectivity(effects.changes))
        if progress:
            progress(shuffle + 1, NUM_SHUFFLES)
    return torch.stack(rows) if rows else torch.zeros(0, len(material.names))


def own_selectivity(changes: Float[Tensor, "k n a"]) -> Float[Tensor, " k"]:
    """Selectivity (`mean_abs_all`) of edits whose k-th is meant for the k-th attribute."""
    return selectivity(changes.mean(1), changes.abs().mean(1), torch.arange(len(changes)))


def selectivity_null(
    method: Float[Tensor, " k"], nothing: Float[Tensor, "r k"], *, seed: int
) -> Float[Tensor, " b"]:
    """Draws of the mean selectivity if a method's directions were of the kind that shuffled labels give.

    The method's own value for an attribute and those of nothing are then exchangeable: each draw takes one of them.
    """
    pool = torch.cat([method[None], nothing])
    chosen = np.random.default_rng(seed).integers(len(pool), size=(NUM_DRAWS, pool.shape[1]))
    return pool.gather(0, torch.from_numpy(chosen)).mean(1)


def auc_null(along: Float[Tensor, "m k"], labels: Bool[Tensor, "m k"], *, seed: int) -> Float[Tensor, " b"]:
    """Draws of the mean AUC on held-out codes whose labels are shuffled as whole rows; ties in `along` count half."""
    from scipy.stats import rankdata

    ranks = torch.from_numpy(rankdata(along, axis=0))
    present = labels.sum(0).double()
    rng = np.random.default_rng(seed)
    # Shuffling the ranks is shuffling the labels, and whole rows of either keep attributes together.
    orders = torch.from_numpy(np.stack([rng.permutation(len(labels)) for _ in range(NUM_DRAWS)]))
    sums = torch.einsum("bmk,mk->bk", ranks[orders], labels.double())
    above = sums - present * (present + 1) / 2
    return (above / (present * (len(labels) - present))).nanmean(1)


def chance(
    material: Material,
    nothing: Float[Tensor, "r k"],
    few: Mapping[str, Float[Tensor, " k"]],
    along: Mapping[str, Float[Tensor, "m k"]],
    *,
    num_images: int,
) -> Chance:
    """All p-values.

    Args:
        nothing: from `selectivities_of_nothing`. few: method to its selectivities in the same images.
        along: method to where held-out codes lie along its directions.
    """
    labels = material.held.scores.logits > 0
    seed = material.seed + 7
    mean = nothing.mean(1) if len(nothing) else torch.tensor([torch.nan])
    mixed = selectivity_null(nothing[0], nothing[1:], seed=seed) if len(nothing) > 1 else mean
    p_selectivity = {
        name: exceedance(float(values.mean()), selectivity_null(values, nothing, seed=seed))
        for name, values in few.items()
        if len(nothing)
    }
    areas, p_auc = torch.full((NUM_DRAWS,), torch.nan), {}
    for name, values in along.items():
        areas = auc_null(values, labels, seed=seed)
        p_auc[name] = exceedance(float(auc(values, labels).nanmean()), areas)
    return Chance(
        selectivity=estimate(mean.mean(), mixed),
        auc=estimate(areas.mean(), areas),
        p_selectivity=p_selectivity,
        p_auc=p_auc,
        num_directions=nothing.numel(),
        num_images=num_images,
    )
