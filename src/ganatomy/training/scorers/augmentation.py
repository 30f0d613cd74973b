"""How images are changed before each is shown, so that a network reads others as well."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.extras import install_line
from ganatomy.graphs.torchvision import import_torchvision


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How images are changed before each is shown; nothing is cropped.

    Args:
        strength: of small shifts, scales, blur, light and noise; 0 for none, 1 for shifts of 6 %, blur of up to a
            pixel, noise of 4 %.
        flip: whether a random half is mirrored.
        rotation: largest angle in degrees.
        warp: how far corners move at most, as a share of the side: a change of perspective.
        light: largest change of brightness and of contrast, as a share.

    Raises:
        SettingError: for values below 0, and a warp that would turn images inside out.

    Example::

        recipe = ga.AttributeRecipe(augmentation=ga.Augmentation(flip=True, rotation=10.0))
    """

    strength: float = 1.0
    flip: bool = False
    rotation: float = 0.0
    warp: float = 0.0
    light: float = 0.0

    def __post_init__(self) -> None:
        if (
            min(self.strength, self.rotation, self.warp, self.light) < 0
            or self.warp >= 0.5
            or self.light >= 1
        ):
            raise SettingError(
                f"strength={self.strength:g}, rotation={self.rotation:g}, warp={self.warp:g} and light={self.light:g} "
                "cannot be: give 0 or more, a warp below a half, and a light below 1"
            )

    def require(self) -> None:
        """Raises SettingError when it needs kornia, and kornia is not installed."""
        if self.rotation or self.warp:
            import_kornia()

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """The images, changed by the random numbers of torch's global generator."""
        if self.flip:
            mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
            images = torch.where(mirrored, images.flip(3), images)
        if self.rotation or self.warp:
            images = turned(images, rotation=self.rotation, warp=self.warp)
        if self.light:
            gain, shift = (
                (torch.rand(len(images), 1, 1, 1, device=images.device) * 2 - 1) * self.light
                for _ in range(2)
            )
            images = (images * (1 + gain) + shift).clamp(-1, 1)
        return augment(images, self.strength)


def import_kornia() -> object:
    """The geometry of images.

    Raises:
        SettingError: when it is not installed.
    """
    import_torchvision()
    try:
        from kornia.geometry import transform  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError:
        raise SettingError(
            f"rotations and warps need kornia; {install_line('classifiers')}, or leave them out"
        ) from None
    return transform


def turned(images: Float[Tensor, "n c h w"], *, rotation: float, warp: float) -> Float[Tensor, "n c h w"]:
    """Every image turned and seen from another side, in one step, so that it is interpolated only once.

    Args:
        images: in [-1, 1].
        rotation: largest angle in degrees.
        warp: how far corners move at most, as a share of the side.

    Raises:
        SettingError: when kornia is not installed.
    """
    transform = import_kornia()
    n, (height, width), device = len(images), images.shape[2:], images.device
    corners = torch.tensor([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], device=device)
    start = corners.float().expand(n, 4, 2)
    side = torch.tensor([width, height], device=device)

    # Corners move, then all turns around the middle.
    moved = start + (torch.rand(n, 4, 2, device=device) * 2 - 1) * warp * side
    angle = (torch.rand(n, 1, 1, device=device) * 2 - 1) * math.radians(rotation)
    turn = torch.cat([torch.cat([angle.cos(), -angle.sin()], 2), torch.cat([angle.sin(), angle.cos()], 2)], 1)
    middle = (side - 1) / 2
    end = (moved - middle) @ turn.transpose(1, 2) + middle
    matrix = transform.get_perspective_transform(start, end)  # pyright: ignore[reportAttributeAccessIssue]
    return transform.warp_perspective(  # pyright: ignore[reportAttributeAccessIssue]
        images, matrix, (height, width), padding_mode="reflection", align_corners=True
    )


def augment(images: Float[Tensor, "n c h w"], strength: float) -> Float[Tensor, "n c h w"]:
    """Shift, scale, blur, relight and noise every image a little, so that blurred images are read as well."""
    if not strength:
        return images
    n, size = len(images), images.shape[-1]

    # Shift and scale.
    affine = torch.zeros(n, 2, 3, device=images.device)
    affine[:, [0, 1], [0, 1]] = 1 + (torch.rand(n, 1, device=images.device) - 0.5) * 0.12 * strength
    affine[:, :, 2] = (torch.rand(n, 2, device=images.device) - 0.5) * 0.12 * strength
    where = F.affine_grid(affine, list(images.shape), align_corners=False)
    images = F.grid_sample(images, where, padding_mode="border", align_corners=False)

    # Blur by a mixture with a three-pixel mean, and now and then by half the resolution.
    soft = F.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    half = F.interpolate(F.avg_pool2d(images, 2), size=size, mode="bilinear", align_corners=False)
    share = torch.rand(n, 1, 1, 1, device=images.device)
    soft = torch.where(share < 0.25, half, soft)
    images = images.lerp(soft, torch.rand_like(share) * torch.rand_like(share) * strength)

    # Relight, and add noise.
    gain = 1 + (torch.rand_like(share) - 0.5) * 0.2 * strength
    shift = (torch.rand_like(share) - 0.5) * 0.1 * strength
    noise = torch.randn_like(images) * (torch.rand_like(share) * 0.08 * strength)
    return (images * gain + shift + noise).clamp(-1, 1)
