"""What the study found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.metrics.classification import AttributeReadings
from ganatomy.statistics.intervals import Estimate


@dataclass(frozen=True, kw_only=True, eq=False)
class Mistake:
    """An image that is read wrongly and surely.

    Args:
        file: what it is called.
        image: in [-1, 1].
        probability: that the classifier gave.
        label: that the data give.
        map: where the decision comes from; None where that was not asked for.
    """

    file: str
    image: Float[Tensor, "c h w"]
    probability: float
    label: bool
    map: Float[Tensor, "g g"] | None = None


@dataclass(frozen=True, kw_only=True)
class FactorReading:
    """How well a continuous factor is read, in its own unit.

    Args:
        name: of the factor.
        error: mean distance of what is read from what is true.
        base_error: the same for the median of all images.
        r2: share of variance explained.
    """

    name: str
    error: Estimate
    base_error: float
    r2: float


@dataclass(frozen=True, kw_only=True, eq=False)
class AttributeStudy:
    """How well a classifier reads the attributes of labelled images.

    Args:
        scorer: the classifier, in one line.
        data: the images, in one line.
        names: of the attributes that both have.
        exclusive: whether every image has exactly one of them.
        readings: figures of each attribute.
        logits: that were read.
        labels: that are true; those that are not a number are unknown.
        pairs: which attributes are taken for each other, see `mixups`; of classes `confusions`.
        factors: continuous factors that the classifier reads as well.
        maps: where decisions come from on average, by attribute; empty where that was not asked for.
        background: the mean of the images that the maps are of.
        mistakes: the worst ones of each attribute that is shown.
        seconds: of each stage.
    """

    scorer: str
    data: str
    names: tuple[str, ...]
    exclusive: bool
    readings: AttributeReadings
    logits: Float[Tensor, "n a"]
    labels: Float[Tensor, "n a"]
    pairs: Float[Tensor, "a a"]
    factors: tuple[FactorReading, ...]
    maps: Mapping[str, Float[Tensor, "g g"]]
    background: Float[Tensor, "c h w"]
    mistakes: Mapping[str, tuple[Mistake, ...]]
    seconds: Mapping[str, float]

    def __len__(self) -> int:
        return len(self.logits)

    def worst_pairs(self, count: int = 8) -> list[tuple[str, str, float]]:
        """Pairs that are confused most: what is read, what is there, and by how much more probable it is then."""
        values = self.pairs.clone().fill_diagonal_(torch.nan)
        order = values.abs().nan_to_num(nan=-1.0).flatten().argsort(descending=True, stable=True)
        found = []
        for place in order[:count].tolist():
            i, j = divmod(place, len(self.names))
            if not bool(values[i, j].isnan()) and float(values[i, j]) != 0:
                found.append((self.names[i], self.names[j], float(values[i, j])))
        return found

    def __str__(self) -> str:
        lines = [str(self.readings)]
        lines += [
            f"{one.name}: mean error {one.error} (median alone {one.base_error:.3g}), R² {one.r2:.3f}"
            for one in self.factors
        ]
        return "\n".join(lines)
