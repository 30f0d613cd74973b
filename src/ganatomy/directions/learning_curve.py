"""What to expect of more marks: the learning curve of ridge regression in a Gaussian model."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

SHARES = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
"""Shares of the variance of marks that codes may explain; each is as likely as another before anything is marked."""

MOST = 10_000
"""Marks beyond which a goal is out of reach."""

SURE = 0.9
"""How sure it is that at least so many are needed."""


def expected_auc(
    num_marks: float, shares: Float[Tensor, " s"], variances: Float[Tensor, " r"]
) -> Float[Tensor, " s"]:
    """The AUC on unseen codes to expect of ridge regression of ±1 on that many codes, half of them +1.

    Codes explain a share s of the variance of the marks, by weights that are normal and alike in all directions. With
    l the variances of codes (scaled to sum 1) and κ such that `κ (n - Σ l / (l + κ)) = (1 - s) / s` (Sollich 1999), the
    fit explains `R² = s Σ l² / (l + κ)`. If both classes are normal and spread alike they are `d = 2 R / √(1 - R²)`
    standard deviations apart, and the AUC is `Φ(d / √2)`.
    """
    scaled = (variances / variances.sum()).double()
    odds = (1 - shares) / shares

    def excess(kappa: Tensor) -> Tensor:
        return kappa * (num_marks - (scaled / (scaled + kappa[:, None])).sum(1)) - odds

    kappa = _root(excess, odds / num_marks, (odds + 1) / num_marks)
    explained = _explained(shares, scaled, kappa)
    return torch.special.ndtr((2 * explained / (1 - explained)).sqrt())


def marks_for(
    goal: float, shares: Float[Tensor, " s"], variances: Float[Tensor, " r"]
) -> Float[Tensor, " s"]:
    """The number of marks with which `expected_auc` reaches the goal, infinite where it never does."""
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
    marks = torch.full_like(shares, torch.inf)
    marks[reached] = (1 - able) / able / kappa + (scaled / (scaled + kappa[:, None])).sum(1)
    return marks


def more_marks(
    auc: float,
    deviation: Callable[[Tensor], Tensor],
    variances: Float[Tensor, " r"],
    *,
    num_yes: int,
    num_no: int,
    goal: float,
) -> tuple[int | None, int | None]:
    """How many more marks, half of them yes, bring the AUC to the goal: as many as not, and at least (`SURE`).

    Every share of explained variance has a curve, and is as credible as the AUC that it expects is near to the one that
    was measured, with one yes and one no left out. None stands for more than `MOST`.

    Args:
        deviation: the standard error of a measured AUC, where the true one is this.
    """
    used = 4 * (num_yes - 1) * (num_no - 1) / (num_yes + num_no - 2)
    expected = expected_auc(used, SHARES, variances)
    spread = deviation(expected)
    credible = torch.exp(-0.5 * ((auc - expected) / spread).square()) / spread
    marks, order = marks_for(goal, SHARES, variances).sort()
    below = credible[order].cumsum(0) / credible.sum()
    have = 4 * num_yes * num_no / (num_yes + num_no)

    def more(level: float) -> int | None:
        needed = float(marks[int((below < level).sum().clamp(max=len(marks) - 1))])
        return None if needed > MOST else max(0, math.ceil(needed - have))

    return more(0.5), more(1 - SURE)


def _explained(
    shares: Float[Tensor, " s"], scaled: Float[Tensor, " r"], kappa: Float[Tensor, " s"]
) -> Float[Tensor, " s"]:
    return shares * (scaled.square() / (scaled + kappa[:, None])).sum(1)


def _root(function: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> Tensor:
    """Where rising functions of a positive number are 0, by bisection of its logarithm."""
    low, high = low.log(), high.log()
    for _ in range(50):
        middle = (low + high) / 2
        below = function(middle.exp()) < 0
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return ((low + high) / 2).exp()
