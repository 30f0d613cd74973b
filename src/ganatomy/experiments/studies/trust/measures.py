"""The figures of each method: what the scorer says of its edits, what the judges say, and how likely its codes are.

Images are drawn again with replacement, attribute by attribute, the same draws for all methods. With several judges a
figure is the mean over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.experiments.studies.trust.result import TrustReader, TrustStudy
from ganatomy.metrics.selectivity import selectivity
from ganatomy.statistics.intervals import UNMEASURED, Estimate, estimate, resampling, share_with_draws

BEYOND = (95.0, 99.9)
"""Percentiles of the distance of drawn codes beyond which edited codes are counted."""


@dataclass(frozen=True, kw_only=True)
class TrustFigures:
    """The figures of one method, means over attributes, images and judges.

    Args:
        scorer_change: change of the attribute towards its goal, by the scorer.
        judge_change: the same by the judges.
        agreement: the second as a share of the first.
        natural_agreement: that share between unedited images whose scores differ as much.
        reached: share of edits whose goal the scorer reads.
        confirmed: share of these that a judge confirms.
        right: share of all edits that a judge reads on the goal's side of one half.
        selectivity: change of the attribute over the mean change of another, by the scorer.
        judged_selectivity: the same by the judges.
        distance: Mahalanobis distance of the edited codes.
        unlikely: share of them beyond the 95th percentile of drawn codes.
        very_unlikely: share beyond the 99.9th.
        seconds: of processor time for one edit.
    """

    scorer_change: Estimate
    judge_change: Estimate
    agreement: Estimate
    natural_agreement: Estimate
    reached: Estimate
    confirmed: Estimate
    right: Estimate
    selectivity: Estimate
    judged_selectivity: Estimate
    distance: Estimate
    unlikely: Estimate
    very_unlikely: Estimate
    seconds: float


def figures(
    found: TrustStudy,
    method: str,
    *,
    judges: Sequence[TrustReader] | None = None,
    attribute: str | None = None,
) -> TrustFigures:
    """The figures of one method.

    Args:
        found: the study.
        method: one of its methods.
        judges: whose reading counts, by default all.
        attribute: of the edits that count, by default all.

    Returns:
        The figures; those that need a judge are not numbers without one.
    """
    judges = found.judges if judges is None else judges
    draws = _Draws.of(found, attribute)
    likelihood = found.methods[method].likelihood
    percentile, reached = draws.shaped(likelihood.percentile), found.reached(method)
    all_edits = draws.count(torch.ones_like(reached))
    own = found.progress(found.scorer, method)

    def judged(figure: Callable[[TrustReader], Estimates]) -> Estimate:
        return mean_over([figure(judge) for judge in judges])

    return TrustFigures(
        scorer_change=mean_over([draws.mean(own)]),
        judge_change=judged(lambda judge: draws.mean(found.progress(judge, method))),
        agreement=judged(lambda judge: draws.ratio(found.progress(judge, method), own)),
        natural_agreement=judged(lambda judge: draws.ratio(expected(found, judge, method), own)),
        reached=_share([draws.mean(reached)], all_edits),
        confirmed=_share(
            [draws.ratio(found.confirmed(judge, method), reached) for judge in judges if found.is_judged],
            draws.count(reached),
        ),
        right=_share([draws.mean(found.right(judge, method)) for judge in judges], all_edits),
        selectivity=mean_over(
            [draws.selectivity(found, found.scorer, method, shared) for shared in _shared(found, judges)]
        ),
        judged_selectivity=judged(lambda judge: draws.selectivity(found, judge, method, judge.names)),
        distance=mean_over([draws.mean(draws.shaped(likelihood.distance))]),
        unlikely=_share([draws.mean(percentile > BEYOND[0])], all_edits),
        very_unlikely=_share([draws.mean(percentile > BEYOND[1])], all_edits),
        seconds=found.methods[method].seconds,
    )


def expected(found: TrustStudy, judge: TrustReader, method: str) -> Float[Tensor, "k n"]:
    """The progress that a judge reads between unedited images in which the scorer reads what it reads here.

    For each attribute the judge's probability is fitted as a rising function of the scorer's (isotonic regression), and
    read off at the probabilities before and after the edit.
    """
    from sklearn.isotonic import IsotonicRegression

    rows = []
    for k, name in enumerate(found.edited):
        scored, judged = (
            reader.natural[:, reader.names.index(name)].numpy() for reader in (found.scorer, judge)
        )
        natural = IsotonicRegression(out_of_bounds="clip").fit(scored, judged)
        was, now = (found.target(found.scorer, at)[k].numpy() for at in (None, method))
        rows.append(torch.from_numpy(natural.predict(now) - natural.predict(was)))
    return found.signs * torch.stack(rows).float()


Estimates = tuple[Tensor, Tensor]
"""A figure, and what it is in each draw."""


def mean_over(readings: Sequence[Estimates]) -> Estimate:
    """The mean over several readings, with its interval; not a number where there is none."""
    return estimate(*_means(readings)) if readings else UNMEASURED


def _share(readings: Sequence[Estimates], n: int) -> Estimate:
    """The same for a share of n edits."""
    if not readings:
        return UNMEASURED
    value, drawn = _means(readings)
    return share_with_draws(float(value), n, drawn)


def _means(readings: Sequence[Estimates]) -> Estimates:
    value, drawn = (torch.stack(column).mean(0) for column in zip(*readings, strict=True))
    return value, drawn


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draws:
    """Images of k attributes drawn again with replacement.

    Args:
        rows: which attributes count.
        shape: all attributes, and images of each.
        weights: share of each image in each draw.
    """

    rows: tuple[int, ...]
    shape: tuple[int, int]
    weights: Float[Tensor, "k b n"]

    @classmethod
    def of(cls, found: TrustStudy, attribute: str | None) -> _Draws:
        count = len(found.edited)
        rows = tuple(range(count)) if attribute is None else (found.edited.index(attribute),)
        weights = _weights(count, found.num_images, found.seed)
        return cls(rows=rows, shape=(count, found.num_images), weights=weights[list(rows)])

    def shaped(self, flat: Float[Tensor, " kn"]) -> Float[Tensor, "k n"]:
        """Values in the order of codes by attribute and image."""
        return flat.reshape(self.shape)

    def count(self, which: Bool[Tensor, "k n"]) -> int:
        """How many edits these are."""
        return int(which[list(self.rows)].sum())

    def mean(self, values: Tensor) -> Estimates:
        kept = values[list(self.rows)].double()
        return kept.mean(), torch.einsum("kbn,kn->b", self.weights, kept) / len(self.rows)

    def ratio(self, above: Tensor, below: Tensor) -> Estimates:
        (a, drawn_a), (b, drawn_b) = self.mean(above), self.mean(below)
        return a / b, drawn_a / drawn_b

    def selectivity(
        self, found: TrustStudy, reader: TrustReader, method: str, names: Sequence[str]
    ) -> Estimates:
        """The mean over attributes, against others among `names`."""
        changes = reader.changes(method, names)[list(self.rows)].double()
        targets = torch.tensor([list(names).index(found.edited[row]) for row in self.rows])
        signed, size = (torch.einsum("kbn,kna->bka", self.weights, part) for part in (changes, changes.abs()))
        value = selectivity(changes.mean(1), changes.abs().mean(1), targets)
        return value.mean(), selectivity(signed, size, targets).mean(1)


@lru_cache(maxsize=4)
def _weights(count: int, n: int, seed: int) -> Float[Tensor, "k b n"]:
    return torch.stack([resampling(n, seed=seed + k) for k in range(count)])


def _shared(found: TrustStudy, judges: Sequence[TrustReader]) -> list[tuple[str, ...]]:
    """The attributes of each judge, or of the scorer where there is none: both are compared by the same ones."""
    return [judge.names for judge in judges] or [found.scorer.names]
