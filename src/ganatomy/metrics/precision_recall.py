"""Improved precision and recall: how many generated images look real, how many real ones the generator covers.

Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative Models".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics.base import Figure, Result, certain
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.samples import check_samples, features_note, split_rows
from ganatomy.statistics.intervals import Estimate, jackknife

NEIGHBOURS = 3
"""The k of the paper."""


@dataclass(frozen=True, kw_only=True)
class PrecisionRecall(Result):
    """Shares of images that lie within the other set.

    Args:
        precision: of generated images, within the real ones. recall: of real ones, within the generated.
        ceiling: of one half of the real images, within the other: what a perfect generator of so many would have.
    """

    precision: Estimate
    recall: Estimate
    ceiling: float
    neighbours: int
    num_fake: int
    num_real: int
    features: str

    unit: ClassVar[str] = "of 1"
    higher_is_better: ClassVar[bool | None] = True

    @property
    def figures(self) -> dict[str, Figure]:
        return self._figures(
            precision=self.precision, recall=self.recall, of_two_real_halves=certain(self.ceiling)
        )

    @property
    def notes(self) -> tuple[str, ...]:
        notes = [features_note(self.features)]
        if max(self.num_fake, self.num_real) > 1.2 * min(self.num_fake, self.num_real):
            notes.append(
                f"{self.num_fake} generated and {self.num_real} real images reach differently far; "
                "precision and recall compare at equal numbers"
            )
        return tuple(notes)

    def __str__(self) -> str:
        return (
            f"precision {self.precision}, recall {self.recall} ({self.num_fake} generated and {self.num_real} real "
            f"images, {self.neighbours} neighbours, features of {self.features}; {self.ceiling:.3g} between two "
            f"halves of the real ones); {self.verdict}"
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

    Raises:
        SettingError: for features of other shapes, or that are not finite, fewer than 20 of either, or no neighbours.
    """
    check_samples(fake, real)
    if not 1 <= neighbours < min(len(fake), len(real)) // 2:
        raise SettingError(
            f"{neighbours} neighbours cannot be looked at among {min(len(fake), len(real))} images; "
            "give 1 or more, and far fewer than there are"
        )
    fake, real = fake.cpu().double(), real.cpu().double()
    apart = [
        torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
        for a, b in ((fake, fake), (real, real), (fake, real))
    ]

    def of_rows(rows: Tensor) -> Tensor:
        ours, theirs = split_rows(rows, len(fake), len(real))
        across = apart[2][ours][:, theirs]
        precise = _within(across, apart[1][theirs][:, theirs], neighbours)
        covered = _within(across.T, apart[0][ours][:, ours], neighbours)
        return torch.stack([precise.double().mean(), covered.double().mean()])

    precision, recall = jackknife(of_rows, max(len(fake), len(real)), seed=seed)
    half = torch.arange(len(real)) % 2 == 0
    among = apart[1][~half][:, ~half]
    return PrecisionRecall(
        ceiling=float(_within(apart[1][half][:, ~half], among, neighbours).double().mean()),
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


MEASURE = Measure(
    "share of images that look real, and of real ones covered", PrecisionRecall, measure, needs=("data",)
)
