"""What chance alone gives: directions from shuffled labels, and how often they do as well as a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.directions import METHODS
from ganatomy.directions.base import auc
from ganatomy.errors import ScoreError
from ganatomy.experiments.compare.budget import Budget
from ganatomy.experiments.compare.editing import MethodResult
from ganatomy.metrics.entanglement import measure_steps
from ganatomy.metrics.fresh_images import FreshImages
from ganatomy.metrics.selectivity import selectivity
from ganatomy.progress import Advance
from ganatomy.statistics.intervals import Estimate, estimate
from ganatomy.statistics.tests import exceedance
from ganatomy.surveys import Survey

FINDER = "regression"
"""The method that finds directions in shuffled labels."""
NUM_SHUFFLES = 5
"""Times that the labels are shuffled; each gives one direction for every attribute."""
NUM_DRAWS = 999
"""Draws of the null distributions: the smallest p-value is one in a thousand."""
NUM_IMAGES = 12
"""Images that are edited along null directions."""


@dataclass(frozen=True, kw_only=True)
class Chance:
    """What would be measured if labels had nothing to do with codes.

    Args:
        selectivity: mean over attributes, along null directions; the interval holds 95 % of the draws.
        auc: of held-out codes whose labels were shuffled.
        p_selectivity: method to the share of draws that are at least as good; the method counts as one of them.
        p_auc: the same of AUC.
        num_directions: null directions.
        num_images: that were edited along them.
    """

    selectivity: Estimate
    auc: Estimate
    p_selectivity: Mapping[str, float]
    p_auc: Mapping[str, float]
    num_directions: int
    num_images: int


def chance_of(
    budget: Budget,
    images: FreshImages,
    results: Mapping[str, MethodResult],
    change: float,
    *,
    advance: Advance,
) -> Chance:
    """Edits of the first images along null directions, and the p-values of all methods."""
    names = next(iter(results.values())).changes.names
    null = null_selectivities(budget, images, change, names=names, advance=advance)
    labels, seed = budget.held.scores.logits > 0, budget.seed + 7
    mean = null.mean(1) if len(null) else torch.tensor([torch.nan])
    mixed = selectivity_null(null[0], null[1:], seed=seed) if len(null) > 1 else mean
    p_selectivity = {}
    areas, p_auc = torch.full((NUM_DRAWS,), torch.nan), {}
    for name, result in results.items():
        if len(null):
            few = result.changes.turned[:, : images.n]
            own = selectivity(few.mean(1), few.abs().mean(1), result.changes.targets)
            p_selectivity[name] = exceedance(float(own.mean()), selectivity_null(own, null, seed=seed))
        if result.along is not None:
            areas = auc_null(result.along, labels, seed=seed)
            p_auc[name] = exceedance(float(auc(result.along, labels).nanmean()), areas)
    return Chance(
        selectivity=estimate(mean.mean(), mixed),
        auc=estimate(areas.mean(), areas),
        p_selectivity=p_selectivity,
        p_auc=p_auc,
        num_directions=null.numel(),
        num_images=images.n,
    )


def shuffled(survey: Survey, *, seed: int) -> Survey:
    """The same codes with the scores of others: whole rows change places, so attributes go together as before."""
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(survey)))
    return replace(survey.in_memory(), scores=survey.scores[order], jacobians=None)


def null_selectivities(
    budget: Budget, images: FreshImages, change: float, *, names: Sequence[str], advance: Advance
) -> Float[Tensor, "r k"]:
    """Selectivity for each attribute along null directions: each row is from labels that were shuffled once."""
    rows = []
    for shuffle in range(NUM_SHUFFLES):
        try:
            directions = METHODS[FINDER](
                shuffled(budget.survey, seed=budget.seed + shuffle), budget.names, seed=budget.seed
            )
        except ScoreError:  # a rare attribute went to the held-out codes as a whole
            continue
        rows.append(measure_steps(images, directions.select(names), target_change=change).selectivities())
        advance(shuffle + 1, NUM_SHUFFLES)
    advance(NUM_SHUFFLES, NUM_SHUFFLES)
    return torch.stack(rows) if rows else torch.zeros(0, len(names))


def selectivity_null(
    method: Float[Tensor, " k"], null: Float[Tensor, "r k"], *, seed: int
) -> Float[Tensor, " b"]:
    """Draws of the mean selectivity if a method's directions were like null directions.

    The method's own value for an attribute and the null ones are then exchangeable: each draw takes one of them.
    """
    pool = torch.cat([method[None], null])
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
