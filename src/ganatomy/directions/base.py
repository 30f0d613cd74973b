"""What all methods of finding directions share: their signature, and the scales of the directions that they find."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Bool, Float
from scipy.stats import rankdata
from torch import Tensor

from ganatomy.directions.cross_entropy import fit
from ganatomy.directions.evidence import GRADED, Evidence
from ganatomy.directions.threads import threads_for
from ganatomy.errors import ScoreError, SettingError
from ganatomy.latents import Direction, Directions
from ganatomy.surveys import Jacobians, Survey

CURVE_ROWS = 2**18
"""Codes that the logistic curve of hard labels is fitted to, the first ones: enough for its slope to half a percent."""


class Method(Protocol):
    """The signature that all methods share; some have further settings.

    Args:
        survey: codes and the scores of their images.
        attributes: to find directions of; by default every one that `usable` names.
        seed: of the split into codes to learn from and held-out codes, and of what a method draws.
    """

    def __call__(
        self, survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0
    ) -> Directions: ...


def calibrate(
    evidence: Evidence,
    vectors: Float[Tensor, "a d"],
    *,
    method: str,
    slopes: Float[Tensor, " a"] | None = None,
    offsets: Float[Tensor, " a"] | None = None,
) -> Directions:
    """Vectors of any length, one for each attribute, as directions with sigma, slope, intercept and held-out AUC.

    Args:
        vectors: in the coordinates of `evidence.codes`.
        slopes: logits per unit distance; by default those of the least-squares line from distance along the vector to
            the logit, or of the logistic curve where scores are hard labels. Methods whose vectors do not follow the
            difference between both classes give their own.
        offsets: signed distances of the boundary from the origin: the logit is 0 where `<code, vector> + offset` is.
            By default the boundary is that of the line or curve.

    Raises:
        ScoreError: where the method found no direction.
    """
    norms = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    for name, norm in zip(evidence.names, norms[:, 0].tolist(), strict=True):
        if not math.isfinite(norm) or norm == 0:
            raise ScoreError(
                f"{method} found no direction for {name!r}, which does not depend on these codes; survey more codes"
            )
    vectors = (vectors / norms).float()
    with threads_for(evidence.n * evidence.dim):
        seen = _projected(evidence, vectors)
        if slopes is None:
            slopes, intercepts = _lines(seen)
        else:
            intercepts = seen.mean_logits - slopes * seen.mean
    if offsets is not None:
        intercepts = slopes * offsets
    areas = auc(seen.held, seen.held_labels)
    return Directions(
        Direction(
            name=name,
            vector=unflatten(evidence, vectors[k]),
            space=evidence.space,
            intercept=float(intercepts[k]),
            sigma=float(seen.sigma[k]),
            slope=float(slopes[k]),
            auc=float(areas[k]),
            method=method,
            seed=evidence.seed,
            fingerprint=evidence.fingerprint,
        )
        for k, name in enumerate(evidence.names)
    )


def unflatten(evidence: Evidence, vector: Float[Tensor, " d"]) -> Float[Tensor, "*shape"]:
    """A vector in the coordinates of `evidence.codes` in the shape of a code of the survey."""
    full = vector if evidence.basis is None else evidence.basis @ vector.to(evidence.basis)
    return full.float().reshape(evidence.shape)


def in_evidence(evidence: Evidence, vectors: Float[Tensor, "*batch full"]) -> Float[Tensor, "*batch d"]:
    """Vectors in the space of the survey in the coordinates of `evidence.codes`, in float64."""
    return vectors.double() if evidence.basis is None else vectors.double() @ evidence.basis.double()


def jacobians_of(survey: Survey) -> Jacobians:
    """The Jacobians of a survey; raises SettingError for a survey without."""
    if survey.jacobians is None:
        raise SettingError(
            "this survey has no gradients of its scores; add them with "
            "ganatomy.differentiate(survey, generator, scorer), or survey with `ganatomy survey --gradients 128`"
        )
    return survey.jacobians


def auc(values: Float[Tensor, "n a"], labels: Bool[Tensor, "n a"]) -> Float[Tensor, " a"]:
    """Area under the ROC curve of each column: the probability that a code with the attribute ranks above one without.

    Ties count half (Mann and Whitney's U); nan where one class is missing.
    """
    return torch.stack([_area(*pair) for pair in zip(values.T, labels.T, strict=True)])


def _area(values: Float[Tensor, " n"], labels: Bool[Tensor, " n"]) -> Float[Tensor, ""]:
    ranks = torch.from_numpy(rankdata(values))
    present = labels.double().sum()
    above = (ranks * labels).sum() - present * (present + 1) / 2
    return above / (present * (len(labels) - present))


@dataclass(frozen=True, kw_only=True)
class Projected:
    """Where codes lie along a vector for each attribute, and how their logits follow; in float64.

    Args:
        covariance: of the distance along the vector and the logit.
        graded: the share of logits that are no hard labels.
        first: distances of the first codes, and their labels.
        held: distances of the held-out codes.
    """

    mean: Float[Tensor, " a"]
    variance: Float[Tensor, " a"]
    sigma: Float[Tensor, " a"]
    mean_logits: Float[Tensor, " a"]
    covariance: Float[Tensor, " a"]
    graded: Float[Tensor, " a"]
    first: Float[Tensor, "f a"]
    first_labels: Bool[Tensor, "f a"]
    held: Float[Tensor, "m a"]
    held_labels: Bool[Tensor, "m a"]


def _projected(evidence: Evidence, vectors: Float[Tensor, "a d"]) -> Projected:
    """In one pass."""
    sums, n = torch.zeros(5, len(vectors), dtype=torch.float64), 0
    pilot = torch.zeros(2, len(vectors), dtype=torch.float64)
    first: list[tuple[Tensor, Tensor]] = []
    shape, num_held = (evidence.num_held, len(vectors)), 0
    held, held_labels = torch.empty(shape), torch.empty(shape, dtype=torch.bool)
    for piece in evidence.pieces():
        rows = slice(num_held, num_held + piece.num_held)
        held[rows], held_labels[rows] = piece.held_codes @ vectors.T, piece.held_labels
        num_held = rows.stop
        along, logits = piece.codes @ vectors.T, piece.logits
        if not n and len(along):  # deviations from about the mean lose no digits when they are squared
            pilot = torch.stack([along.mean(0, dtype=torch.float64), logits.mean(0, dtype=torch.float64)])
        if n < CURVE_ROWS:
            first.append((along[: CURVE_ROWS - n], logits[: CURVE_ROWS - n] > 0))
        n += len(along)
        x, y = along.double() - pilot[0], logits.double() - pilot[1]
        graded = (logits.abs() < 0.999 * GRADED).double()
        sums += torch.stack([x.sum(0), x.square().sum(0), y.sum(0), (x * y).sum(0), graded.sum(0)])
    x, squares, y, products, graded = sums / n
    variance = squares - x.square()
    distances, labels = (torch.cat(parts) for parts in zip(*first, strict=True))
    return Projected(
        mean=pilot[0] + x,
        variance=variance,
        sigma=(variance * n / (n - 1)).sqrt(),
        mean_logits=pilot[1] + y,
        covariance=products - x * y,
        graded=graded,
        first=distances,
        first_labels=labels,
        held=held,
        held_labels=held_labels,
    )


def _lines(seen: Projected) -> tuple[Tensor, Tensor]:
    """Slope and intercept of each attribute's logit over the distance along its vector, in float64."""
    slopes, mean_logits = seen.covariance / seen.variance, seen.mean_logits.clone()
    for k in (seen.graded < 0.01).nonzero()[:, 0].tolist():
        distance = seen.first[:, k].double() - seen.mean[k]
        slopes[k], mean_logits[k] = _logistic_curve(distance, seen.first_labels[:, k])
    return slopes, mean_logits - slopes * seen.mean


def _logistic_curve(distance: Float[Tensor, " n"], labels: Bool[Tensor, " n"]) -> tuple[float, float]:
    """Slope and intercept of the logistic curve from distance to hard labels."""
    unit = float(distance.std())
    slope, intercept = fit(distance[:, None].float() / unit, labels[:, None], torch.tensor([1 / len(labels)]))
    return float(slope) / unit, float(intercept)
