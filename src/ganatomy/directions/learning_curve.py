"""The accuracy to expect of more labels: the learning curve of ridge regression in a Gaussian model."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

SHARES = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
"""Shares of the variance of labels that codes may explain, all equally likely a priori."""

MOST = 10_000
"""Number of labels beyond which a goal counts as out of reach."""

SURE = 0.9
"""Probability that at least so many labels are needed."""


def expected_auc(
    num_labels: float, shares: Float[Tensor, " s"], variances: Float[Tensor, " r"]
) -> Float[Tensor, " s"]:
    """The expected AUC on held-out codes of ridge regression of ±1 on that many codes, half of them +1.

    Codes explain a share s of the variance of the labels, by weights of an isotropic normal prior. With l the variances
    of codes (scaled to sum 1) and κ such that `κ (n - Σ l / (l + κ)) = (1 - s) / s` (Sollich 1999), the fit explains
    `R² = s Σ l² / (l + κ)`. If both classes are normal with one covariance, they are `d = 2 R / √(1 - R²)` standard
    deviations apart, and the AUC is `Φ(d / √2)`.
    """
    scaled = (variances / variances.sum()).double()
    odds = (1 - shares) / shares

    def excess(kappa: Tensor) -> Tensor:
        return kappa * (num_labels - (scaled / (scaled + kappa[:, None])).sum(1)) - odds

    kappa = _root(excess, odds / num_labels, (odds + 1) / num_labels)
    explained = _explained(shares, scaled, kappa)
    return torch.special.ndtr((2 * explained / (1 - explained)).sqrt())


def labels_for(
    goal: float, shares: Float[Tensor, " s"], variances: Float[Tensor, " r"]
) -> Float[Tensor, " s"]:
    """The number of labels with which `expected_auc` reaches the goal, infinite where it never does."""
    scaled = (variances / variances.sum()).double()
    squared = float(torch.special.ndtri(torch.tensor(goal, dtype=torch.float64))) ** 2
    wanted = squared / (squared + 2)
    reached = shares > wanted
    able = shares[reached]
    kappa = _root(
        lambda kappa: wanted - _explained(able, scaled, kappa),
        torch.full_like(able, 1e-9),
        torch.full_like(able, 1e3),
    )
    labels = torch.full_like(shares, torch.inf)
    labels[reached] = (1 - able) / able / kappa + (scaled / (scaled + kappa[:, None])).sum(1)
    return labels


def more_labels(
    auc: float,
    deviation: Callable[[Tensor], Tensor],
    variances: Float[Tensor, " r"],
    *,
    num_yes: int,
    num_no: int,
    goal: float,
) -> tuple[int | None, int | None]:
    """Further labels, half of them yes, that raise the AUC to the goal: the median, and at least (`SURE`).

    Every share of explained variance has a curve; its likelihood is that of the measured AUC, with one yes and one no
    left out, under the AUC that it predicts. None stands for more than `MOST`.

    Args:
        auc: as measured.
        deviation: the standard error of a measured AUC, as a function of the true one.
        variances: of codes along their principal axes.
    """
    used = 4 * (num_yes - 1) * (num_no - 1) / (num_yes + num_no - 2)
    expected = expected_auc(used, SHARES, variances)
    spread = deviation(expected)
    credible = torch.exp(-0.5 * ((auc - expected) / spread).square()) / spread
    labels, order = labels_for(goal, SHARES, variances).sort()
    below = credible[order].cumsum(0) / credible.sum()
    have = 4 * num_yes * num_no / (num_yes + num_no)

    def more(level: float) -> int | None:
        needed = float(labels[int((below < level).sum().clamp(max=len(labels) - 1))])
        return None if needed > MOST else max(0, math.ceil(needed - have))

    return more(0.5), more(1 - SURE)


def _explained(
    shares: Float[Tensor, " s"], scaled: Float[Tensor, " r"], kappa: Float[Tensor, " s"]
) -> Float[Tensor, " s"]:
    return shares * (scaled.square() / (scaled + kappa[:, None])).sum(1)


def _root(function: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> Tensor:
    """Roots of rising functions of a positive number, by bisection of its logarithm."""
    low, high = low.log(), high.log()
    for _ in range(50):
        middle = (low + high) / 2
        below = function(middle.exp()) < 0
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return ((low + high) / 2).exp()
