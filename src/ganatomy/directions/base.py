"""What every way of finding directions shares: the evidence that it reads, and the scales that it fills in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.directions.cross_entropy import fit
from ganatomy.directions.threads import threads_for
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.latents import Direction, Directions, Space
from ganatomy.surveys import Survey

HELD_OUT = 0.3
"""Share of a survey that no method sees; the AUC of a direction is measured on it."""

BLOCK = 8192
"""Rows that are held in float64 at once."""

GRADED = math.log(999)
"""A logit within ± this (probabilities .001 to .999) says how much of an attribute there is, not only whether."""

OUTLYING = 6.0
"""Logits further than this many robust deviations from the median, and beyond ± GRADED, are clipped."""

IQR_OF_NORMAL = 1.349
"""Distance between the quartiles of a normal distribution, in standard deviations."""

ENOUGH = 20_000
"""Rows that are looked at to see how logits are spread."""

MINIMUM = 10
"""Codes with and without an attribute that it takes to be looked at when nobody asked for it by name."""


class Method(Protocol):
    """The one signature of every method."""

    def __call__(
        self, survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0
    ) -> Directions: ...


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A survey as matrices: a part to learn from, and a part to be judged on.

    `codes` are flat, `[n, d]`; with more numbers than codes (w+ of a small survey) they are coordinates in the span of
    the codes, which loses nothing that any method could learn, and `basis` `[shape, d]` leads back.
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
        """Whether each attribute is there, for the codes to learn from: probability above one half."""
        return self.logits > 0


def usable(survey: Survey, *, minimum: int = MINIMUM) -> list[str]:
    """The attributes that at least `minimum` codes of a survey have, and at least `minimum` lack.

    This is what `attributes=None` means to every method; `set(survey.scores.names) - set(usable(survey))` were skipped.
    """
    present = (survey.scores.logits > 0).sum(0)
    enough = (present >= minimum) & (len(survey) - present >= minimum)
    return [name for name, ok in zip(survey.scores.names, enough.tolist(), strict=True) if ok]


def read(survey: Survey, attributes: Iterable[str] | None = None, *, seed: int = 0) -> Evidence:
    """The evidence about these attributes (all usable ones by default), split by `seed`.

    Raises:
        UnknownNameError: for an attribute that was not scored.
        ScoreError: for scores that are not numbers, and for attributes of one class, with the counts.
        SettingError: for an empty list of attributes.
    """
    names = _choose(survey, attributes)
    columns = [survey.scores.names.index(name) for name in names]
    train, held = survey.split(held_out=HELD_OUT, seed=seed)
    logits = train.scores.logits[:, columns].float().cpu()
    held_labels = (held.scores.logits[:, columns] > 0).cpu()
    for column, name in enumerate(names):
        present = int((logits[:, column] > 0).sum())
        if not 0 < present < len(logits):
            raise ScoreError(
                f"{name!r} is there in {present} of the {len(logits)} codes to learn from; a direction needs codes "
                "with it and without: survey more codes, or leave the attribute out"
            )
    codes = train.latents.codes.detach().cpu().float().flatten(1)
    held_codes = held.latents.codes.detach().cpu().float().flatten(1)
    basis = None
    if codes.shape[1] > len(codes):
        basis, triangle = torch.linalg.qr(codes.T)
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

    The slope is that of the least-squares line from distance along the vector to the logit; where the scores are hard
    labels, whose logits mean nothing, it is that of the logistic curve.

    Args:
        slopes: logits per unit distance where the method knows better: a vector that was made to move one score only
            is not the line on which codes with and without the attribute lie.
        offsets: where the method has a boundary of its own, its signed distance from the origin: the logit is 0 where
            `<code, vector> + offset` is.

    Raises:
        ScoreError: where the method found no direction at all.
    """
    norms = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    for name, norm in zip(evidence.names, norms[:, 0].tolist(), strict=True):
        if not math.isfinite(norm) or norm == 0:
            raise ScoreError(
                f"{method} found no direction for {name!r}: no code says anything about it; survey more codes"
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
    """A vector of the evidence in the shape of a code of the survey."""
    full = vector if evidence.basis is None else evidence.basis @ vector.to(evidence.basis)
    return full.float().reshape(evidence.shape)


def auc(values: Float[Tensor, "n a"], labels: Bool[Tensor, "n a"]) -> Float[Tensor, " a"]:
    """Area under the ROC curve of each column: the chance that a code with the attribute ranks above one without.

    Ties count half (Mann and Whitney's U); nan where only one class is there.
    """
    areas = []
    for column, label in zip(values.T, labels.T, strict=True):
        present = int(label.sum())
        absent = len(label) - present
        _, place, count = column.unique(return_inverse=True, return_counts=True)
        ranks = (count.cumsum(0) - (count - 1) / 2)[place].double()
        above = float(ranks[label].sum()) - present * (present + 1) / 2
        areas.append(above / (present * absent) if present and absent else math.nan)
    return torch.tensor(areas, dtype=torch.float64)


def blocks(num_rows: int) -> Iterator[slice]:
    """Slices of `BLOCK` rows that cover `num_rows`."""
    for first in range(0, num_rows, BLOCK):
        yield slice(first, first + BLOCK)


def _choose(survey: Survey, attributes: Iterable[str] | None) -> tuple[str, ...]:
    known = survey.scores.names
    broken = (~torch.isfinite(survey.scores.logits)).nonzero()
    if len(broken):
        row, column = broken[0].tolist()
        raise ScoreError(
            f"row {row} of the survey scores {float(survey.scores.logits[row, column])} for {known[column]!r} "
            f"({len(broken)} such scores); drop these rows, or mend the scorer"
        )
    if attributes is None:
        names = tuple(usable(survey))
        if not names:
            raise ScoreError(
                f"none of the {len(known)} attributes is there in {MINIMUM} of these {len(survey)} codes and absent in "
                f"{MINIMUM}; survey more codes, or name the attributes"
            )
        return names
    names = (attributes,) if isinstance(attributes, str) else tuple(attributes)
    if not names:
        raise SettingError("there is no attribute to find; leave attributes out to find all")
    for name in names:
        if name not in known:
            raise UnknownNameError("attribute", name, known)
    return names


def _clip(logits: Float[Tensor, "n a"]) -> Float[Tensor, "n a"]:
    """Bound what a saturated scorer says: no logit is an outlier that a least-squares fit would bend to."""
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
