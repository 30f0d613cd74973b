"""Fréchet distance between features of generated and of real images.

Heusel et al. 2017; it is called FID where the features are Inception's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.metrics.base import MeasuredValue, certain
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.metrics.samples import SampleComparison, checked, jackknife_samples
from ganatomy.statistics.intervals import Estimate


@dataclass(frozen=True, kw_only=True)
class FrechetDistance(SampleComparison, unit="squared feature units", higher_is_better=False):
    """How far generated images are from real ones, as two Gaussians in feature space.

    Args:
        value: of all images.
        floor: of one half of the real images to the other, as a perfect generator of so many images would have.
    """

    value: Estimate
    floor: float
    num_features: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        return self._figures(distance=self.value, of_two_real_halves=certain(self.floor))

    @property
    def notes(self) -> tuple[str, ...]:
        fewest = min(self.num_fake, self.num_real)
        if fewest > self.num_features:
            return super().notes
        biased = (
            f"{fewest} images do not fill a covariance of {self.num_features} features, so the distance is far "
            "too large; take more images, or kid, which has no such bias"
        )
        return (*super().notes, biased)

    def __str__(self) -> str:
        return (
            f"Fréchet distance: {self.value} ({self.samples}, {self.num_features} features of {self.features}; "
            f"{self.floor:.3g} between two halves of the real ones); {self.verdict}"
        )


def frechet_distance(
    fake: Float[Tensor, "n f"], real: Float[Tensor, "m g"], *, features: str = "given", seed: int = 0
) -> FrechetDistance:
    """`|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½)` of the features of generated and real images.

    The interval is from leaving out a tenth of both at a time. It does not show that the distance of few images is
    too large; the distance between two halves of the real images does.

    Args:
        features: where they are from; distances of different features do not compare.

    Returns:
        The distance, with that between two halves of the real images.

    Raises:
        SettingError: for features of other shapes, or that are not finite, and for fewer than 20 of either.

    Example:
        >>> fake, real = torch.eye(20, 2), torch.eye(20, 2) + 3
        >>> round(frechet_distance(fake, real).value.value, 3)
        18.0
    """
    fake, real = checked(fake, real)
    halves = torch.arange(len(real)) % 2 == 0
    (value,) = jackknife_samples(
        lambda ours, theirs: gaussian_distance(fake[ours], real[theirs])[None],
        len(fake),
        len(real),
        seed=seed,
    )
    return FrechetDistance(
        value=value,
        floor=float(gaussian_distance(real[halves], real[~halves])),
        num_fake=len(fake),
        num_real=len(real),
        num_features=fake.shape[1],
        features=features,
    )


def gaussian_distance(a: Float[Tensor, "n f"], b: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
    """The squared 2-Wasserstein distance between the Gaussians of two samples, in float64."""
    root = _root(torch.cov(a.T).reshape(a.shape[1], -1))
    inner = root @ torch.cov(b.T).reshape(b.shape[1], -1) @ root
    cross = torch.linalg.eigvalsh((inner + inner.T) / 2).clamp(min=0).sqrt().sum()
    spread = a.var(0).sum() + b.var(0).sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + spread - 2 * cross).clamp(min=0)


def _root(covariance: Float[Tensor, "f f"]) -> Float[Tensor, "f f"]:
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def measure(inputs: SharedInputs) -> dict[str, FrechetDistance]:
    """Of n generated images and the real ones."""
    return {"": inputs.compared(frechet_distance)}


FRECHET = Measure("distance of generated from real images (FID)", FrechetDistance, measure, needs=("data",))
