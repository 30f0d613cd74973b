"""Penalised logistic regressions on white codes, all attributes at once."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def fit(
    codes: Float[Tensor, "n d"],
    labels: Bool[Tensor, "n a"],
    strengths: Float[Tensor, " a"],
    *,
    tolerance: float = 1e-5,
    num_steps: int = 1000,
) -> tuple[Float[Tensor, "a d"], Float[Tensor, " a"]]:
    """Weights and intercepts with the least mean cross-entropy + `strength / 2 |w|²`, one regression for each column.

    The Hessian of the cross-entropy is at most a quarter of the codes' second moments (Böhning 1992), which for white
    codes are the same in every direction: so Nesterov's method (with the restarts of O'Donoghue and Candès 2015) needs
    no line search, and one matrix product serves all columns. It stops when no gradient exceeds `tolerance`.
    """
    n = len(codes)
    codes = torch.cat([codes, codes.new_ones(n, 1)], dim=1)
    truth = labels.to(codes)
    penalties = strengths[:, None] * (torch.arange(codes.shape[1]) < codes.shape[1] - 1)
    steps = 1 / (0.25 * largest_variance(codes) + strengths[:, None])
    weights = torch.zeros(labels.shape[1], codes.shape[1])
    ahead, momentum = weights, torch.ones(len(weights), 1)
    for _ in range(num_steps):
        gradient = (torch.sigmoid(codes @ ahead.T) - truth).T @ codes / n + penalties * ahead
        if float(gradient.abs().max()) < tolerance:
            break
        following = ahead - steps * gradient
        uphill = (gradient * (following - weights)).sum(1, keepdim=True) > 0
        momentum = torch.where(uphill, torch.ones_like(momentum), momentum)
        faster = (1 + (1 + 4 * momentum.square()).sqrt()) / 2
        ahead = following + (momentum - 1) / faster * (following - weights)
        weights, momentum = following, faster
    return ahead[:, :-1], ahead[:, -1]


def largest_variance(codes: Float[Tensor, "n d"], *, num_rounds: int = 20) -> float:
    """The largest eigenvalue of `codesᵀ codes / n` by power iteration, plus a margin of 10 %."""
    vector = torch.ones(codes.shape[1]) / codes.shape[1] ** 0.5
    value = 1.0
    for _ in range(num_rounds):
        vector = codes.T @ (codes @ vector) / len(codes)
        value = float(vector.norm())
        vector = vector / value
    return 1.1 * value
