"""An edited crop back into the photograph that it was cut from."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Float64
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.images import from_uint8, to_uint8
from ganatomy.photographs.alignment import Crops
from ganatomy.photographs.photograph import Photograph
from ganatomy.photographs.sampling import Quad, at, grey, locate, side

CARRY = ("fitting", "all", "colours", "nothing")
"""What is kept of the photograph that the reconstruction misses, see `paste`."""

SEAM = 0.15
"""Width of the soft border, in sides of the crop."""

AT_ONCE = 1 << 19
"""Pixels of the photograph that are changed at a time, so that large ones take little memory."""

COLOUR_BLUR = 0.06
"""Deviation of the blur that leaves the colours and the light of a residual, in sides of the crop."""

CHANGE_BLUR = 0.03
"""The same of the window in which a change of details is measured."""

CHANGED = 0.15
"""Change of details (root mean square, of the 2 from black to white) at which 1 / e of the photograph's is kept."""


def paste(
    photograph: Photograph,
    crops: Crops,
    edited: Float[Tensor, "n c h w"],
    *,
    reconstructed: Float[Tensor, "n c h w"] | None = None,
    carry: str = "fitting",
    seam: float = SEAM,
) -> Image.Image:
    """The photograph with edited crops in their places, faded in over a soft seam.

    A generator reproduces a photograph only in part. With the reconstruction given, only what the edit changes needs to
    come from the generator, and the rest is carried over from the photograph:

    - "all": photograph + edited − reconstructed. Every detail stays, also where the edit moved its place.
    - "fitting": the same where the edit changes only colours and light; where it changes details such as the line of
      a mouth, only colours and light are carried.
    - "colours": colours and light (the blurred residual) everywhere, details of the generator.
    - "nothing": the edited image alone, which is what happens without a reconstruction.

    Args:
        photograph: that the crops were cut from.
        crops: as `align` gave them.
        edited: their edited images, in [-1, 1].
        reconstructed: the generator's images of the same crops before the edit.
        carry: what is kept of the photograph.
        seam: width of the soft border, in sides of the crop, up to .5. Outside of the crop no pixel changes.

    Returns:
        The photograph as PIL, in RGB and at its own size.

    Raises:
        SettingError: for images that do not go with the crops, crops of another photograph, or a seam outside (0, .5].

    Example:
        >>> from PIL import Image
        >>> from ganatomy.photographs import align, open_photograph
        >>> photograph = open_photograph(Image.new("RGB", (40, 20), "red"))
        >>> crops = align(photograph, layout="crop", resolution=8)
        >>> pasted = paste(photograph, crops, -crops.images)
        >>> pasted.getpixel((5, 10)), pasted.getpixel((20, 10))
        ((255, 0, 0), (0, 255, 255))
    """
    _check(photograph, crops, {"edited": edited, "reconstructed": reconstructed}, carry=carry, seam=seam)
    pixels = np.array(photograph.image)
    for row, quad in enumerate(crops.quads):
        crop = _coloured(crops.images[row], None)
        new = _coloured(edited[row], crop)
        old = None if reconstructed is None else _coloured(reconstructed[row], crop)
        _paste_one(pixels, quad, *_carried(crop, new, old, carry), seam=seam)
    return Image.fromarray(pixels)


def soft_mask(unit: Float64[Tensor, "h w 2"], seam: float) -> Float64[Tensor, "h w"]:
    """How much of the crop counts at these places of it: 0 at its border and outside, 1 from `seam` inwards, smoothly.

    Example:
        >>> soft_mask(torch.tensor([[[0.5, 0.5], [0.0, 0.5], [0.05, 0.5], [2.0, 0.5]]]).double(), 0.1).tolist()
        [[1.0, 0.0, 0.5, 0.0]]
    """
    inwards = torch.minimum(unit, 1 - unit).div(seam).clamp(0, 1)
    smooth = inwards.square() * (3 - 2 * inwards)
    return smooth.prod(-1)


