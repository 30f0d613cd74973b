"""What all methods of finding directions share: a survey as matrices, and the scales of the directions found."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Bool, Float
from scipy.stats import rankdata
from torch import Tensor

from ganatomy.arguments import instance, texts
from ganatomy.directions.cross_entropy import fit
from ganatomy.directions.threads import threads_for
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.geometry import qr
from ganatomy.latents import Direction, Directions, Space
from ganatomy.surveys import Jacobians, Survey

HELD_OUT = 0.3
"""Share of a survey that no method learns from; the AUC of a direction is measured on it."""

GRADED = math.log(999)
"""Logits within ± this (probabilities .001 to .999) are graded scores; beyond it they count as hard labels."""

OUTLYING = 6.0
"""Logits further than this many robust deviations from the median, and beyond ± GRADED, are clipped."""

IQR_OF_NORMAL = 1.349
"""Distance between the quartiles of a normal distribution, in standard deviations."""

ENOUGH = 20_000
"""Rows that the spread of logits is estimated from."""

MINIMUM = 10
"""Codes with and without an attribute that it needs to be used when it was not named."""


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


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A survey as matrices: a part to learn from, and a held-out part to measure the AUC on.

    Args:
        codes: to learn from, flat; where a code has more numbers than there are codes (w+ of a small survey), their
            coordinates in the span of the codes, from which every method learns the same.
        logits: of these codes, clipped.
        held_codes: the held-out codes, likewise.
        held_labels: whether the held-out images have each attribute.
        basis: of the span of the codes, where `codes` are coordinates in it.
        shape: of one code in the survey.
    """

    names: tuple[str, ...]
    codes: Float[Tensor, "n d"]
    logits: Float[Tensor, "n a"]
    held_codes: Float[Tensor, "m d"]
    held_labels: Bool[Tensor, "m a"]
    basis: Float[Tensor, "full d"] | None
    shape: tuple[int, ...]
    space: Space
    fingerprint: str | None
    seed: int

    @property
    def labels(self) -> Bool[Tensor, "n a"]:
        """Whether each image to learn from has each attribute: probability above one half."""
        return self.logits > 0


def usable(survey: Survey, *, minimum: int = MINIMUM) -> list[str]:
    """The attributes that at least `minimum` labelled images of a survey have and at least `minimum` lack.

    Every method uses these where no attributes are named.
    """
    present, absent = (survey.scores.logits > 0).sum(0), (survey.scores.logits <= 0).sum(0)
    enough = (present >= minimum) & (absent >= minimum)
    return [name for name, ok in zip(survey.scores.names, enough.tolist(), strict=True) if ok]


