"""Directions that move one attribute while a linear model of all scores, and its doubt, hold the others."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import Evidence, calibrate, read
from ganatomy.directions.regression import regression
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

LEAST = 1e-3
"""Even a perfect model gives this much, so that two names of one attribute do not block each other."""


def held(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, slack: float | None = None
) -> Directions:
    """Directions of ridge regression, each with all others held as firmly as the linear model deserves.

    Exact holds (`dual`, or `hold=` of an edit) trust the model. Where its directions are estimates, and images are
    not linear, a longer step buys nothing: with unit target v and the held unit vectors H as rows, the slack c asks for
    the least of `|s|² + |H s|² / c` such that `<v, s> = 1`, which is `s ~ v - Hᵀ (H Hᵀ + c I)^-1 H v`. It goes from the
    exact hold (c = 0) to the target itself (c infinite).

    Where gradients flow, `selective` does better, for it looks at single images.

    Args:
        slack: c; by default what the errors of the model ask for, see `fitting_slack`.

    Raises:
        SettingError: for a slack that is not above 0. ScoreError, UnknownNameError: see `directions.base.read`.
    """
    if slack is not None and not slack > 0:
        raise SettingError(f"slack is {slack:g}; it must be above 0, and `dual` holds exactly")
    evidence = read(survey, attributes, seed=seed)
    found = regression(survey, evidence.names, seed=seed)
    vectors = in_evidence(evidence, found.matrix)
    steps = yielding(vectors, slack or fitting_slack(evidence, vectors))
    kept = (steps * vectors).sum(1) / steps.norm(dim=1)
    slopes = torch.tensor([direction.slope for direction in found], dtype=torch.float64) * kept
    return calibrate(evidence, steps.float(), method="held", slopes=slopes)


def yielding(vectors: Float[Tensor, "a d"], slack: float) -> Float[Tensor, "a d"]:
    """What is left of each unit vector when the others are projected out with a ridge."""
    gram = vectors @ vectors.T
    steps = []
    for k in range(len(vectors)):
        others = torch.arange(len(vectors)) != k
        ridge = slack * torch.eye(len(vectors) - 1).to(gram)
        weights = torch.linalg.solve(gram[others][:, others] + ridge, gram[others, k])
        steps.append(vectors[k] - weights @ vectors[others])
    return torch.stack(steps)


def fitting_slack(evidence: Evidence, vectors: Float[Tensor, "a d"]) -> float:
    """The slack that changes held scores the least in single images, if the model is wrong alike in all directions.

    Take the slope of attribute j in an image to be that of the linear model, `b_j u_j`, and a random rest of variance
    `t_j²` in every dimension. A step s then changes its logit by `b_j <u_j, s>` on average, and the expected square is
    `b_j² <u_j, s>² + t_j² |s|²`. The rest shows as the model's error: over codes of covariance S it is
    `e_j² = t_j² tr S`. In units of its own slope, all attributes together make `|H s|² + c |s|²` with

        c = sum_j e_j² / (b_j² tr S).

    Where the model is exact the slack is (nearly) 0.
    """
    codes, logits = evidence.codes.double(), evidence.logits.double()
    along = codes @ vectors.T
    covariance = ((along - along.mean(0)) * (logits - logits.mean(0))).mean(0)
    slopes = covariance / along.var(0, correction=0)
    errors = logits.var(0, correction=0) - slopes * covariance
    spread = float(codes.var(dim=0).sum())
    return max(LEAST, float((errors / (slopes.square() * spread)).sum()))


def in_evidence(evidence: Evidence, matrix: Float[Tensor, "a full"]) -> Float[Tensor, "a d"]:
    """Vectors of codes in the coordinates of the evidence, in float64."""
    return matrix.double() if evidence.basis is None else matrix.double() @ evidence.basis.double()
