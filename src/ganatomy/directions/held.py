"""Directions that change one attribute and hold the others, as firmly as the linear model of the scores is good."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import calibrate, in_evidence
from ganatomy.directions.evidence import Evidence, read
from ganatomy.directions.regression import regression
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

LEAST = 1e-3
"""Slack of a perfect model, so that two names of one attribute do not block each other."""


def held(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, slack: float | None = None
) -> Directions:
    """Directions of ridge regression, each with all others held as firmly as the errors of the linear model allow.

    `dual`, and `hold=` of an edit, hold exactly, by the linear model. Where that model has errors, an exact hold makes
    the step longer and the images no cleaner. With unit target v, the held unit vectors H as rows and slack c, the step
    is the least of `|s|² + |H s|² / c` such that `<v, s> = 1`: `s ~ v - Hᵀ (H Hᵀ + c I)^-1 H v`. It goes from the exact
    hold (c = 0) to the target itself (c infinite). Where gradients are available, `selective` is better: it uses those
    of single images.

    Args:
        slack: c; by default from the errors of the model, see `fitting_slack`.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a slack that is not above 0.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.held(survey)
    """
    if slack is not None and not slack > 0:
        raise SettingError(f"slack is {slack:g}; it must be above 0; to hold exactly, use `dual`")
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
    """The slack that changes held scores the least in single images, if the model's errors are isotropic.

    Let the gradient of attribute j in an image be that of the linear model, `b_j u_j`, plus a random rest of variance
    `t_j²` in every dimension. A step s then changes its logit by `b_j <u_j, s>` on average, and the expected square is
    `b_j² <u_j, s>² + t_j² |s|²`. The rest is the model's error: over codes of covariance S it is `e_j² = t_j² tr S`. In
    units of its own slope, all attributes together give `|H s|² + c |s|²` with

        c = sum_j e_j² / (b_j² tr S).
    """
    seen = evidence.moments()
    covariance = (seen.cross * vectors.T).sum(0)
    slopes = covariance / ((vectors @ seen.covariance) * vectors).sum(1)
    errors = seen.variances - slopes * covariance
    spread = float(seen.covariance.trace()) * seen.n / (seen.n - 1)
    return max(LEAST, float((errors / (slopes.square() * spread)).sum()))
