"""Directions that change one attribute and the others as little as possible, in single images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.base import calibrate, in_evidence, jacobians_of
from ganatomy.directions.evidence import Evidence, as_nothing, read
from ganatomy.errors import SettingError
from ganatomy.latents import Directions
from ganatomy.surveys import Survey
from ganatomy.surveys.jacobians import Jacobians

RIDGES = (0.0001, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Ridges to choose from, as multiples of the mean eigenvalue of the sum that is minimised."""

FOLDS = 4

WORTH = 0.05
"""Of the ridges whose selectivity is within this share of the best, the largest is chosen: its codes are likelier."""


def selective(
    survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0, ridge: float | None = None
) -> Directions:
    """For each attribute the step that changes the probabilities of all others least, in single images.

    With `P_ij` the gradient of the probability of attribute j in image i (`survey.jacobians`) and S the covariance of
    codes, the step of attribute k is the one of

        min over s of  sum_{j != k} mean_i (P_ij s)² + r sᵀ S^-1 s    such that    mean_i P_ik s = 1.

    A linear model of the scores knows mean changes only: a step that changes an attribute by 0 on average may raise it
    in one image and lower it in another. The first term counts both; the second keeps the step short in standard
    deviations, so that moved codes stay likely.

    Args:
        attributes: to find, and to keep while one of the others is moved.
        ridge: r as a multiple of the mean eigenvalue of the first sum, in units where S is 1; by default chosen by
            the selectivity in held-out images, in `FOLDS` folds, see `WORTH`.

    Returns:
        One direction for each attribute.

    Raises:
        SettingError: for a survey without Jacobians, and for a ridge that is not above 0.
        ScoreError, UnknownNameError: see `directions.evidence.read`.

    Example::

        found = ga.selective(ga.differentiate(survey, generator, scorer, n=128))
    """
    if ridge is not None and not ridge > 0:
        raise SettingError(f"ridge is {ridge:g}; it must be above 0")
    evidence = read(survey, attributes, seed=seed)
    jacobians = jacobians_of(survey)
    deviations, gradients = whitened(evidence, jacobians)
    steps = _steps(gradients, ridge or best_ridge(gradients, seed=seed)) @ deviations.T
    steps = steps / steps.norm(dim=1, keepdim=True)
    slopes = (jacobians.select(evidence.names).mean_gradients.flatten(1).double() * steps).sum(1)
    return calibrate(evidence, in_evidence(evidence, steps).float(), method="selective", slopes=slopes)


def whitened(evidence: Evidence, seen: Jacobians) -> tuple[Float[Tensor, "full d"], Float[Tensor, "n a d"]]:
    """D such that codes have the covariance D Dᵀ, and the gradients of probabilities along its columns, in float64."""
    spectrum = evidence.moments(as_nothing).spectrum
    deviations = spectrum.axes * spectrum.variances.sqrt()
    if evidence.basis is not None:
        deviations = evidence.basis.double() @ deviations
    return deviations, seen.select(evidence.names).probability_gradients.flatten(2).double() @ deviations


def _steps(gradients: Float[Tensor, "n a d"], ridge: float) -> Float[Tensor, "a d"]:
    """The step of each attribute, long enough to change its mean probability by 1 to first order."""
    n, a, d = gradients.shape
    each = torch.einsum("nad,nae->ade", gradients, gradients) / n
    everything, mean = each.sum(0), gradients.mean(0)
    steps = []
    for k in range(a):
        others = everything - each[k]
        weight = torch.trace(others if a > 1 else everything) / d
        step = torch.linalg.solve(others + ridge * weight * torch.eye(d).to(others), mean[k])
        steps.append(step / (mean[k] @ step))
    return torch.stack(steps)


def best_ridge(gradients: Float[Tensor, "n a d"], *, seed: int) -> float:
    """The largest ridge that is nearly as selective as the best, in held-out images."""
    n = len(gradients)
    folds = np.array_split(np.random.default_rng(seed).permutation(n), min(FOLDS, n))

    def selectivity(ridge: float) -> float:
        own, others = torch.zeros(2, gradients.shape[1], dtype=gradients.dtype)
        for fold in folds:
            rest = np.setdiff1d(np.arange(n), fold)
            change = torch.einsum("nad,kd->nka", gradients[fold], _steps(gradients[rest], ridge))
            size = change.abs().sum(0)
            own += change.sum(0).diagonal()
            others += size.sum(1) - size.diagonal()
        return float((own / others.clamp(min=1e-12)).mean())

    found = {ridge: selectivity(ridge) for ridge in RIDGES}
    return max(ridge for ridge in RIDGES if found[ridge] >= (1 - WORTH) * max(found.values()))