def _paste_one(
    pixels: np.ndarray,
    quad: Quad,
    offset: Float64[Tensor, "1 3 h w"],
    kept: Float64[Tensor, "1 1 h w"],
    *,
    seam: float,
) -> None:
    """Change the pixels inside of one quadrilateral, some rows at a time; grey ones stay grey."""
    height, width = pixels.shape[:2]
    left, top = (max(0, math.floor(value)) for value in quad.amin(0).tolist())
    right, bottom = (
        min(most, math.ceil(value))
        for most, value in zip((width, height), quad.amax(0).tolist(), strict=True)
    )
    if left >= right or top >= bottom:
        return
    is_grey = not (pixels[top:bottom, left:right] != pixels[top:bottom, left:right, :1]).any()
    layers, rows = torch.cat([offset, kept], dim=1), max(1, AT_ONCE // (right - left))
    across = torch.arange(left, right, dtype=torch.float64) + 0.5
    for first in range(top, bottom, rows):
        part = pixels[first : min(first + rows, bottom), left:right]
        down = torch.arange(first, first + len(part), dtype=torch.float64) + 0.5
        unit = locate(quad, torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1))
        mask = soft_mask(unit, seam)
        photograph = from_uint8(part[None].copy()).double()
        offset_here, kept_here = _onto(layers, unit, side(quad)).split([3, 1], dim=1)
        found = offset_here + kept_here * photograph
        if is_grey:
            found = grey(found).expand_as(found)
        mixed = to_uint8(photograph + mask * (found - photograph))[0]
        part[:] = np.where((mask > 0).numpy()[..., None], mixed, part)


def _carried(
    crop: Float64[Tensor, "1 3 h w"],
    edited: Float64[Tensor, "1 3 h w"],
    reconstructed: Float64[Tensor, "1 3 h w"] | None,
    carry: str,
) -> tuple[Float64[Tensor, "1 3 h w"], Float64[Tensor, "1 1 h w"]]:
    """What is pasted, as an image and how much of the photograph is added to it."""
    nothing = torch.zeros_like(edited[:, :1])
    if reconstructed is None or carry == "nothing":
        return edited, nothing
    change = edited - reconstructed
    if carry == "all":
        return change, nothing + 1
    resolution = sum(crop.shape[2:]) / 2
    colours = _blurred(crop - reconstructed, COLOUR_BLUR * resolution)
    if carry == "colours":
        return edited + colours, nothing
    details = change - _blurred(change, COLOUR_BLUR * resolution)
    energy = _blurred(details.square().mean(1, keepdim=True), CHANGE_BLUR * resolution)
    kept = torch.exp(-energy / CHANGED**2)
    return edited + colours - kept * (reconstructed + colours), kept


def _onto(
    images: Float64[Tensor, "1 c r s"], unit: Float64[Tensor, "h w 2"], pixels_a_side: float
) -> Float64[Tensor, "1 c h w"]:
    """Values of a crop at places of it; averaged first where the photograph has fewer pixels than the crop."""
    smaller = pixels_a_side / (sum(images.shape[2:]) / 2)
    if smaller < 1:
        images = F.interpolate(
            images, [max(1, math.ceil(length * smaller)) for length in images.shape[2:]], mode="area"
        )
    return at(images, unit * torch.tensor([images.shape[-1], images.shape[-2]]), mode="bicubic")


def _blurred(images: Float64[Tensor, "1 c r s"], deviation: float) -> Float64[Tensor, "1 c r s"]:
    """The images convolved with a Gaussian, mirrored at their borders."""
    from scipy.ndimage import gaussian_filter

    return torch.from_numpy(gaussian_filter(images.numpy(), (0, 0, deviation, deviation), mode="reflect"))


def _coloured(
    image: Float[Tensor, "c h w"], behind: Float64[Tensor, "1 3 h w"] | None
) -> Float64[Tensor, "1 3 h w"]:
    """On the processor, in RGB; where it is transparent, what lies behind it is seen."""
    found = image.detach().cpu().double()[None]
    colours = found[:, : 1 if len(image) < 3 else 3].expand(-1, 3, -1, -1)
    if len(image) in (1, 3) or behind is None:
        return colours
    alpha = (found[:, -1:] + 1) / 2
    return colours * alpha + behind * (1 - alpha)


def _check(
    photograph: Photograph, crops: Crops, images: dict[str, Tensor | None], *, carry: str, seam: float
) -> None:
    if crops.size != photograph.size:
        raise SettingError(
            f"the crops are of a photograph of {crops.size[0]} x {crops.size[1]} px, and {photograph.name} has "
            f"{photograph.size[0]} x {photograph.size[1]}; give the one that they were cut from"
        )
    for what, given in images.items():
        if given is not None and given.shape != crops.images.shape:
            raise SettingError(
                f"{what} images of shape {list(given.shape)} do not go with crops of {list(crops.images.shape)}"
            )
    if carry not in CARRY:
        raise SettingError(f"carry={carry!r} is not known; use one of {', '.join(CARRY)}")
    if not 0 < seam <= 0.5:
        raise SettingError(f"a seam of {seam:g} sides cannot be; choose a number above 0 and up to 0.5")
