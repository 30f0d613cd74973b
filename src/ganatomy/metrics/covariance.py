"""Whether scores vary together as their directions predict: Cov(s) = Λ Nᵀ N Λ (Shen et al. 2020, equation 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.latents import Directions, Space
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.statistics.intervals import Estimate, jackknife_groups, jackknife_of
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
    slopes = torch.tensor([direction.slope for direction in directions], dtype=torch.float64)
    normals = directions.matrix.cpu().double()
    published = (normals @ normals.T) * slopes * slopes[:, None]
    sums = _sums(survey, directions.names, (normals * slopes[:, None]).T)
    k, whole = len(directions), sum(sums[1:], sums[0])

    def errors(measured_on: _Sums) -> Tensor:
        found = measured_on.covariance()
        predicted, measured = found[:k, :k], found[k:, k:]
        return torch.stack([(predicted - measured).norm(), (published - measured).norm()]) / measured.norm()

    error, isotropic_error = jackknife_of(errors(whole), torch.stack([errors(whole - it) for it in sums]))
    found = whole.covariance().float()
    return Covariance(
        names=tuple(directions.names),
        measured=found[k:, k:],
        predicted=found[:k, :k],
        isotropic=published.float(),
        error=error,
        isotropic_error=isotropic_error,
        space=survey.space,
        num_codes=len(survey),
    )


@dataclass(frozen=True)
class _Sums:
    """Count, sums and sums of products of rows."""

    count: int
    rows: Float[Tensor, " m"]
    products: Float[Tensor, "m m"]

    @classmethod
    def of(cls, rows: Float[Tensor, "b m"]) -> Self:
        return cls(len(rows), rows.sum(0), rows.T @ rows)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.count + other.count, self.rows + other.rows, self.products + other.products)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.count - other.count, self.rows - other.rows, self.products - other.products)

    def covariance(self) -> Float[Tensor, "m m"]:
        return (self.products - torch.outer(self.rows, self.rows) / self.count) / (self.count - 1)


def _sums(survey: Survey, names: Sequence[str], readers: Float[Tensor, "d k"]) -> list[_Sums]:
    """Of predicted logits beside those that were seen, for each group of the jackknife; one pass."""
    columns = [survey.names.index(name) for name in names]
    groups = jackknife_groups(len(survey), seed=survey.seed)
    m = readers.shape[1] + len(columns)
    none = _Sums(0, torch.zeros(m).double(), torch.zeros(m, m).double())
    found = [none] * (int(groups.max()) + 1)
    start, centre = 0, None
    for codes, logits in survey.batches():
        rows = torch.cat([codes.double() @ readers, logits[:, columns].double()], 1)
        centre = rows.mean(0) if centre is None else centre  # near enough to the mean that little cancels
        part = groups[start : start + len(rows)]
        start += len(rows)
        for group, before in enumerate(found):
            found[group] = before + _Sums.of(rows[part == group] - centre)
    return found


def measure(inputs: SharedInputs) -> dict[str, Covariance]:
    """In z and in w."""
    return {space: covariance(inputs.survey(space), inputs.directions(space)) for space in inputs.spaces}


COVARIANCE = Measure(
    "whether scores vary together as directions predict", Covariance, measure, needs=("scorer",)
)
