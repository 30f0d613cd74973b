"""How the contestants stand: figures with intervals, their order, and which differences are more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.directions.base import auc
from ganatomy.experiments.compare.contestants import CONTESTANTS
from ganatomy.experiments.compare.run import Comparison
from ganatomy.metrics.entanglement import NEAR
from ganatomy.metrics.selectivity import selectivity
from ganatomy.statistics.formatting import interval
from ganatomy.statistics.intervals import Estimate, estimate, resampling

MEASURES = ("selectivity", "truth_selectivity", "identity", "perceptual", "auc", "seconds", "labels")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The figures of a comparison.

    Intervals are from drawing the images again (for AUC the held-out codes, for seconds the attributes), the same
    draws for all methods.
    """

    comparison: Comparison

    @cached_property
    def weights(self) -> Float[Tensor, "b n"]:
        return resampling(self.comparison.num_images, seed=self.comparison.images_seed).float()

    @cached_property
    def figures(self) -> dict[str, dict[str, Estimate | None]]:
        """Method to measure to figure, None where it does not apply."""
        return {name: {measure: self._figure(name, measure) for measure in MEASURES} for name in self.methods}

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self.comparison.results)

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The methods, the highest selectivity first."""

        def rank(name: str) -> tuple[bool, float]:
            value = self.value(name, "selectivity")
            return math.isnan(value), -value

        return tuple(sorted(self.methods, key=rank))

    def figure(self, method: str, measure: str = "selectivity") -> Estimate:
        """A figure that applies."""
        found = self.figures[method][measure]
        assert found is not None, f"{measure} of {method} was not measured"
        return found

    def value(self, method: str, measure: str = "selectivity") -> float:
        """A figure without its interval, nan where it does not apply."""
        found = self.figures[method][measure]
        return math.nan if found is None else found.value

    def difference(self, a: str, b: str, measure: str = "selectivity") -> Estimate:
        """By how much one method is above another, in the same draws of images."""
        value = self.value(a, measure) - self.value(b, measure)
        return estimate(value, self._resampled[measure][a] - self._resampled[measure][b])

    def tied(self, a: str, b: str, measure: str = "selectivity") -> bool:
        """Whether the difference of two methods is within chance: its interval holds 0."""
        return not self.difference(a, b, measure).excludes_zero

    def ties(self, method: str, among: Sequence[str] | None = None) -> list[str]:
        """Other methods that cannot be told apart from this one, best first."""
        among = self.ranking if among is None else among
        return [
            other for other in self.ranking if other in among and other != method and self.tied(method, other)
        ]

    def selectivity_of(self, method: str) -> dict[str, Estimate]:
        """Selectivity of each attribute's edit."""
        value, resampled = self._selectivities(method)
        return {name: estimate(value[k], resampled[:, k]) for k, name in enumerate(self.comparison.names)}

    def target_changes(self, method: str) -> Float[Tensor, " k"]:
        """Mean change of each edit's own attribute."""
        changes = self.comparison.results[method].effects.changes.mean(1)
        return changes.diagonal()

    def reached(self, method: str) -> list[str]:
        """The attributes that were moved as far as was asked for, or nearly so, or further."""
        goal = (1 - NEAR) * self.comparison.target_change
        changes = self.target_changes(method).tolist()
        return [name for name, change in zip(self.comparison.names, changes, strict=True) if change >= goal]

    def best(self, *, holds: bool | None = None, guided: bool | None = None) -> str | None:
        """The method of highest selectivity, of those that hold others or do not, that are led or are not."""
        for name in self.ranking:
            contestant = CONTESTANTS[name]
            if holds in (None, contestant.holds) and guided in (None, contestant.find is None):
                return name
        return None

    def __str__(self) -> str:
        width = max(map(len, self.methods))
        lines = [f"{'':{width}}  selectivity, others measured at the same target change"]
        for name in self.ranking:
            found = self.figure(name)
            lines.append(f"{name:{width}}  {found.value:6.2f}  ({interval(found, digits=2)})")
        return "\n".join(lines)

    def _figure(self, method: str, measure: str) -> Estimate | None:
        result = self.comparison.results[method]
        if measure == "labels":
            return Estimate(value=result.labels, low=result.labels, high=result.labels)
        if measure == "seconds":
            each = result.seconds / len(self.comparison.names) + result.effects.seconds.double()
            weights = resampling(len(each), seed=self.comparison.images_seed)
            return estimate(each.mean(), weights @ each)
        if measure == "auc":
            if result.along is None:
                return None
            value = auc(result.along, self.comparison.held.scores.logits > 0).nanmean()
            return estimate(value, self._resampled[measure][method])
        if method not in self._resampled[measure]:
            return None
        everyone = torch.full((1, self.comparison.num_images), 1 / self.comparison.num_images)
        return estimate(self._mean(method, measure, everyone)[0], self._resampled[measure][method])

    @cached_property
    def _resampled(self) -> dict[str, dict[str, Float[Tensor, " b"]]]:
        """Measure to method to what the figure would have been in each draw."""
        found: dict[str, dict[str, Tensor]] = {
            measure: {
                name: self._mean(name, measure, self.weights)
                for name, result in self.comparison.results.items()
                if measure == "selectivity" or self._rows(name, measure).shape[2]
            }
            for measure in ("selectivity", "truth_selectivity", "identity", "perceptual")
        }
        held = self.comparison.held.scores.logits > 0
        weights = resampling(len(held), seed=self.comparison.images_seed)
        found["auc"] = {
            name: torch.stack(
                [weighted_auc(result.along[:, k], held[:, k], weights) for k in range(held.shape[1])]
            ).nanmean(0)
            for name, result in self.comparison.results.items()
            if result.along is not None
        }
        return found

    def _rows(self, method: str, measure: str) -> Float[Tensor, "k n f"]:
        effects = self.comparison.results[method].effects
        return {
            "selectivity": effects.changes,
            "truth_selectivity": effects.factors,
            "identity": effects.identity,
            "perceptual": effects.perceptual,
        }[measure]

    def _mean(self, method: str, measure: str, weights: Float[Tensor, "b n"]) -> Float[Tensor, " b"]:
        """A measure's mean over attributes, in images that count as each row of the weights says."""
        rows = self._rows(method, measure)
        mean = torch.einsum("bn,knf->bkf", weights.to(rows), rows)
        if measure in ("identity", "perceptual"):
            return mean.mean((1, 2))
        sizes = torch.einsum("bn,knf->bkf", weights.to(rows), rows.abs())
        if measure == "selectivity":
            return selectivity(mean, sizes, torch.arange(len(rows))).mean(1)
        assert self.comparison.truth is not None
        return self.comparison.truth.selectivity(mean, sizes, self.comparison.names).nanmean(1)

    def _selectivities(self, method: str) -> tuple[Float[Tensor, " k"], Float[Tensor, "b k"]]:
        changes = self.comparison.results[method].effects.changes
        targets = torch.arange(len(changes))
        weights = self.weights.to(changes)
        resampled = selectivity(
            torch.einsum("bn,kna->bka", weights, changes),
            torch.einsum("bn,kna->bka", weights, changes.abs()),
            targets,
        )
        return selectivity(changes.mean(1), changes.abs().mean(1), targets), resampled


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
