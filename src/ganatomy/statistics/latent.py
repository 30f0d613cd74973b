"""Gaussian copulas: how what is seen goes together on the scale of the normals behind it.

Labels are normals that were cut, scores are normals that were stretched. Correlations of the normals do not depend on
how common a label is or how steep a score is, so labels of data and scores of images can be compared by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]

NUM_NODES = 48
"""Points of the Gauss-Legendre rule of a bivariate normal: good to 1e-9 for correlations up to `LARGEST`."""
LARGEST = 0.995
"""The largest size of a correlation of normals; cells of a table that are empty lead up to it."""
NUM_HALVINGS = 50


@dataclass(frozen=True, kw_only=True)
class LatentCorrelation:
    """A correlation of normals and its standard error."""

    value: float
    error: float


def latent_correlation(first: Numbers, second: Numbers) -> LatentCorrelation:
    """The correlation of the normals behind two columns of the same rows.

    Of two columns of 0 and 1 it is the tetrachoric correlation, of one and a continuous column the biserial
    correlation, of two continuous ones that of their normal scores. Rows where one is nan are left out. nan where a
    column never changes.

    Args:
        first: one column; 0 and 1, or anything that has an order.
        second: the other.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((20_000, 2))
        >>> rows[:, 1] = 0.6 * rows[:, 0] + 0.8 * rows[:, 1]
        >>> labels = (rows > [0.3, -1.0]).astype(float)
        >>> pairs = [(rows, rows), (labels, rows), (labels, labels)]
        >>> [round(latent_correlation(a[:, 0], b[:, 1]).value, 1) for a, b in pairs]
        [0.6, 0.6, 0.6]
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    known = ~(np.isnan(first) | np.isnan(second))
    first, second = first[known], second[known]
    if not len(first) or np.ptp(first) == 0 or np.ptp(second) == 0:
        return LatentCorrelation(value=math.nan, error=math.nan)
    binary = [bool(np.isin(column, (0, 1)).all()) for column in (first, second)]
    if all(binary):
        return _tetrachoric(first, second)
    if any(binary):
        labels, scores = (first, second) if binary[0] else (second, first)
        return _biserial(labels, normal_scores(scores))
    value = float(np.corrcoef(normal_scores(first), normal_scores(second))[0, 1])
    return LatentCorrelation(value=value, error=(1 - value**2) / math.sqrt(len(first)))


def normal_scores(values: Numbers) -> Numbers:
    """The normal quantile of each value's rank; equal values share one.

    >>> normal_scores(np.array([3.0, 1.0, 2.0])).round(2).tolist()
    [0.67, -0.67, 0.0]
    """
    return ndtri(rankdata(values) / (len(values) + 1))


@dataclass(frozen=True, kw_only=True)
class Marginal:
    """The distribution of one column: from its values to normal scores and back.

    Beyond the values that were seen, a standard deviation of values counts as one of the normal.

    Example:
        >>> seen = Marginal.of(np.exp(np.linspace(-2, 2, 400)))
        >>> round(float(seen.values(seen.scores(np.array([1.5])))[0]), 6)
        1.5
    """

    seen: Numbers
    normal: Numbers
    deviation: float

    @classmethod
    def of(cls, values: Numbers) -> Marginal:
        """The distribution of these values."""
        seen, first = np.unique(np.asarray(values, dtype=np.float64), return_index=True)
        return cls(seen=seen, normal=normal_scores(values)[first], deviation=float(np.std(values)) or 1.0)

    def scores(self, values: Numbers) -> Numbers:
        """The normal scores of values."""
        below, above = np.minimum(values - self.seen[0], 0), np.maximum(values - self.seen[-1], 0)
        return np.interp(values, self.seen, self.normal) + (below + above) / self.deviation

    def values(self, scores: Numbers) -> Numbers:
        """The values with these normal scores."""
        below, above = np.minimum(scores - self.normal[0], 0), np.maximum(scores - self.normal[-1], 0)
        return np.interp(scores, self.normal, self.seen) + (below + above) * self.deviation


def both_below(h: float, k: float, correlation: float) -> float:
    """The probability that two normals of this correlation lie below h and k.

    >>> round(both_below(0, 0, 0.5), 6), round(both_below(1, -1, 0), 6)
    (0.333333, 0.133484)
    """
    # Plackett 1954: the derivative by the correlation is the bivariate density; integrated over the arcsine.
    nodes, weights = np.polynomial.legendre.leggauss(NUM_NODES)
    half = math.asin(correlation) / 2
    angles = half * (nodes + 1)
    cosines = np.cos(angles) ** 2
    density = np.exp(-(h * h + k * k - 2 * h * k * np.sin(angles)) / (2 * cosines)) / (2 * math.pi)
    return float(ndtr(h) * ndtr(k) + half * (weights @ density))


def _tetrachoric(first: Numbers, second: Numbers) -> LatentCorrelation:
    """By halving; the standard error by the delta method over the four cells."""
    p, q, both = first.mean(), second.mean(), (first * second).mean()
    h, k = float(ndtri(p)), float(ndtri(q))
    low, high = -LARGEST, LARGEST
    for _ in range(NUM_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if both_below(h, k, middle) < both else (low, middle)
    rho = (low + high) / 2
    rest = 1 - rho**2
    density = math.exp(-(h * h + k * k - 2 * rho * h * k) / (2 * rest)) / (2 * math.pi * math.sqrt(rest))
    given_first, given_second = (ndtr((k - rho * h) / math.sqrt(rest)), ndtr((h - rho * k) / math.sqrt(rest)))
    influence = first * second - both - given_first * (first - p) - given_second * (second - q)
    return LatentCorrelation(value=rho, error=_error(influence.std() / density, len(first)))


def _biserial(labels: Numbers, scores: Numbers) -> LatentCorrelation:
    """From the point-biserial correlation; the standard error is Soper's (1914)."""
    p = float(labels.mean())
    h = float(ndtri(p))
    height = math.exp(-h * h / 2) / math.sqrt(2 * math.pi)
    stretch = math.sqrt(p * (1 - p)) / height
    value = float(np.clip(np.corrcoef(labels, scores)[0, 1] * stretch, -LARGEST, LARGEST))
    return LatentCorrelation(value=value, error=_error(max(stretch - value**2, 0.0), len(labels)))


def _error(deviation: float, n: int) -> float:
    return min(1.0, float(deviation) / math.sqrt(n))
