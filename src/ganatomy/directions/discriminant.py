"""Fisher's linear discriminant of all attributes at once, from second moments alone."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import calibrate
from ganatomy.directions.evidence import as_labels, read
from ganatomy.directions.moments import Moments
from ganatomy.directions.regression import STRENGTHS, generalised_error
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey

TINY = 1e-12


def discriminant(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, shrinkage: float | None = None
) -> Directions:
    """Linear discriminants (Fisher 1936) between the codes with an attribute and those without it, in closed form.

    With `D` the difference of the class means and `V` the covariance within classes, of mean diagonal v, it is
    `((1 - s) V + s v I)^-1 D`: the gradient of the attribute if both classes are normal and spread alike. The boundary
    lies where both classes are equally likely, each being as frequent as in the survey.

    Args:
        shrinkage: s, from 0 (Fisher's) to below 1 (nearly `centroids`). By default each attribute has the one whose
            prediction of labels has the least generalised cross-validation error: a discriminant is a ridge
            regression of labels.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a shrinkage outside [0, 1).
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.discriminant(survey, shrinkage=0.1)
    """
    if shrinkage is not None and not 0 <= shrinkage < 1:
        raise SettingError(f"shrinkage is {shrinkage:g}; it must be 0 or more and below 1 (1 is `centroids`)")
    evidence = read(survey, attributes, seed=seed)
    weights, intercepts = discriminants(evidence.moments(as_labels), shrinkage=shrinkage)
    norms = torch.linalg.vector_norm(weights, dim=1)
    return calibrate(evidence, weights, method="discriminant", offsets=intercepts / norms)


def discriminants(
    seen: Moments, *, shrinkage: float | None = None
) -> tuple[Float[Tensor, "a d"], Float[Tensor, " a"]]:
    """Weights and intercepts of the log odds of each class, from the moments of codes and labels (0 and 1).

    The covariance S of all codes is `V + q D Dᵀ`, with q the variance of the labels; so (Sherman and Morrison) the
    spectrum of S serves every attribute, and V is never made.
    """
    variances, axes = seen.spectrum.variances, seen.spectrum.axes
    present = seen.mean_scores
    apart = seen.cross / seen.variances
    within = seen.covariance.trace() - seen.variances * apart.square().sum(0)
    if shrinkage is None:
        scale = float(seen.covariance.diagonal().mean())
        ridges = scale * STRENGTHS[generalised_error(seen, STRENGTHS * scale).argmin(0)]
        kept = 1 / (1 + ridges * len(apart) / within.clamp(min=TINY))
    else:
        kept = torch.full_like(present, 1 - shrinkage)
        ridges = (1 - kept) / kept * within / len(apart)
    weights = axes @ (axes.T @ apart / (variances[:, None] + ridges))
    # Along the normal of a plane that separates codes without error no variance is left within classes.
    rest = (1 - seen.variances * (apart * weights).sum(0)).clamp(min=TINY)
    weights = (weights / (rest * kept)).T
    middles = seen.mean_codes + (0.5 - present)[:, None] * apart.T
    return weights, torch.logit(present) - (weights * middles).sum(1)
