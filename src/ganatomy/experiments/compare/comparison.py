"""What a comparison found: figures with intervals, the ranking, and which differences are more than chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.directions.base import auc
from ganatomy.experiments.compare.chance import Chance
from ganatomy.experiments.compare.curves import Learning, Trades
from ganatomy.experiments.compare.editing import MethodResult
from ganatomy.experiments.compare.own_factors import OwnFactors
from ganatomy.generators.base import Signature
from ganatomy.latents import Latents, Space
from ganatomy.metrics.entanglement import Entanglement
from ganatomy.metrics.paired import compare_selectivity
from ganatomy.report.rows import interval_headings, interval_values
from ganatomy.statistics.formatting import interval
from ganatomy.statistics.intervals import Estimate, estimate, resampling
from ganatomy.statistics.tests import PairedTest
from ganatomy.surveys import Survey
from ganatomy.tabular import Frame, Tabular

MEASURES = (
    "selectivity", "scorer_selectivity", "factor_selectivity", "identity", "perceptual", "auc", "seconds", "labels"
)  # fmt: skip

Drawn = tuple[float, Float[Tensor, " b"]]
"""A figure, and what it would have been in each draw."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison(Tabular):
    """What every method found and changed, in the same images.

    Selectivity is read by the judge where there is one, and the ranking goes by it; `scorer_selectivity` is what the
    scorer reads, which every method has learnt from.

    Intervals are from drawing the images again (for AUC the held-out codes, for seconds the attributes), the same
    draws for all methods.

    Args:
        scorer: a line about the attribute classifier.
        judge: the same about the judge; None without one.
        survey: codes with the scores of all attributes that are measured.
        held: those of its codes that no method learnt from.
        latents: of the unedited images.
        results: method to what it did, in the order of the table.
        features: where identity and perceptual distance are from.
        guided_by: what guided edits follow.
        left_out: methods that do not apply, and why.
        not_measured: measures that do not apply, and why.
        factors: which factors an attribute is, where that is known.
        chance: what shuffled labels give.
        trades: target changes against changes of others, for some methods.
        learning: quality against the number of labels, for some methods.

    Example::

        found = ga.compare(experiment, n=300, images=6, attributes=["Smiling"], methods=["regression", "dual"])
        print(found.to_csv("methods.csv"))
    """

    signature: Signature
    fingerprint: str
    scorer: str
    judge: str | None
    survey: Survey
    held: Survey
    latents: Latents
    target_change: float
    results: Mapping[str, MethodResult]
    features: str
    guided_by: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    not_measured: Mapping[str, str] = field(default_factory=dict)
    factors: OwnFactors | None = None
    chance: Chance | None = None
    trades: Trades = field(default_factory=dict)
    learning: Learning = field(default_factory=dict)

    @property
    def attributes(self) -> tuple[str, ...]:
        """All that are measured."""
        return self.survey.names

    @property
    def edited(self) -> tuple[str, ...]:
        """The attributes that are edited."""
        return next(iter(self.results.values())).changes.names

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.results)

    @property
    def num_images(self) -> int:
        return len(self.latents)

    @property
    def space(self) -> Space:
        return self.survey.space

    @property
    def images_seed(self) -> int:
        return next(iter(self.results.values())).changes.seed

    @property
    def is_judged(self) -> bool:
        """Whether a judge reads the edits."""
        return all(result.changes.judged is not None for result in self.results.values())

    def read(self, method: str) -> Entanglement:
        """What a method's edits changed, by the judge where there is one, else by the scorer."""
        changes = self.results[method].changes
        return changes if changes.judged is None else changes.judged

    @property
    def reading(self) -> str:
        """Who reads selectivity: "scorer", "judge" or "smoothed reading"."""
        return self.read(self.methods[0]).reading

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The methods, the highest selectivity first."""

        def rank(name: str) -> tuple[bool, float]:
            value = self.value(name)
            return math.isnan(value), -value

        return tuple(sorted(self.methods, key=rank))

    @cached_property
    def figures(self) -> dict[str, dict[str, Estimate | None]]:
        """Method to measure to figure, None where it does not apply."""
        return {
            name: {measure: None if it is None else estimate(*it) for measure, it in drawn.items()}
            for name, drawn in self._drawn.items()
        }

    def figure(self, method: str, measure: str = "selectivity") -> Estimate:
        """A figure that applies."""
        found = self.figures[method][measure]
        assert found is not None, f"{measure} of {method} was not measured"
        return found

    def value(self, method: str, measure: str = "selectivity") -> float:
        """A figure without its interval, nan where it does not apply."""
        found = self.figures[method][measure]
        return math.nan if found is None else found.value

    def by_scorer(self, method: str) -> float:
        """Selectivity by the scorer."""
        return self.value(method, "scorer_selectivity" if self.is_judged else "selectivity")

    def difference(self, a: str, b: str, measure: str = "selectivity") -> Estimate:
        """By how much one method is above another, in the same draws of images."""
        one, other = self._drawn[a][measure], self._drawn[b][measure]
        assert one is not None and other is not None, f"{measure} was not measured of {a} and {b}"  # noqa: PT018
        return estimate(one[0] - other[0], one[1] - other[1])

    def paired(self, a: str, b: str) -> PairedTest:
        """Whether the selectivity of two methods differs: a permutation test, paired by image."""
        return compare_selectivity(self.read(a), self.read(b))

    def tied(self, a: str, b: str, measure: str = "selectivity") -> bool:
        """Whether two methods do not differ significantly: by the paired test, for other measures by the interval."""
        if measure == "selectivity":
            return not self.paired(a, b).significant
        return not self.difference(a, b, measure).excludes_zero

    def ties(self, method: str, among: Sequence[str] | None = None) -> list[str]:
        """Other methods that do not differ significantly from this one, best first."""
        among = self.ranking if among is None else among
        return [
            other for other in self.ranking if other in among and other != method and self.tied(method, other)
        ]

    def selectivity_of(self, method: str) -> dict[str, Estimate]:
        """Selectivity of each attribute's edit."""
        return self.read(method).selectivity().directions

    def reached(self, method: str) -> list[str]:
        """The attributes that changed as much as was asked for, or nearly so, or more."""
        changes = self.results[method].changes
        return [
            name for name, reached in zip(changes.names, changes.reached.tolist(), strict=True) if reached
        ]

    def confirmed(self, method: str) -> list[str]:
        """The attributes that were reached and whose change the judge confirms."""
        names = self.results[method].changes.confirmed
        return [name for name in self.reached(method) if name in names]

    def best(self, *, holds: bool, guided: bool) -> str | None:
        """The method of highest selectivity, of those that hold others fixed or do not, that are guided or not."""
        for name in self.ranking:
            contestant = self.results[name].contestant
            if (contestant.holds, contestant.guided) == (holds, guided):
                return name
        return None

    def frame(self) -> Frame:
        """A row for each method, best first: every measure with its interval."""
        measures = [
            name for name in self.figures[self.ranking[0]] if any(self.figures[m][name] for m in self.methods)
        ]
        headings = interval_headings(*measures)
        rows = [
            interval_values(*(self.figures[method][name] for name in measures)) for method in self.ranking
        ]
        return Frame(
            title=f"{len(self.methods)} methods in {self.num_images} images, ranked by selectivity",
            columns={"method": self.ranking, **dict(zip(headings, zip(*rows, strict=True), strict=True))},
        )

    def __str__(self) -> str:
        width = max(map(len, self.methods))
        lines = [f"{'':{width}}  selectivity, others measured at the same target change"]
        for name in self.ranking:
            found = self.figure(name)
            lines.append(f"{name:{width}}  {found.value:6.2f}  ({interval(found, digits=2)})")
        return "\n".join(lines)

    @cached_property
    def _drawn(self) -> dict[str, dict[str, Drawn | None]]:
        """Method to measure to the figure, and what it would have been in each draw."""
        return {name: self._draw(result) for name, result in self.results.items()}

    def _draw(self, result: MethodResult) -> dict[str, Drawn | None]:
        changes, labels = result.changes, float(result.found.num_labels)
        assert changes.seconds is not None
        seconds = result.found.seconds / len(self.attributes) + changes.seconds
        return {
            "selectivity": _selectivity(changes if changes.judged is None else changes.judged),
            "scorer_selectivity": None if changes.judged is None else _selectivity(changes),
            "factor_selectivity": self._factor_selectivity(changes),
            "identity": self._mean(changes.identity),
            "perceptual": self._mean(changes.perceptual),
            "auc": self._auc(result.along),
            "seconds": self._mean(seconds[None]),
            "labels": (labels, torch.tensor([labels])),
        }

    def _mean(self, rows: Float[Tensor, "k n"] | None) -> Drawn | None:
        if rows is None:
            return None
        each = rows.double().mean(0)
        return float(each.mean()), resampling(len(each), seed=self.images_seed) @ each

    def _auc(self, along: Float[Tensor, "m k"] | None) -> Drawn | None:
        if along is None:
            return None
        labels = self.held.scores.logits > 0
        weights = resampling(len(labels), seed=self.images_seed)
        drawn = [weighted_auc(along[:, k], labels[:, k], weights) for k in range(labels.shape[1])]
        return float(auc(along, labels).nanmean()), torch.stack(drawn).nanmean(0)

    def _factor_selectivity(self, changes: Entanglement) -> Drawn | None:
        shifts = changes.factor_shifts
        if shifts is None or self.factors is None:
            return None
        weights = resampling(self.num_images, seed=self.images_seed).to(shifts)
        mean, size = (torch.einsum("bn,knf->bkf", weights, rows) for rows in (shifts, shifts.abs()))
        value = self.factors.selectivity(shifts.mean(1), shifts.abs().mean(1), changes.names).nanmean()
        return float(value), self.factors.selectivity(mean, size, changes.names).nanmean(1)


def _selectivity(changes: Entanglement) -> Drawn:
    return float(changes.selectivities().mean()), changes.resampled_selectivities().mean(1)


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's correlation of two rows of figures, ties at their mean rank.

    >>> rank_correlation([1.0, 2.0, 3.0], [10.0, 20.0, 15.0])
    0.5
    """
    from scipy.stats import spearmanr

    return float(np.asarray(spearmanr(a, b)[0]))


def weighted_auc(
    values: Float[Tensor, " m"], labels: Bool[Tensor, " m"], weights: Float[Tensor, "b m"]
) -> Float[Tensor, " b"]:
    """Area under the ROC curve in each draw; ties count half, and nan stands where a draw has one class only."""
    _, place = values.unique(return_inverse=True)
    shape = (len(weights), int(place.max()) + 1)
    present, absent = (
        torch.zeros(shape, dtype=torch.float64).index_add_(1, place, weights.double() * side)
        for side in (labels, ~labels)
    )
    above = (present * (absent.cumsum(1) - absent / 2)).sum(1)
    return above / (present.sum(1) * absent.sum(1))
