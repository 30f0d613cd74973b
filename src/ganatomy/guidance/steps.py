"""The smallest step that moves targets and leaves the rest where it is, to first order."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

TINY = 1e-9
"""Share of the trace that keeps targets which depend on each other soluble."""


def smallest_step(
    targets: Float[Tensor, "n t r"],
    wanted: Float[Tensor, "n t"],
    held: Float[Tensor, "n m r"],
    drift: Float[Tensor, "n m"],
    *,
    damping: Float[Tensor, " n"],
) -> Float[Tensor, "n r"]:
    """For each image the step that changes the targets by what is wanted, and takes back the drift of the held.

    With the gradients of targets T and of held values H as rows it is damped least squares under equality constraints,

        min over s of  |s|² + |H s + drift|² / damping   such that   T s = wanted,

    solved in its dual, s = Mᵀ (M Mᵀ + D)^-1 b with M = [H; T], b = [-drift; wanted] and D = damping for held rows, 0
    for targets: as large as there are rows, however long codes are. Without damping this is the step of least length
    that solves H s = -drift, T s = wanted; with it, held values that depend on each other, or on a target, only
    lengthen the step as far as they are worth it.
    """
    n, m, _ = held.shape
    rows = torch.cat([held, targets], dim=1)
    right = torch.cat([-drift, wanted], dim=1)
    gram = rows @ rows.mT
    slack = gram.new_zeros(n, gram.shape[1])
    slack[:, :m] = damping[:, None]
    slack += TINY * gram.diagonal(dim1=1, dim2=2).mean(1, keepdim=True) + 1e-30
    weights = torch.linalg.solve(gram + torch.diag_embed(slack), right)
    return (rows.mT @ weights[..., None])[..., 0]
