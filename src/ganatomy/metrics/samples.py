"""Features of generated images beside those of real ones: what may be compared, and which rows go together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.metrics.base import Result
from ganatomy.statistics.intervals import Estimate, jackknife

FEWEST_IMAGES = 20
"""Images of either kind that are needed."""


@dataclass(frozen=True, kw_only=True)
class SampleComparison(Result):
    """Features of generated images compared with those of real images.

    Args:
        features: where the features are from.
    """

    num_fake: int
    num_real: int
    features: str

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"distances of features compare only within the same features, here {self.features}",)

    @property
    def samples(self) -> str:
        return f"{self.num_fake} generated and {self.num_real} real images"


def checked(
    fake: Float[Tensor, "n f"], real: Float[Tensor, "m g"]
) -> tuple[Float[Tensor, "n f"], Float[Tensor, "m g"]]:
    """The features, on the processor in float64.

    Raises:
        SettingError: for other numbers of features, numbers that are not finite, or fewer than 20 images.
    """
    if fake.shape[1] != real.shape[1]:
        raise SettingError(
            f"generated images have {fake.shape[1]} features and real ones {real.shape[1]}; use one network for both"
        )
    if min(len(fake), len(real)) < FEWEST_IMAGES:
        raise SettingError(
            f"{len(fake)} generated and {len(real)} real images are too few; give {FEWEST_IMAGES} or more of each"
        )
    if not bool(torch.isfinite(fake).all()) or not bool(torch.isfinite(real).all()):
        raise SettingError("features are not finite numbers; use another network")
    return fake.cpu().double(), real.cpu().double()


def jackknife_samples(
    statistic: Callable[[Int[Tensor, " i"], Int[Tensor, " j"]], Float[Tensor, " k"]],
    n: int,
    m: int,
    *,
    seed: int,
) -> list[Estimate]:
    """Figures of two samples, with intervals from leaving out the same share of both at a time.

    Args:
        statistic: the figures of these rows of the first sample and of the second.
    """
    most = max(n, m)

    def of_rows(rows: Int[Tensor, " r"]) -> Float[Tensor, " k"]:
        return statistic(*(rows if size == most else (rows * size // most).unique() for size in (n, m)))

    return jackknife(of_rows, most, seed=seed)
