"""Whether scores vary together as their directions predict: Cov(s) = Λ Nᵀ N Λ (Shen et al. 2020, equation 5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.latents import Directions, Space
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.statistics.intervals import Estimate, jackknife
from ganatomy.surveys import Survey


@dataclass(frozen=True, kw_only=True)
class Covariance(Result, unit="share of the measured covariance", higher_is_better=False):
    """Covariance of logits beside the prediction of a linear model.

    Args:
        measured: over the images of a survey.
        predicted: ΛNᵀ Cov(c) NΛ, right for any codes.
        isotropic: ΛNᵀNΛ, right for codes of unit covariance.
        error: |predicted - measured| / |measured| (Frobenius).
        isotropic_error: the same of the published form.
    """

    names: tuple[str, ...]
    measured: Float[Tensor, "k k"]
    predicted: Float[Tensor, "k k"]
    isotropic: Float[Tensor, "k k"]
    error: Estimate
    isotropic_error: Estimate
    space: Space
    num_codes: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(error=self.error, error_as_published=self.isotropic_error)

    def __str__(self) -> str:
        return (
            f"covariance of {len(self.names)} scores in {self.space}: predicted from directions with an error of "
            f"{self.error} of its size, {self.isotropic_error} by ΛNᵀNΛ as published ({self.num_codes} codes); "
            f"{self.verdict}"
        )


def covariance(survey: Survey, directions: Directions) -> Covariance:
    """Compare the covariance of logits in a survey with the one that directions N with slopes Λ predict.

    Directions predict only the linear part of scores; the rest is curvature, or noise of the scorer.

    Args:
        directions: found in it, with their slopes.

    Returns:
        Both covariances, and the error of the prediction.

    Raises:
        UnknownNameError: for a direction whose attribute was not scored.
        SettingError: for directions without a slope, and fewer than two.
        SpaceError, FingerprintError: when survey and directions do not go together.

    Example:
        >>> import ganatomy as ga
        >>> from ganatomy.perception import OracleScorer
        >>> toy = ga.ToyGenerator(seed=0)
        >>> seen = ga.survey(toy, OracleScorer(toy), n=500)
        >>> ga.covariance(seen, toy.truth).error.value < 0.02
        True
    """
    if len(directions) < 2:
        raise SettingError(f"a covariance needs two directions, there are {len(directions)}")
    for direction in directions:
        direction.check(survey[:1].latents)
        if direction.name not in survey.names:
            raise UnknownNameError("attribute", direction.name, survey.names)
        if not direction.slope == direction.slope:
            raise SettingError(f"direction {direction.name!r} has no slope; find it from scores")
    survey = survey.labelled(directions.names)
    logits = survey.scores.select(directions.names).logits.cpu().double()
    slopes = torch.tensor([direction.slope for direction in directions], dtype=torch.float64)
    normals = directions.matrix.cpu().double()
    along = torch.cat([codes.double() @ normals.T for codes, _ in survey.batches()]) * slopes
    along = along - along.mean(0)
    seen = logits - logits.mean(0)
    published = (normals @ normals.T) * slopes * slopes[:, None]

    def errors(rows: Tensor) -> Tensor:
        measured = torch.cov(seen[rows].T)
        size = measured.norm()
        return (
            torch.stack([(torch.cov(along[rows].T) - measured).norm(), (published - measured).norm()]) / size
        )

    error, isotropic_error = jackknife(errors, len(survey), seed=survey.seed)
    return Covariance(
        names=tuple(directions.names),
        measured=torch.cov(seen.T).float(),
        predicted=torch.cov(along.T).float(),
        isotropic=published.float(),
        error=error,
        isotropic_error=isotropic_error,
        space=survey.space,
        num_codes=len(survey),
    )


def measure(inputs: SharedInputs) -> dict[str, Covariance]:
    """In z and in w."""
    return {space: covariance(inputs.survey(space), inputs.directions(space)) for space in inputs.spaces}


COVARIANCE = Measure(
    "whether scores vary together as directions predict", Covariance, measure, needs=("scorer",)
)