def read(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Evidence:
    """The matrices of these attributes (by default all usable ones), split by `seed`.

    Images that lack a label of one of them are left out.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        ScoreError: for scores that are infinite, and for attributes that all or no images have, with the counts.
        SettingError: for an empty list of attributes.
    """
    instance("survey", survey, Survey, "ganatomy.survey makes one, ganatomy.load_survey reads one")
    names = _choose(survey, attributes)
    columns = [survey.scores.names.index(name) for name in names]
    train, held = survey.labelled(names).split(held_out=HELD_OUT, seed=seed)
    logits = train.scores.logits[:, columns].float().cpu()
    held_labels = (held.scores.logits[:, columns] > 0).cpu()
    for column, name in enumerate(names):
        present = int((logits[:, column] > 0).sum())
        if not 0 < present < len(logits):
            raise ScoreError(
                f"{present} of the {len(logits)} images to learn from have {name!r}; a direction needs images with it "
                "and without: survey more codes, or leave the attribute out"
            )
    codes = train.latents.codes.detach().cpu().float().flatten(1)
    held_codes = held.latents.codes.detach().cpu().float().flatten(1)
    basis = None
    if codes.shape[1] > len(codes):
        basis, triangle = qr(codes.T)
        codes, held_codes = triangle.T.contiguous(), held_codes @ basis
    return Evidence(
        names=names,
        codes=codes,
        logits=_clip(logits),
        held_codes=held_codes,
        held_labels=held_labels,
        basis=basis,
        shape=tuple(train.latents.codes.shape[1:]),
        space=survey.latents.space,
        fingerprint=survey.latents.fingerprint,
        seed=seed,
    )


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
    with threads_for(evidence.codes.numel()):
        along = evidence.codes @ vectors.T
        sigma, mean = torch.std_mean(along.double(), dim=0)
        if slopes is None:
            slopes, intercepts = _lines(along, evidence.logits)
        else:
            intercepts = evidence.logits.double().mean(0) - slopes * mean
    if offsets is not None:
        intercepts = slopes * offsets
    areas = auc(evidence.held_codes @ vectors.T, evidence.held_labels)
    return Directions(
        Direction(
            name=name,
            vector=unflatten(evidence, vectors[k]),
            space=evidence.space,
            intercept=float(intercepts[k]),
            sigma=float(sigma[k]),
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
            "ganatomy.differentiate(survey, generator, scorer), or survey with `ganatomy survey --gradients 64`"
        )
    return survey.jacobians


def auc(values: Float[Tensor, "n a"], labels: Bool[Tensor, "n a"]) -> Float[Tensor, " a"]:
    """Area under the ROC curve of each column: the probability that a code with the attribute ranks above one without.

    Ties count half (Mann and Whitney's U); nan where one class is missing.
    """
    ranks = torch.from_numpy(rankdata(values, axis=0))
    present = labels.double().sum(0)
    above = (ranks * labels).sum(0) - present * (present + 1) / 2
    return above / (present * (len(labels) - present))


def _choose(survey: Survey, attributes: Iterable[str] | None) -> tuple[str, ...]:
    known = survey.scores.names
    broken = survey.scores.logits.isinf().nonzero()
    if len(broken):
        row, column = broken[0].tolist()
        raise ScoreError(
            f"row {row} of the survey scores {float(survey.scores.logits[row, column])} for {known[column]!r} "
            f"({len(broken)} such scores); drop these rows, or fix the scorer"
        )
    if attributes is None:
        names = tuple(usable(survey))
        if not names:
            raise ScoreError(
                f"none of the {len(known)} attributes is present in {MINIMUM} of these {len(survey)} images and absent "
                f"in {MINIMUM}; survey more codes, or name the attributes"
            )
        return names
    names = texts("attributes", attributes)
    if not names:
        raise SettingError("attributes is empty; leave it out to find directions of all")
    for name in names:
        if name not in known:
            raise UnknownNameError("attribute", name, known)
    return names


def _clip(logits: Float[Tensor, "n a"]) -> Float[Tensor, "n a"]:
    """Clip outliers, which a saturated scorer gives and a least-squares fit would follow."""
    low, median, high = torch.quantile(logits[:ENOUGH], torch.tensor([0.25, 0.5, 0.75]), dim=0)
    reach = OUTLYING * (high - low) / IQR_OF_NORMAL
    return logits.clamp((median - reach).clamp(max=-GRADED), (median + reach).clamp(min=GRADED))


def _lines(along: Float[Tensor, "n a"], logits: Float[Tensor, "n a"]) -> tuple[Tensor, Tensor]:
    """Slope and intercept of each attribute's logit over the distance along its vector, in float64."""
    mean_along, mean_logits = along.mean(0, dtype=torch.float64), logits.mean(0, dtype=torch.float64)
    slopes = torch.empty_like(mean_along)
    for k in range(along.shape[1]):
        distance = along[:, k].double() - mean_along[k]
        graded = (logits[:, k].abs() < 0.999 * GRADED).double().mean() >= 0.01
        slopes[k] = distance @ logits[:, k].double() / distance.square().sum()
        if not graded:
            slopes[k], mean_logits[k] = _logistic_curve(distance, logits[:, k] > 0)
    return slopes, mean_logits - slopes * mean_along


def _logistic_curve(distance: Float[Tensor, " n"], labels: Bool[Tensor, " n"]) -> tuple[float, float]:
    """Slope and intercept of the logistic curve from distance to hard labels."""
    unit = float(distance.std())
    slope, intercept = fit(distance[:, None].float() / unit, labels[:, None], torch.tensor([1 / len(labels)]))
    return float(slope) / unit, float(intercept)
