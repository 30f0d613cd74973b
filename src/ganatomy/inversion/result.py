"""What an inversion found: codes, images, errors, how likely the codes are, and how well each image fits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.generators.natural_codes import CodeLikelihood
from ganatomy.inversion.preparation import Preparation, at_places, image_qualities
from ganatomy.latents import Latents
from ganatomy.tabular import Frame, Tabular

POOR = 99.0
"""Percentile of the errors of held-out images beyond which an image does not fit."""

UNEXPLAINED = 0.2
"""Error as a share of the variance of the model's images beyond which an image does not fit, where no held-out images
are known."""

MISSED = 0.3
"""The same in one place, of the variance there: of 40 photographs, 5 lie beyond, whose glasses, hand or eyes are not in
the inversion though the rest fits."""

THIRDS = (
    ("upper left", "top", "upper right"),
    ("left", "middle", "right"),
    ("lower left", "bottom", "lower right"),
)
"""Names of the thirds of an image, row by row."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageFit:
    """How well images fit a generator.

    Args:
        unexplained: error of each as a share of the variance of the generator's own images.
        own_percentile: percentage of the generator's own images that are inverted with a smaller error.
        held_out_percentile: the same of images of the training domain; None where none are known.
        missed: unexplained share of each in its worst place, a seventh of the image wide.
        places: the third of the image in which that is, such as "lower left".
        remarks: for each image what is wrong with it and what to do, in a sentence; empty where it fits.
    """

    unexplained: Float[Tensor, " n"]
    own_percentile: Float[Tensor, " n"]
    held_out_percentile: Float[Tensor, " n"] | None
    missed: Float[Tensor, " n"]
    places: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Inversion(Tabular):
    """Codes whose images are as near as possible to given ones.

    Args:
        latents: the codes.
        images: of these codes.
        targets: that were inverted.
        method: that found them.
        editability: the dial, from 0 to 1.
        mse: mean squared error of each image, of values in [-1, 1].
        ssim: structural similarity of each; None for images that are too small.
        perceptual: perceptual distance of each; None where the loss has none.
        evaluations: of generator and gradient, the most that an image took.
        seconds: that all took together.
        likelihood: how likely the codes are, beside codes that the generator draws.
        layer_spread: in w+, root mean square difference of layers from their mean, in standard deviations of codes.
        fit: how well each image fits the generator.

    Example::

        found = ga.invert(generator, images)
        print(found)
        ga.save_latents(found.latents, "me.latents")
    """

    latents: Latents
    images: Float[Tensor, "n c h w"]
    targets: Float[Tensor, "n c h w"]
    method: str
    editability: float
    mse: Float[Tensor, " n"]
    ssim: Float[Tensor, " n"] | None
    perceptual: Float[Tensor, " n"] | None
    evaluations: int
    seconds: float
    likelihood: CodeLikelihood
    layer_spread: Float[Tensor, " n"]
    fit: ImageFit

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def psnr(self) -> Float[Tensor, " n"]:
        """Peak signal-to-noise ratio in dB."""
        return 10 * torch.log10(4 / self.mse)

    @property
    def remarks(self) -> tuple[str, ...]:
        """For each image what is wrong with it and what to do; empty where it fits."""
        return self.fit.remarks

    @property
    def headline(self) -> str:
        """How near the images are, and what they took, in a line."""
        psnr = self.psnr
        span = f" ({float(psnr.min()):.1f} to {float(psnr.max()):.1f})" if len(self) > 1 else ""
        plural = "images" if len(self) > 1 else "image"
        text = f"{len(self)} {plural} by {self.method}: PSNR {float(psnr.mean()):.1f} dB{span}"
        return f"{text}, {self.evaluations} evaluations, {self.seconds / len(self):.1f} s each"

    def frame(self) -> Frame:
        """A row for each image: its errors, how usual its codes are, and what is wrong with it."""
        ssim = {} if self.ssim is None else {"ssim": self.ssim.tolist()}
        return Frame(
            title=self.headline,
            columns={
                "psnr": self.psnr.tolist(),
                **ssim,
                "layer spread": self.layer_spread.tolist(),
                "percentile of codes": self.likelihood.percentile.tolist(),
                "remark": list(self.remarks),
            },
        )

    def __str__(self) -> str:
        lines = [self.headline]
        lines += [f"image {row + 1}: {text}" for row, text in enumerate(self.remarks) if text]
        return "\n".join(lines)


