"""How well a classifier reads attributes: Table I of Pham Van et al. 2020 for any network, with intervals.

A figure is a function of weighted rows, so that the same lines compute it and, with the weights of draws with
replacement, its bootstrap interval. Labels that are not a number are unknown and take no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.statistics.intervals import (
    NUM_RESAMPLES,
    Estimate,
    estimate,
    resampling,
    share_with_draws,
)

NUM_BINS = 10
"""Of a calibration curve."""

MOST_WEIGHTS = 20_000_000
"""Of all draws together: more than 20,000 images are drawn less often than a thousand times, but at least 100 times."""

FEW = 20
"""Positives or negatives below which the figures of an attribute say little."""


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """Images whose predicted probabilities are near each other.

    Args:
        predicted: mean probability.
        observed: share of them that have the attribute.
        count: of the images.
    """

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, kw_only=True)
class AttributeReading:
    """How well one attribute is read; decisions are at a probability of one half.

    Args:
        name: of the attribute.
        known: images whose label is known.
        positives: of them.
        prevalence: share of positives.
        base_rate: accuracy of the commoner answer alone.
        accuracy: share of right decisions.
        balanced_accuracy: mean of the shares of right decisions among positives and among negatives.
        auc: area under the ROC curve.
        average_precision: area under the curve of precision by recall, in steps.
        f1: harmonic mean of precision and recall.
        f2: the same with recall weighing four times as much, which is fastai's default.
        calibration_error: mean distance of predicted probabilities from observed shares, over ten bins.
        curve: the bins.
    """

    name: str
    known: int
    positives: int
    prevalence: Estimate
    base_rate: float
    accuracy: Estimate
    balanced_accuracy: Estimate
    auc: Estimate
    average_precision: Estimate
    f1: Estimate
    f2: Estimate
    calibration_error: Estimate
    curve: tuple[CalibrationBin, ...]

    @property
    def says_little(self) -> bool:
        """Whether there are too few images with or without it."""
        return min(self.positives, self.known - self.positives) < FEW


@dataclass(frozen=True, kw_only=True)
class AttributeReadings:
    """How well all attributes are read.

    Args:
        attributes: each one.
        accuracy: share of right decisions over all images and attributes.
        base_rate: the same of the commoner answers.
        f1_micro: over all decisions.
        f1_macro: mean over attributes.
        f2_micro: over all decisions.
        f2_macro: mean over attributes.
        auc: mean over attributes.
        num_images: that were read.
        num_people: whose images they are, where that is known; intervals draw people then.
        num_draws: that intervals come from.
    """

    attributes: tuple[AttributeReading, ...]
    accuracy: Estimate
    base_rate: float
    f1_micro: Estimate
    f1_macro: Estimate
    f2_micro: Estimate
    f2_macro: Estimate
    auc: Estimate
    num_images: int
    num_people: int | None = None
    num_draws: int = 0

    def __getitem__(self, name: str) -> AttributeReading:
        return next(one for one in self.attributes if one.name == name)

    def __str__(self) -> str:
        lines = [
            f"{one.name:22} prevalence {one.prevalence.value:.3f}  accuracy {one.accuracy}  base rate "
            f"{one.base_rate:.3f}  AUC {one.auc}"
            for one in self.attributes
        ]
        lines.append(f"all: accuracy {self.accuracy}, base rate {self.base_rate:.3f}, F1 {self.f1_macro}")
        return "\n".join(lines)


def read_attributes(
    names: Sequence[str],
    logits: Float[Tensor, "n a"],
    labels: Float[Tensor, "n a"],
    *,
    people: Int[Tensor, " n"] | None = None,
    seed: int = 0,
) -> AttributeReadings:
    """How well logits tell labels.

    Args:
        names: of the attributes.
        logits: that a classifier gave.
        labels: 0 and 1, or how probable; those that are not a number are unknown.
        people: who is in each image: intervals then draw people instead of images, because images of one person are
            alike.
        seed: of the draws.

    Raises:
        SettingError: for tensors that do not fit, and without an image.

    Example:
        >>> truth = torch.tensor([[1.0], [0.0], [1.0], [0.0]])
        >>> found = read_attributes(["Smiling"], torch.tensor([[2.0], [-1.0], [0.5], [0.7]]), truth)
        >>> found["Smiling"].auc.value, found["Smiling"].accuracy.value
        (0.75, 0.75)
    """
    if logits.shape != labels.shape or logits.shape[1:] != (len(names),) or not len(logits):
        raise SettingError(
            f"{len(names)} names, logits {list(logits.shape)} and labels {list(labels.shape)} do not go together"
        )
    logits, labels = logits.detach().double().cpu(), labels.double().cpu()
    drawn, num_people = draws(len(logits), people, seed=seed)
    weights = torch.cat([torch.full((1, len(logits)), 1 / len(logits), dtype=torch.double), drawn])
    columns = [Column.of(logits[:, k], labels[:, k], weights) for k in range(len(names))]
    ones = tuple(_reading(name, column, num_people) for name, column in zip(names, columns, strict=True))
    counts = torch.stack([column.counts for column in columns])
    total = counts.nansum(0)
    known = sum(one.known for one in ones)
    return AttributeReadings(
        attributes=ones,
        accuracy=_share((total[0] + total[3]) / total.sum(0), num_people or len(logits)),
        base_rate=sum(one.base_rate * one.known for one in ones if one.known) / max(known, 1),
        f1_micro=_bounded(f_beta(total, 1)),
        f1_macro=_bounded(f_beta(counts.transpose(0, 1), 1).nanmean(0)),
        f2_micro=_bounded(f_beta(total, 2)),
        f2_macro=_bounded(f_beta(counts.transpose(0, 1), 2).nanmean(0)),
        auc=_bounded(torch.stack([column.auc() for column in columns]).nanmean(0)),
        num_images=len(logits),
        num_people=num_people,
        num_draws=len(drawn),
    )


def draws(
    n: int, people: Int[Tensor, " n"] | None = None, *, seed: int = 0
) -> tuple[Float[Tensor, "b n"], int | None]:
    """Weights of n images in draws with replacement, of images or of the people in them; and how many people."""
    num = max(100, min(NUM_RESAMPLES, MOST_WEIGHTS // n))
    if people is None:
        return resampling(n, seed=seed, num=num), None
    _, which = people.unique(return_inverse=True)
    count = int(which.max()) + 1
    return resampling(count, seed=seed, num=num)[:, which] * (count / n), count


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """One attribute: known rows in the order of their logits, with the weights of each draw.

    Args:
        logits: of known rows.
        positive: whether each has the attribute.
        weights: of the rows; the first draw weighs all alike.
    """

    logits: Float[Tensor, " n"]
    positive: Bool[Tensor, " n"]
    weights: Float[Tensor, "b n"]

    @classmethod
    def of(
        cls, logits: Float[Tensor, " n"], labels: Float[Tensor, " n"], weights: Float[Tensor, "b n"]
    ) -> Column:
        known = (~labels.isnan()).nonzero()[:, 0]
        order = known[logits[known].argsort(stable=True)]
        return cls(logits=logits[order], positive=labels[order] > 0.5, weights=weights[:, order])

    @property
    def counts(self) -> Float[Tensor, "4 b"]:
        """Weights of true and false positives, and of false and true negatives."""
        said = self.logits > 0
        kinds = (said & self.positive, said & ~self.positive, ~said & self.positive, ~said & ~self.positive)
        return torch.stack([self.weights[:, kind].sum(1) for kind in kinds])

    def auc(self) -> Float[Tensor, " b"]:
        """Probability that a positive has a larger logit than a negative; of equal ones half count."""
        yes, no = self._by_logit()
        below = no.cumsum(1) - no
        return (yes * (below + no / 2)).sum(1) / (yes.sum(1) * no.sum(1))

    def average_precision(self) -> Float[Tensor, " b"]:
        """Sum over thresholds of precision times the recall that is gained."""
        yes, no = (part.flip(1) for part in self._by_logit())
        found = yes.cumsum(1)
        precision = found / (found + no.cumsum(1)).clamp(min=1e-300)
        return (precision * yes).sum(1) / yes.sum(1)

    def calibration_error(self) -> Float[Tensor, " b"]:
        """Mean distance of probabilities from shares, over bins of equally many images."""
        apart = torch.zeros(len(self.weights), dtype=torch.double)
        chance = torch.sigmoid(self.logits)
        for rows in self._bins():
            weights = self.weights[:, rows]
            apart += (weights @ (chance[rows] - self.positive[rows].double())).abs()
        return apart / self.weights.sum(1)

    def curve(self) -> tuple[CalibrationBin, ...]:
        """The bins of the calibration curve."""
        chance = torch.sigmoid(self.logits)
        return tuple(
            CalibrationBin(
                predicted=float(chance[rows].mean()),
                observed=float(self.positive[rows].double().mean()),
                count=len(rows),
            )
            for rows in self._bins()
        )

    def _bins(self) -> list[Tensor]:
        rows = torch.arange(len(self.logits))
        return [part for part in rows.tensor_split(NUM_BINS) if len(part)]

    def _by_logit(self) -> tuple[Float[Tensor, "b u"], Float[Tensor, "b u"]]:
        """Weights of positives and of negatives at each logit that occurs, the smallest first."""
        values, place = self.logits.unique(return_inverse=True)
        empty = torch.zeros(len(self.weights), len(values), dtype=torch.double)
        return (
            empty.index_add(1, place, self.weights * self.positive),
            empty.index_add(1, place, self.weights * ~self.positive),
        )


def f_beta(counts: Float[Tensor, "4 *b"], beta: float) -> Float[Tensor, "*b"]:
    """F beta of true and false positives, and false and true negatives: (1+β²) tp / ((1+β²) tp + β² fn + fp).

    >>> f_beta(torch.tensor([2.0, 2.0, 0.0, 6.0]), 1).item()
    0.6666666865348816
    """
    hits, alarms, misses = counts[0], counts[1], counts[2]
    square = beta**2
    return (1 + square) * hits / ((1 + square) * hits + square * misses + alarms)


def _reading(name: str, column: Column, num_people: int | None) -> AttributeReading:
    hits, alarms, misses, passed = column.counts
    total = hits + alarms + misses + passed
    known, positives = len(column.logits), int(column.positive.sum())
    share = positives / known if known else float("nan")
    independent = min(known, num_people or known)
    return AttributeReading(
        name=name,
        known=known,
        positives=positives,
        prevalence=_share((hits + misses) / total, independent),
        base_rate=max(share, 1 - share),
        accuracy=_share((hits + passed) / total, independent),
        balanced_accuracy=_bounded((hits / (hits + misses) + passed / (passed + alarms)) / 2),
        auc=_bounded(column.auc()),
        average_precision=_bounded(column.average_precision()),
        f1=_bounded(f_beta(column.counts, 1)),
        f2=_bounded(f_beta(column.counts, 2)),
        calibration_error=_bounded(column.calibration_error()),
        curve=column.curve(),
    )


def _share(values: Float[Tensor, " b"], n: int) -> Estimate:
    """The same for a share of n independent images or people: wide also where all or none are right."""
    return share_with_draws(float(values[0]), n, values[1:])


def _bounded(values: Float[Tensor, " b"]) -> Estimate:
    """The figure of all rows, which is the first, with the interval of the draws."""
    return estimate(values[0], values[1:])
