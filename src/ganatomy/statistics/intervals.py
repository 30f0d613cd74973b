"""How sure is a figure? Estimates with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

NUM_RESAMPLES = 1000
CONFIDENCE = 0.95
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
FEW = 500_000
"""Largest number of weights that are kept for the next figure of as many rows, 4 MB; to draw them takes the longest."""
NUM_GROUPS = 10
"""Parts of a sample that `jackknife` leaves out, one at a time."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0

    def data(self) -> dict[str, float]:
        """For JSON: `{"value", "low", "high"}`, the one form of an estimate in every file."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        return f"{rounded(self.value, 3)} ± {rounded(self.error, 2)}"


UNMEASURED = Estimate(value=math.nan, low=math.nan, high=math.nan)


def rounded(number: float, digits: int) -> str:
    """A number with so many significant digits; an exponent only from a million on.

    >>> rounded(187.3, 2), rounded(0.0457, 2), rounded(3e-9, 2)
    ('190', '0.046', '3e-09')
    """
    text = f"{number:.{digits}g}"
    return f"{float(text):.0f}" if "e+" in text and abs(number) < 1e6 else text


def resampling(n: int, *, seed: int, num: int = NUM_RESAMPLES) -> Float[Tensor, "b n"]:
    """Bootstrap weights: the share of each of n rows in each draw with replacement; every draw adds up to 1."""
    return _kept_weights(n, seed, num) if n * num <= FEW else _weights(n, seed, num)


def _weights(n: int, seed: int, num: int) -> Float[Tensor, "b n"]:
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=num)
    return torch.from_numpy(counts).double() / n


_kept_weights = lru_cache(maxsize=4)(_weights)


def estimate(value: Tensor | float, resampled: Float[Tensor, " b"]) -> Estimate:
    """A figure with the interval that holds the middle 95 % of its resampled values; nan values are left out."""
    kept = resampled[~resampled.isnan()].double().numpy()
    # Without interpolation, which is undefined beside an infinite value.
    low, high = np.quantile(kept, TAILS, method="nearest") if len(kept) else (math.nan, math.nan)
    return Estimate(value=float(value), low=float(low), high=float(high))


def middle(resampled: Float[Tensor, "b *shape"]) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Both ends of the middle 95 % of each column of resampled values."""
    ends = np.quantile(resampled.numpy(), TAILS, axis=0)  # torch sorts, which takes longer than to select
    low, high = torch.from_numpy(ends).to(resampled.dtype)
    return low, high


def best_of(values: Float[Tensor, " k"], resampled: Float[Tensor, "b k"]) -> tuple[int, Estimate]:
    """The largest of k figures, corrected for being the largest of many, with its interval.

    The largest of several noisy figures is on average too large. By how much, the draws say: in each, the largest is
    compared with the figure that it was drawn around (basic bootstrap).

    Args:
        values: the figures, at least one of which is a number.
        resampled: what they would have been in each draw, the same draws for all.

    Returns:
        Which one is the largest, and its corrected figure.

    Example:
        >>> which, found = best_of(torch.zeros(4), torch.randn(1000, 4, generator=torch.Generator().manual_seed(0)))
        >>> found.value < -0.9, found.high < 0.5
        (True, True)
    """
    known = values.double().nan_to_num(nan=-math.inf)
    drawn = torch.where(resampled.isnan(), -math.inf, resampled.double())
    winner = int(known.argmax())
    winners = drawn.argmax(1)
    excess = drawn.gather(1, winners[:, None])[:, 0] - known[winners]
    kept = excess[torch.isfinite(excess)]
    top = float(known[winner])
    if not len(kept) or not math.isfinite(top):
        return winner, Estimate(value=top, low=math.nan, high=math.nan)
    low, high = (float(end) for end in middle(kept))
    return winner, Estimate(value=top - float(kept.mean()), low=top - high, high=top - low)


def mean_of(values: Float[Tensor, " n"], *, seed: int = 0) -> Estimate:
    """The mean of independent rows, with its bootstrap interval."""
    values = values.detach().cpu().double()
    return estimate(float(values.mean()), resampling(len(values), seed=seed) @ values)


def simultaneous_means(rows: Float[Tensor, "n k"], *, seed: int = 0) -> list[Estimate]:
    """The means of k columns of independent rows, with bootstrap intervals that all hold at once.

    The largest error of any column, in its own standard errors, sets the width of all.
    """
    rows = rows.detach().cpu().double()
    means = rows.mean(0)
    errors = (resampling(len(rows), seed=seed) @ rows - means).abs()
    scale = errors.square().mean(0).sqrt().clamp(min=1e-12)
    half = torch.quantile((errors / scale).amax(1), CONFIDENCE) * scale
    return [
        Estimate(value=value, low=value - reach, high=value + reach)
        for value, reach in zip(means.tolist(), half.tolist(), strict=True)
    ]