def judge_fit(
    preparation: Preparation, targets: Float[Tensor, "n c h w"], images: Float[Tensor, "n c h w"]
) -> ImageFit:
    """How well images fit, by their errors and by their brightness, contrast and colour.

    Args:
        preparation: what is known of the generator's images.
        targets: the images.
        images: that their inversions draw.

    Returns:
        Their percentiles and remarks.
    """
    errors = (targets - images).square().mean(1).float().cpu()
    mse = errors.mean((1, 2))
    missed, places = _worst_place(at_places(errors), preparation.pixel_variance)
    held_out = None
    if len(preparation.held_out_errors):
        held_out = _percentile(mse, preparation.held_out_errors)
    unexplained = mse / preparation.pixel_variance.mean()
    poor = unexplained > UNEXPLAINED if held_out is None else held_out > POOR
    remarks = []
    for row, values in enumerate(image_qualities(targets).cpu()):
        text = _unlike(values, preparation.qualities)
        if not text and bool(poor[row]):
            than = (
                f"it leaves {float(unexplained[row]):.0%} of the variance of the model's images unexplained"
                if held_out is None
                else f"its error is larger than that of {float(held_out[row]):.0f} % of held-out images"
            )
            text = f"does not fit this model: {than}; align it as the training images, or use another model"
        if not text and float(missed[row]) > MISSED:
            text = (
                f"is missed at the {places[row]}: what is there, such as glasses or a hand, is lost in every edit; "
                "tuning the model to it may bring it back"
            )
        remarks.append(text)
    return ImageFit(
        unexplained=unexplained,
        own_percentile=_percentile(mse, preparation.own_errors),
        held_out_percentile=held_out,
        missed=missed,
        places=places,
        remarks=tuple(remarks),
    )


def _worst_place(
    errors: Float[Tensor, "n h w"], variance: Float[Tensor, "h w"]
) -> tuple[Float[Tensor, " n"], tuple[str, ...]]:
    """The largest error of a square a seventh of the image wide, as a share of the variance there, and where it is."""
    height, width = errors.shape[1:]
    side = max(1, min(height, width) // 7) // 2 * 2 + 1
    near = F.avg_pool2d(
        torch.cat([variance[None], errors]), side, stride=1, padding=side // 2, count_include_pad=False
    )
    worst, at = (near[1:] / near[0]).flatten(1).max(1)
    rows, columns = (at // width * 3 // height).tolist(), (at % width * 3 // width).tolist()
    return worst, tuple(THIRDS[row][column] for row, column in zip(rows, columns, strict=True))


def _unlike(values: Float[Tensor, " 3"], own: Float[Tensor, "3 m"]) -> str:
    """What is unlike the generator's images at a glance; empty where nothing is."""
    low, high = own[:, 0], own[:, -1]
    margin = 0.25 * (high - low)
    brightness, contrast, colour = values
    if brightness < low[0] - margin[0]:
        return "is darker than all images of this model; brighten it"
    if brightness > high[0] + margin[0]:
        return "is brighter than all images of this model; darken it"
    if contrast < low[1] / 2:
        return "has less contrast than all images of this model; it may be empty"
    if colour < low[2] / 2:
        return "is grey, and images of this model are in colour, so colours are guessed; one in colour would fit better"
    return ""


def _percentile(values: Float[Tensor, " n"], ascending: Float[Tensor, " m"]) -> Float[Tensor, " n"]:
    """Percentage of the ascending numbers that lie below each value."""
    return 100.0 * torch.searchsorted(ascending.contiguous(), values.contiguous()) / max(len(ascending), 1)
