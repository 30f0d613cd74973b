"""Is A better than B? Permutation tests, paired by image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.statistics.formatting import p_value
from ganatomy.statistics.intervals import Estimate, estimate, resampling

NUM_SWAPS = 4000
"""Random exchanges of two methods, image by image, that a p-value is counted among."""
SIGNIFICANT = 0.05
"""The largest p-value that counts as significant."""


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """By how much one method is above another in the same images.

    Args:
        difference: of their figures; its interval is from resampling the images, the same for both methods.
        factor: their ratio, likewise.
        p: share of exchanges of the two methods, image by image, that give a difference at least as large.
    """

    difference: Estimate
    factor: Estimate
    p: float
    num_images: int

    @property
    def significant(self) -> bool:
        """Whether the methods differ by more than chance: by the test, and by an interval without 0."""
        return self.p <= SIGNIFICANT and self.difference.excludes_zero

    @property
    def images_needed(self) -> int | None:
        """About how many images would make a difference of this size significant; None for no difference."""
        size = abs(self.difference.value)
        if not math.isfinite(size) or not size:
            return None
        return max(2, math.ceil(self.num_images * (self.difference.error / size) ** 2))

    def __str__(self) -> str:
        return f"{self.difference} more, {self.factor} times, {p_value(self.p)} ({self.num_images} images)"


def paired_test(
    one: Float[Tensor, "n *f"],
    other: Float[Tensor, "m *g"],
    statistic: Callable[[Float[Tensor, "b *f"]], Float[Tensor, " b"]],
    *,
    seed: int = 0,
) -> PairedTest:
    """Compare two methods that were applied to the same images (a paired, two-sided permutation test; Good 2005).

    If both methods were equally good, it would not matter which of them did what in an image. So the difference is
    held against what it becomes when the two are exchanged at random in each image.

    Args:
        one: what the first method did in each of n images.
        other: what the second did in the same images.
        statistic: the figure of a method from means over images, one for each row.

    Returns:
        Difference and ratio of the figures with their intervals, and p.

    Raises:
        SettingError: for rows of different shapes.

    Example:
        >>> rows = torch.linspace(0, 1, 20)
        >>> found = paired_test(rows + 1, rows, lambda mean: mean)
        >>> round(found.difference.value, 6), found.significant
        (1.0, True)
    """
    if one.shape != other.shape:
        raise SettingError(f"rows of shapes {list(one.shape)} and {list(other.shape)} are not paired")
    n, one, other = len(one), one.double(), other.double()

    def weighted(weights: Float[Tensor, "b n"], rows: Tensor) -> Tensor:
        return torch.tensordot(weights, rows, dims=1)

    draws = resampling(n, seed=seed)
    a, b = (statistic(rows.mean(0, keepdim=True))[0] for rows in (one, other))
    drawn_a, drawn_b = (statistic(weighted(draws, rows)) for rows in (one, other))
    first, second = exchanged_means(one, other, random_swaps(n, seed=seed))
    swapped = statistic(first) - statistic(second)
    return PairedTest(
        difference=estimate(a - b, drawn_a - drawn_b),
        factor=estimate(a / b, drawn_a / drawn_b),
        # Differences that are equal but for rounding count as equal.
        p=exceedance(float((a - b).abs()) * (1 - 1e-9), swapped.abs()),
        num_images=n,
    )


def random_swaps(n: int, *, seed: int, num: int = NUM_SWAPS) -> Float[Tensor, "b n"]:
    """Which of n images exchange their two methods (1) or keep them (0), in each of the draws."""
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 2, (num, n))).double()


def exchanged_means(
    one: Float[Tensor, "n *f"], other: Float[Tensor, "n *f"], swaps: Float[Tensor, "b n"]
) -> tuple[Float[Tensor, "b *f"], Float[Tensor, "b *f"]]:
    """The means of two methods after they were exchanged in some images.

    >>> exchanged_means(torch.tensor([1.0, 3.0]), torch.tensor([5.0, 7.0]), torch.tensor([[1.0, 0.0]]))
    (tensor([4.]), tensor([4.]))
    """
    moved = torch.tensordot(swaps / len(one), other - one, dims=1)
    return one.mean(0) + moved, other.mean(0) - moved


def smallest_p(n: int, *, num: int = NUM_SWAPS) -> float:
    """The smallest p-value that n images can reach: two of their 2^n exchanges leave the size of every difference.

    >>> smallest_p(5), smallest_p(100, num=9999)
    (0.0625, 0.0001)
    """
    return max(2.0 ** (1 - n), 1 / (num + 1))


def exceedance(observed: float, null: Float[Tensor, " r"]) -> float:
    """The p-value of a permutation test: the observed value is one of the draws, and ties count.

    >>> exceedance(2.0, torch.tensor([1.0, 2.0, 3.0])), exceedance(9.0, torch.zeros(99))
    (0.75, 0.01)
    """
    return (1 + int((null >= observed).sum())) / (1 + len(null))
