"""Quadrilaterals of a photograph as upright images, and back."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Float64
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.images import from_uint8, sides

Quad = Float64[Tensor, "4 2"]
"""A parallelogram in pixels of a photograph: left upper, left lower, right lower and right upper corner of the crop."""

MARGIN = 3
"""Pixels around what is sampled, so that interpolation never meets a border that is none."""

BLUR = 0.02
"""Deviation of the blur of mirrored parts, in sides of the crop (Karras et al. 2019)."""

MOST_REFLECTIONS = 4
"""Sides of the photograph by which a crop may reach beyond it."""

LUMINANCE = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in a grey image (ITU-R BT.601)."""


def grey(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 1 h w"]:
    """Luminance of images in RGB."""
    shares = torch.tensor(LUMINANCE, dtype=images.dtype)
    return (images * shares[:, None, None]).sum(1, keepdim=True)


def square(centre: Float64[Tensor, " 2"], half: Float64[Tensor, " 2"]) -> Quad:
    """The square around a centre; `half` leads from there to the middle of its right side.

    Example:
        >>> square(torch.tensor([5.0, 5.0]).double(), torch.tensor([2.0, 0.0]).double()).tolist()
        [[3.0, 3.0], [3.0, 7.0], [7.0, 7.0], [7.0, 3.0]]
    """
    down = torch.stack([-half[1], half[0]])
    return torch.stack(
        [centre - half - down, centre - half + down, centre + half + down, centre + half - down]
    )


def rectangle(quad: Quad, aspect: float) -> Quad:
    """The same quadrilateral, made higher or lower around its middle so that it suits crops of another form.

    Args:
        quad: of a square crop.
        aspect: width of the crop over its height.

    Example:
        >>> quad = square(torch.tensor([5.0, 5.0]).double(), torch.tensor([2.0, 0.0]).double())
        >>> rectangle(quad, 2.0).tolist()
        [[3.0, 4.0], [3.0, 6.0], [7.0, 6.0], [7.0, 4.0]]
    """
    more = (quad[1] - quad[0]) * (1 / aspect - 1) / 2
    return quad + torch.stack([-more, more, more, -more])


def side(quad: Quad) -> float:
    """Pixels on a side: of a parallelogram, the mean of its two."""
    return float(((quad[3] - quad[0]).norm() + (quad[1] - quad[0]).norm()) / 2)


def place(quad: Quad, unit: Float64[Tensor, "*n 2"]) -> Float64[Tensor, "*n 2"]:
    """Where points of the crop, in [0, 1] from its left upper corner, lie in the photograph."""
    return quad[0] + unit[..., :1] * (quad[3] - quad[0]) + unit[..., 1:] * (quad[1] - quad[0])


def locate(quad: Quad, points: Float64[Tensor, "*n 2"]) -> Float64[Tensor, "*n 2"]:
    """Where points of the photograph lie in the crop, the inverse of `place`.

    Example:
        >>> quad = square(torch.tensor([5.0, 5.0]).double(), torch.tensor([2.0, 0.0]).double())
        >>> locate(quad, torch.tensor([[3.0, 5.0]]).double()).tolist()
        [[0.0, 0.5]]
    """
    axes = torch.stack([quad[3] - quad[0], quad[1] - quad[0]])
    return (points - quad[0]) @ torch.linalg.inv(axes)


def cut(image: Image.Image, quad: Quad, resolution: int | tuple[int, int]) -> Float[Tensor, "3 h w"]:
    """The image inside a quadrilateral, upright.

    As in Karras et al. (2019): the photograph is shrunk first, what lies outside of it is mirrored and blurred, and the
    crop is sampled at twice its resolution and averaged; where the photograph is too small for that it is enlarged by
    cubic interpolation.

    Args:
        image: in RGB.
        quad: in its pixels.
        resolution: height and width of the crop; one number for both.

    Returns:
        The crop, in [-1, 1].

    Raises:
        SettingError: for a resolution below one, or a quadrilateral that lies far outside of the photograph.
    """
    length, (height, width) = side(quad), sides(resolution)
    if min(height, width) < 1:
        raise SettingError(f"a crop of {resolution} px is none; use 1 or more")
    if not math.isfinite(length) or length <= 0:
        raise SettingError(f"the quadrilateral {quad.tolist()} has no area; give its four corners")
    middle = (height + width) / 2
    enlarged = length <= middle
    finer = 1 if enlarged else 2
    scale = min(1.0, finer * middle / length)
    part, origin, step = _shrunk(image, quad, scale)
    inner = (quad - origin) / step
    found = _sample(part, inner, (finer * height, finer * width), mode="bicubic" if enlarged else "bilinear")
    if not enlarged:
        found = F.avg_pool2d(found, 2)
    return found[0].clamp(-1, 1).float()


def _shrunk(
    image: Image.Image, quad: Quad, scale: float
) -> tuple[Float64[Tensor, "1 3 h w"], Float64[Tensor, " 2"], Float64[Tensor, " 2"]]:
    """The part around a quadrilateral, mirrored beyond the borders; where it begins, and how long its pixels are."""
    size = torch.tensor(image.size, dtype=torch.float64)
    margin = MARGIN / scale
    low, high = quad.amin(0) - margin, quad.amax(0) + margin
    if bool((low < -MOST_REFLECTIONS * size).any() or (high > (1 + MOST_REFLECTIONS) * size).any()):
        raise SettingError(
            f"the crop reaches from {low.round().tolist()} to {high.round().tolist()} px, far outside of a photograph "
            f"of {image.width} x {image.height} px; choose another layout"
        )
    # What is inside of the photograph, in whole pixels of it where nothing is shrunk.
    inside_low, inside_high = (
        low.clamp(min=0).floor().minimum(size - 1),
        high.ceil().minimum(size).clamp(min=1),
    )
    inside_low = inside_low.clamp(min=0)
    counts = ((inside_high - inside_low) * scale).round().clamp(min=1)
    step = (inside_high - inside_low) / counts
    box = (*inside_low.tolist(), *inside_high.tolist())
    columns, rows = (int(count) for count in counts)
    part = image.resize((columns, rows), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    before = ((inside_low - low) / step).ceil().clamp(min=0).long().tolist()
    after = ((high - inside_high) / step).ceil().clamp(min=0).long().tolist()
    padded = _mirrored(np.array(part), before, after, blur=BLUR * side(quad) / float(step.mean()))
    origin = inside_low - torch.tensor(before, dtype=torch.float64) * step
    return from_uint8(padded[None]).double(), origin, step


def _mirrored(pixels: np.ndarray, before: list[int], after: list[int], *, blur: float) -> np.ndarray:
    """The image with its mirror around it, which is blurred the more the further it lies outside."""
    if not any(before + after):
        return pixels
    padding = [(before[1], after[1]), (before[0], after[0]), (0, 0)]
    padded = np.pad(pixels, padding, mode="symmetric")
    soft = np.asarray(Image.fromarray(padded).filter(ImageFilter.GaussianBlur(blur)))
    across, down = (
        np.maximum(0, np.maximum(lead - np.arange(total), np.arange(total) - (total - 1 - trail)))
        for lead, trail, total in zip(before, after, (padded.shape[1], padded.shape[0]), strict=True)
    )
    outside = np.hypot(across[None, :], down[:, None]) / max(3 * blur, 1.0)
    weight = outside.clip(0, 1)[..., None]
    return (padded * (1 - weight) + soft * weight).round().astype(np.uint8)


def _sample(
    images: Float64[Tensor, "n c h w"], quad: Quad, size: tuple[int, int], *, mode: str
) -> Float64[Tensor, "n c r s"]:
    """Values at the pixels of a crop whose corners lie at these pixels of the images."""
    down, across = ((torch.arange(length, dtype=torch.float64) + 0.5) / length for length in size)
    unit = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)
    return at(images, place(quad, unit), mode=mode)


def at(
    images: Float64[Tensor, "n c h w"], points: Float64[Tensor, "r s 2"], *, mode: str = "bilinear"
) -> Float64[Tensor, "n c r s"]:
    """Values at points, in pixels of the images; beyond their borders those of the border."""
    height, width = images.shape[2:]
    grid = points / torch.tensor([width, height], dtype=torch.float64) * 2 - 1
    grid = grid.expand(len(images), *grid.shape)
    return F.grid_sample(images, grid, mode=mode, padding_mode="border", align_corners=False)
