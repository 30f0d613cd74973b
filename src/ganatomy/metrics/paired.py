"""Whether one way of editing is cleaner than another, in the same images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics.entanglement import Entanglement
from ganatomy.metrics.selectivity import selectivity
from ganatomy.statistics.intervals import Estimate, estimate, resampling

NUM_SWAPS = 4000
"""Ways of exchanging two methods image by image that a p-value is counted among."""
SURE = 0.05
"""A p-value up to this is taken for more than chance."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """By how much the mean selectivity of one way is above that of another.

    Args:
        difference: with its interval, from drawing the same images again for both.
        factor: the one over the other, likewise.
        p: share of exchanges of the two ways, image by image, that give a difference at least as large.
    """

    difference: Estimate
    factor: Estimate
    p: float
    num_images: int

    @property
    def sure(self) -> bool:
        """Whether the two can be told apart: by the test, and by an interval that leaves 0 out."""
        return self.p <= SURE and (self.difference.low > 0 or self.difference.high < 0)

    @property
    def enough(self) -> int | None:
        """About how many images would tell a difference of this size from none; None for no difference."""
        size = abs(self.difference.value)
        if not math.isfinite(size) or not size:
            return None
        return max(2, math.ceil(self.num_images * (self.difference.error / size) ** 2))

    def __str__(self) -> str:
        return f"{self.difference} more, {self.factor} times, p = {self.p:.3g} ({self.num_images} images)"


def paired(one: Entanglement, other: Entanglement, *, form: str = "mean_abs_all") -> Paired:
    """Compare the mean selectivity of two ways that moved the same attributes in the same images.

    If both ways did alike, it would not matter which of the two did what in an image; so the difference is held
    against what it is when the two are exchanged in each image by the toss of a coin (a paired permutation test,
    two-sided; Good 2005).

    Raises:
        SettingError: for results of different images or attributes.
    """
    if (one.names, one.attributes) != (other.names, other.attributes) or not one.before.equal(other.before):
        raise SettingError(
            "these results are of different images or attributes; measure both with one seed and n"
        )
    n = len(one.before)
    rows = [result.changes * result.strengths.sign()[:, None, None] for result in (one, other)]
    everyone = torch.full((1, n), 1 / n, dtype=torch.float64)
    draws = resampling(n, seed=one.seed)
    a, b = (_selectivity(row, everyone, one, form)[0] for row in rows)
    again = [_selectivity(row, draws, one, form) for row in rows]
    tosses = torch.from_numpy(np.random.default_rng(one.seed).integers(0, 2, (NUM_SWAPS, n))).double()
    swapped = _swapped(rows, tosses, one, form) - _swapped(rows, 1 - tosses, one, form)
    extreme = int((swapped.abs() >= (a - b).abs() * (1 - 1e-9)).sum())
    return Paired(
        difference=estimate(a - b, again[0] - again[1]),
        factor=estimate(a / b, again[0] / again[1]),
        p=(extreme + 1) / (NUM_SWAPS + 1),
        num_images=n,
    )


def _selectivity(
    rows: Float[Tensor, "k n a"], weights: Float[Tensor, "b n"], result: Entanglement, form: str
) -> Float[Tensor, " b"]:
    """Mean selectivity in images that count as each row of weights says."""
    mean, size = (torch.einsum("bn,kna->bka", weights, part.double()) for part in (rows, rows.abs()))
    return selectivity(mean, size, result.targets, form=form).mean(1)


def _swapped(
    rows: list[Tensor], tosses: Float[Tensor, "b n"], result: Entanglement, form: str
) -> Float[Tensor, " b"]:
    """Mean selectivity where a toss of 1 takes an image from the first way, of 0 from the other."""
    n = tosses.shape[1]
    one, other = (row.double() for row in rows)

    def mixed(first: Tensor, second: Tensor) -> Tensor:
        return torch.einsum("bn,kna->bka", tosses / n, first - second) + second.mean(1)

    mean, size = mixed(one, other), mixed(one.abs(), other.abs())
    return selectivity(mean, size, result.targets, form=form).mean(1)
