"""Ridge regression of the logits of all attributes at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import Evidence, read
from ganatomy.directions.moments import Moments
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

STRENGTHS = torch.logspace(-9, 2, 67, dtype=torch.float64)
"""Ridge strengths to choose from, as multiples of the mean variance of a code's numbers."""


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """A linear map from codes to logits: `logits = codes @ weights.T + intercepts`, and the strength of each row."""

    weights: Float[Tensor, "a d"]
    intercepts: Float[Tensor, " a"]
    strengths: Float[Tensor, " a"]


def regression(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, strength: float | None = None
) -> Directions:
    """Gradients of a ridge regression from codes to logits, the most exact method where scores are graded:
    `w_i = (S + λ_i v I)^-1 Cov(codes, logit_i)`, with S the covariance of the codes and v its mean diagonal.

    Args:
        strength: λ; by default each attribute has the one with the least generalised cross-validation error.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a negative strength.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.regression(survey, ["Smiling", "Young"])
        print(found["Smiling"].slope, found["Smiling"].auc)
    """
    evidence = read(survey, attributes, seed=seed)
    found = ridge(evidence, strength=strength)
    norms = torch.linalg.vector_norm(found.weights, dim=1)
    return calibrate(
        evidence, found.weights, method="regression", slopes=norms, offsets=found.intercepts / norms
    )


def ridge(evidence: Evidence, *, strength: float | None = None) -> Ridge:
    """The ridge regression itself, in float64, for methods that start from it."""
    return ridge_of(evidence.moments(), strength=strength)


def ridge_of(seen: Moments, *, strength: float | None = None) -> Ridge:
    """Ridge regression from second moments alone.

    Raises:
        SettingError: for a negative strength.
    """
    if strength is not None and not strength >= 0:
        raise SettingError(
            f"a ridge strength is 0 or more, not {strength}; by default it is chosen for each attribute"
        )
    variances, axes = seen.spectrum.variances, seen.spectrum.axes
    scale = float(seen.covariance.diagonal().mean())
    strengths = STRENGTHS if strength is None else torch.tensor([strength], dtype=torch.float64)
    cross = axes.T @ seen.cross
    chosen = strengths[generalised_error(seen, strengths * scale).argmin(0)]
    weights = (axes @ (cross / (variances[:, None] + chosen * scale))).T
    return Ridge(weights=weights, intercepts=seen.mean_scores - weights @ seen.mean_codes, strengths=chosen)


def generalised_error(seen: Moments, penalties: Float[Tensor, " s"]) -> Float[Tensor, "s a"]:
    """Generalised cross-validation (Golub, Heath and Wahba 1979): `MSE / (1 - df / n)²`, df the hat matrix's trace.

    The error is that of the exact fit plus what the penalty adds, which loses no digits where the fit is exact.
    """
    variances, cross = seen.spectrum.variances, seen.spectrum.axes.T @ seen.cross
    exact = (seen.variances - (cross.square() / variances[:, None]).sum(0)).clamp(min=0)
    shrink = penalties[:, None] / (variances + penalties[:, None])
    error = exact + shrink.square() @ (cross.square() / variances[:, None])
    freedom = 1 + (1 - shrink).sum(1, keepdim=True)
    left = 1 - freedom / seen.n
    return torch.where(left > 1e-6, error / left.clamp(min=1e-6).square(), torch.inf)
