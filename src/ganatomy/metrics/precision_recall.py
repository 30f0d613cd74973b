"""Improved precision and recall: how many generated images look real, how many real ones the generator covers.

Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative Models".
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics.base import MeasuredValue, certain
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.samples import SampleComparison, checked, jackknife_samples
from ganatomy.statistics.intervals import Estimate

NEIGHBOURS = 3
"""The k of the paper."""


@dataclass(frozen=True, kw_only=True)
class PrecisionRecall(SampleComparison, unit="of 1", higher_is_better=True):
    """Shares of images that lie within the other set.

    Args:
        precision: of generated images, within the real ones.
        recall: of real images, within the generated ones.
        ceiling: of one half of the real images, within the other, as a perfect generator of so many would have.
        neighbours: whose distance is the radius around an image.
    """

    precision: Estimate
    recall: Estimate
    ceiling: float
    neighbours: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(
            precision=self.precision, recall=self.recall, of_two_real_halves=certain(self.ceiling)
        )

    @property
    def notes(self) -> tuple[str, ...]:
        if max(self.num_fake, self.num_real) <= 1.2 * min(self.num_fake, self.num_real):
            return super().notes
        return (*super().notes, f"precision and recall compare at equal numbers; these are of {self.samples}")

    def __str__(self) -> str:
        return (
            f"precision {self.precision}, recall {self.recall} ({self.samples}, {self.neighbours} neighbours, features "
            f"of {self.features}; {self.ceiling:.3g} between two halves of the real ones); {self.verdict}"
        )


def precision_recall(
    fake: Float[Tensor, "n f"],
    real: Float[Tensor, "m g"],
    *,
    neighbours: int = NEIGHBOURS,
    features: str = "given",
    seed: int = 0,
) -> PrecisionRecall:
    """Share of one set within the balls around the other, each as wide as to its own k-th nearest neighbour.

    Args:
        features: where they are from; figures of different features do not compare.

    Returns:
        Both shares.

    Raises:
        SettingError: for features of other shapes, or that are not finite, fewer than 20 of either, or no neighbours.

    Example:
        >>> rows = torch.eye(20)
        >>> found = precision_recall(rows, torch.cat([rows, rows + 9]))
        >>> found.precision.value, found.recall.value
        (1.0, 0.5)
    """
    fake, real = checked(fake, real)
    if not 1 <= neighbours < min(len(fake), len(real)) // 2:
        raise SettingError(
            f"{neighbours} neighbours of {min(len(fake), len(real))} images cannot be compared; "
            "give 1 or more, and far fewer than there are"
        )
    ours, theirs, apart = (
        torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
        for a, b in ((fake, fake), (real, real), (fake, real))
    )

    def of_rows(i: Tensor, j: Tensor) -> Tensor:
        across = apart[i][:, j]
        precise = _within(across, theirs[j][:, j], neighbours)
        covered = _within(across.T, ours[i][:, i], neighbours)
        return torch.stack([precise.double().mean(), covered.double().mean()])

    precision, recall = jackknife_samples(of_rows, len(fake), len(real), seed=seed)
    half = torch.arange(len(real)) % 2 == 0
    among_the_others = theirs[~half][:, ~half]
    return PrecisionRecall(
        ceiling=float(_within(theirs[half][:, ~half], among_the_others, neighbours).double().mean()),
        precision=precision,
        recall=recall,
        neighbours=neighbours,
        num_fake=len(fake),
        num_real=len(real),
        features=features,
    )


def _within(across: Float[Tensor, "n m"], among: Float[Tensor, "m m"], neighbours: int) -> Bool[Tensor, " n"]:
    """Which rows lie in a ball of any column, whose radius is the distance to its k-th neighbour beside itself."""
    radius = among.kthvalue(neighbours + 1, dim=1).values
    return (across <= radius).any(1)


def measure(inputs: SharedInputs) -> dict[str, PrecisionRecall]:
    """Of n generated images and the real ones."""
    return {"": inputs.compared(precision_recall)}


PRECISION_RECALL = Measure(
    "share of images that look real, and of real ones covered", PrecisionRecall, measure, needs=("data",)
)
