"""Reconstruction: how near images are to their targets, in four measures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.metrics.base import MeasuredValue, Result
from ganatomy.metrics.inputs import Measure, SharedInputs
from ganatomy.perception.perceptual import PerceptualDistance
from ganatomy.statistics.intervals import Estimate, mean_of

RANGE = 2.0
"""Of values in [-1, 1]."""
WINDOW, SIGMA = 11, 1.5
"""The Gaussian window of SSIM."""
K1, K2 = 0.01, 0.03


@dataclass(frozen=True, kw_only=True)
class Reconstruction(Result, unit="dB", higher_is_better=True):
    """Means over images.

    Args:
        mse: of values in [-1, 1], four times that of values in [0, 1].
        ssim: 1 for equal images.
        perceptual: distance; None if no distance was given.
    """

    mse: Estimate
    psnr: Estimate
    ssim: Estimate
    perceptual: Estimate | None
    distance: str
    num_images: int

    @property
    def figures(self) -> dict[str, MeasuredValue]:
        every = {
            "PSNR": MeasuredValue(self.psnr, "dB", True),
            "SSIM": MeasuredValue(self.ssim, "of 1", True),
            "MSE": MeasuredValue(self.mse, "squared, values in [-1, 1]", False),
        }
        if self.perceptual is not None:
            every["perceptual"] = MeasuredValue(self.perceptual, "perceptual distance", False)
        return every

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"the perceptual distance is {self.distance}",) if self.perceptual else ()

    def __str__(self) -> str:
        further = f", perceptual distance {self.perceptual} ({self.distance})" if self.perceptual else ""
        return (
            f"reconstruction: PSNR {self.psnr} dB, SSIM {self.ssim} (higher is better), MSE {self.mse}{further} "
            f"(lower is better); {self.num_images} images"
        )


def reconstruction(
    images: Float[Tensor, "n c h w"],
    targets: Float[Tensor, "m k y x"],
    *,
    distance: PerceptualDistance | None = None,
    batch_size: int = 32,
    seed: int = 0,
) -> Reconstruction:
    """MSE, PSNR, SSIM (Wang et al. 2004) and perceptual distance of images to their targets, row by row.

    PSNR is `10 log10(4 / MSE)` of each image, and then averaged; equal images have an infinite one.

    Args:
        images: in [-1, 1].
        targets: that they should equal.
        distance: perceptual distance; None leaves it out.

    Returns:
        The means of all four.

    Raises:
        SettingError: for shapes that differ, and images smaller than the window of SSIM.

    Example:
        >>> targets = torch.zeros(3, 1, 16, 16)
        >>> round(reconstruction(targets + 0.02, targets).psnr.value)
        40
    """
    if images.shape != targets.shape or not len(images):
        raise SettingError(
            f"images of shape {list(images.shape)} do not match targets of shape {list(targets.shape)}; "
            "give as many, of the same size"
        )
    if min(images.shape[2:]) < WINDOW:
        raise SettingError(f"SSIM needs {WINDOW} x {WINDOW} pixels, the images have {list(images.shape[2:])}")
    images, targets = images.detach().clamp(-1, 1), targets.detach().clamp(-1, 1)
    mse = (images.double() - targets.double()).square().flatten(1).mean(1)
    perceptual = None
    if distance is not None:
        with torch.no_grad():
            parts = zip(images.split(batch_size), targets.split(batch_size), strict=True)
            perceptual = mean_of(torch.cat([distance(*part).cpu() for part in parts]), seed=seed)
    return Reconstruction(
        mse=mean_of(mse, seed=seed),
        psnr=mean_of(10 * torch.log10(RANGE**2 / mse), seed=seed),
        ssim=mean_of(ssim(images, targets), seed=seed),
        perceptual=perceptual,
        distance="" if distance is None else distance.description,
        num_images=len(images),
    )


def ssim(a: Float[Tensor, "n c h w"], b: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Structural similarity, the mean over places (where the window fits) and channels; 1 for equal images."""
    a, b = a.double(), b.double()
    ticks = torch.arange(WINDOW, dtype=torch.float64, device=a.device) - WINDOW // 2
    bell = torch.exp(-ticks.square() / (2 * SIGMA**2))
    bell = bell / bell.sum()

    def blurred(x: Tensor) -> Tensor:
        planes = x.flatten(0, 1)[:, None]
        return F.conv2d(F.conv2d(planes, bell.reshape(1, 1, -1, 1)), bell.reshape(1, 1, 1, -1))

    mean_a, mean_b = blurred(a), blurred(b)
    var_a, var_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    both = blurred(a * b) - mean_a * mean_b
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    similar = ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    )
    return similar.flatten(1).mean(1).unflatten(0, (len(a), -1)).mean(1)


def measure(inputs: SharedInputs) -> dict[str, Reconstruction]:
    """Refuse: no images here have targets."""
    raise SettingError("reconstruction compares images with targets; call reconstruction(images, targets)")


RECONSTRUCTION = Measure("how near images are to their targets", Reconstruction, measure, needs=("pairs",))