def share_of(yes: int, n: int) -> Estimate:
    """The share of successes in independent trials, with Wilson's interval, which has a width even for none or all.

    >>> found = share_of(20, 20)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (1.0, 0.84, 1.0)
    """
    from scipy import stats  # half a second, which every command would pay for

    if not n:
        return UNMEASURED
    found = stats.binomtest(yes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(value=yes / n, low=float(found.low), high=float(found.high))


def share_with_draws(yes: float, n: int, resampled: Float[Tensor, " b"]) -> Estimate:
    """A share with the interval of its draws, or Wilson's of n where all or none succeeded and draws cannot differ.

    Args:
        yes: the share itself, 0 to 1.
        n: independent trials behind it.
        resampled: the share in each draw with replacement.

    Example:
        >>> found = share_with_draws(1.0, 200, torch.ones(1000))
        >>> round(found.low, 3), found.high
        (0.981, 1.0)
    """
    return share_of(round(yes * n), n) if yes in (0.0, 1.0) else estimate(yes, resampled)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two independent figures, its interval made of theirs (Newcombe 1998, method 10).

    >>> found = difference(share_of(15, 20), share_of(5, 20))
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (0.5, 0.19, 0.7)
    """
    value = first.value - second.value
    return Estimate(
        value=value,
        low=value - math.hypot(first.value - first.low, second.high - second.value),
        high=value + math.hypot(first.high - first.value, second.value - second.low),
    )


def ratio_of(
    log_ratio: Tensor | float,
    resampled: Float[Tensor, " b"],
    *,
    n: int,
    error: float = 0.0,
    freedom: int = 1,
) -> Estimate:
    """A ratio from its logarithm, with a Student t interval for two independent sources of error.

    Degrees of freedom are those of Welch and Satterthwaite.

    Args:
        log_ratio: mean logarithm of the ratio over n rows.
        resampled: the same in draws with replacement, whose variance is the first error.
        error: standard error of `log_ratio` from another source, which all rows share.
        freedom: degrees of freedom that `error` was estimated with.
    """
    from scipy import stats  # half a second, which every command would pay for

    over_rows = float(resampled.var()) * n / (n - 1)
    total = over_rows + error**2
    degrees = total**2 / (over_rows**2 / (n - 1) + error**4 / freedom) if total else 1.0
    half = float(stats.t.ppf(TAILS[1], degrees)) * math.sqrt(total)
    value = float(log_ratio)
    return Estimate(value=math.exp(value), low=math.exp(value - half), high=math.exp(value + half))


def jackknife(
    statistic: Callable[[Int[Tensor, " m"]], Float[Tensor, " k"]],
    n: int,
    *,
    seed: int = 0,
    num_groups: int = NUM_GROUPS,
) -> list[Estimate]:
    """Figures of n rows, with intervals from leaving out one tenth of them at a time (delete-group jackknife).

    It is for figures that resampling with replacement would spoil: a row that is there twice has a nearest neighbour
    at distance 0. The interval is `± t sqrt((g - 1) / g sum (figure without group - their mean)²)` for g groups.

    Args:
        statistic: the figures of these rows.
        num_groups: parts that are left out, one at a time.
    """
    groups = jackknife_groups(n, seed=seed, num_groups=num_groups)
    kept = [(groups != g).nonzero().flatten() for g in range(int(groups.max()) + 1)]
    return jackknife_of(statistic(torch.arange(n)), torch.stack([statistic(rows) for rows in kept]))


def jackknife_groups(n: int, *, seed: int = 0, num_groups: int = NUM_GROUPS) -> Int[Tensor, " n"]:
    """The group of each row, for figures that are summed group by group."""
    order = torch.from_numpy(np.random.default_rng(seed).permutation(n))
    groups = torch.empty(n, dtype=torch.int16)
    for group, rows in enumerate(order.chunk(min(num_groups, n))):
        groups[rows] = group
    return groups


def jackknife_of(values: Float[Tensor, " k"], without: Float[Tensor, "g k"]) -> list[Estimate]:
    """Figures of all rows, with intervals from the same figures without each of g groups."""
    from scipy import stats  # half a second, which every command would pay for

    values, without, g = values.cpu().double(), without.cpu().double(), len(without)
    error = (without.var(0, correction=0) * (g - 1)).sqrt() * float(stats.t.ppf(TAILS[1], g - 1))
    return [
        Estimate(value=value, low=value - half, high=value + half)
        for value, half in zip(values.tolist(), error.tolist(), strict=True)
    ]
