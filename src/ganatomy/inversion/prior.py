"""Where codes are likely: near one w that the generator draws, with small differences between layers.

An image that the generator cannot make is fitted best by codes that it never draws, and there edits do something else
(Tov et al. 2021, "Designing an Encoder for StyleGAN Image Manipulation"). `editability` says how
much fidelity is given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError

LIGHTEST, HEAVIEST = 1e-5, 1e-1
"""Weights of the prior as editability goes from just above 0 to 1, as shares of the variance of the images."""

DELTA_SIGMA = 0.3
"""Standard deviation of a layer's difference from the mean of all layers, in those of codes."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """`shared |m|² / r + delta mean_l |u_l - m|² / r`, where m is the mean of the rows u_l of r numbers.

    Args:
        shared: weight of what all layers share.
        delta: weight of what they do not.
    """

    shared: float
    delta: float

    @classmethod
    def of(cls, editability: float, variance: float) -> Self:
        """The prior of a dial from 0 (none) to 1 (almost a single w).

        Args:
            editability: the dial.
            variance: loss between an image of the generator and the mean of its images, the unit of all losses.

        Raises:
            SettingError: outside [0, 1].
        """
        if not 0 <= editability <= 1:
            raise SettingError(
                f"editability is from 0 (closest image) to 1 (most editable), not {editability:g}"
            )
        weight = 0.0 if editability == 0 else variance * LIGHTEST * (HEAVIEST / LIGHTEST) ** editability
        return cls(shared=weight, delta=weight / DELTA_SIGMA**2)

    def __call__(self, u: Float[Tensor, "n rows r"]) -> Float[Tensor, " n"]:
        shared = u.mean(1, keepdim=True)
        near = self.shared * shared.square().mean((1, 2))
        return near + self.delta * (u - shared).square().mean((1, 2))

    def curvature(self, rows: int, r: int) -> tuple[float, float]:
        """Half its second derivatives: along coordinates that are equal in all rows, and that sum to 0 over them."""
        return self.shared / (rows * r), self.delta / (rows * r)
