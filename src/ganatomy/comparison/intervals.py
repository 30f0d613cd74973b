"""Intervals by resampling: the same draws for every contestant, so that their differences are paired."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.estimates import Estimate

NUM_RESAMPLES = 1000
CONFIDENCE = 0.95


def draws(n: int, *, seed: int, num: int = NUM_RESAMPLES) -> Float[Tensor, "b n"]:
    """How much each of n pictures counts in each of the draws with replacement; rows add up to 1."""
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=num)
    return torch.from_numpy(counts).float() / n


def estimate(value: Tensor | float, resampled: Float[Tensor, " b"]) -> Estimate:
    """A figure with the middle 95 % of what it would have been; of draws without a figure the others are taken."""
    kept = resampled[~resampled.isnan()].double().numpy()
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    # By order and not by interpolation: between an infinite draw and the next there is nothing.
    low, high = np.quantile(kept, tails, method="nearest") if len(kept) else (np.nan, np.nan)
    return Estimate(value=float(value), low=float(low), high=float(high))


def weighted_auc(
    values: Float[Tensor, " m"], labels: Bool[Tensor, " m"], weights: Float[Tensor, "b m"]
) -> Float[Tensor, " b"]:
    """Area under the ROC curve in each draw; ties count half, and nan stands where a draw has one class only."""
    _, place = values.unique(return_inverse=True)
    shape = (len(weights), int(place.max()) + 1)
    present, absent = (
        torch.zeros(shape, dtype=torch.float64).index_add_(1, place, weights.double() * side)
        for side in (labels, ~labels)
    )
    above = (present * (absent.cumsum(1) - absent / 2)).sum(1)
    return above / (present.sum(1) * absent.sum(1))
