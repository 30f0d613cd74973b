"""From a photograph to the images of its faces, laid out as a generator knows them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.images import MODES, sides
from ganatomy.photographs.detectors import face_detector
from ganatomy.photographs.faces import Detector, Face, Points, Which, choose
from ganatomy.photographs.layouts import Layout, TemplateLayout, central, find_layout
from ganatomy.photographs.photograph import Photograph, open_photograph
from ganatomy.photographs.remarks import crop_remark
from ganatomy.photographs.sampling import Quad, cut, grey, rectangle, side


@dataclass(frozen=True, kw_only=True)
class Crops:
    """Images cut out of one photograph, and where they lie in it.

    Args:
        images: in [-1, 1], ready to be inverted.
        quads: corners of each in pixels of the photograph, as `sampling.Quad` orders them.
        faces: what was found in each; None where no face was looked for.
        size: width and height of the photograph.

    Example::

        crops = ga.align("portrait.png", layout="crop", resolution=64)
        found = ga.invert(G, crops.images)
    """

    images: Float[Tensor, "n c h w"]
    quads: Float64[Tensor, "n 4 2"]
    faces: tuple[Face | None, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def resolution(self) -> float:
        """Pixels on a side; of crops that are not square, the mean of both."""
        return sum(self.images.shape[2:]) / 2

    @property
    def enlargement(self) -> tuple[float, ...]:
        """By how much each was enlarged; below one where the photograph has more pixels than the crop."""
        return tuple(self.resolution / side(quad) for quad in self.quads)

    @property
    def remarks(self) -> tuple[str, ...]:
        """For each what is wrong with it and what to do, in a sentence; empty where nothing is."""
        both = zip(self.quads, self.faces, strict=True)
        return tuple(crop_remark(quad, face, self.size, self.resolution) for quad, face in both)


def align(
    photograph: Photograph | str | os.PathLike[str],
    *,
    layout: str | Layout = "ffhq",
    resolution: int | tuple[int, int] = 256,
    faces: Which = "largest",
    detector: str | os.PathLike[str] | Detector = "yunet",
    channels: int = 3,
) -> Crops:
    """Cut the faces of a photograph as the training images of a generator were cut.

    Args:
        photograph: one that was opened, or its path.
        layout: "ffhq", "celeba", "crop" (the largest part in the middle; no face is looked for), a `TemplateLayout`,
            or a function from five points to four corners.
        resolution: height and width of the crops; one number for both.
        faces: "largest", "all" from left to right, or the number of one from the left.
        detector: "yunet", a file of it, or a function of one's own; not needed for "crop".
        channels: 3 for colour, 1 for grey; with one more for alpha, which is opaque.

    Returns:
        One crop for each face.

    Raises:
        PhotographError: when no face is found.
        SettingError: for a layout or a face that there is not.
        MissingFileError, CheckpointError: when the photograph cannot be read. DownloadError: when the detector is not
            on this machine and cannot be downloaded.

    Example:
        >>> from PIL import Image
        >>> crops = align(open_photograph(Image.new("RGB", (40, 20), "red")), layout="crop", resolution=8)
        >>> tuple(crops.images.shape), crops.quads[0].tolist()
        ((1, 3, 8, 8), [[10.0, 0.0], [10.0, 20.0], [30.0, 20.0], [30.0, 0.0]])
    """
    if channels not in MODES:
        raise SettingError(f"images have 1 to 4 channels, not {channels}")
    height, width = sides(resolution)
    aspect = width / max(height, 1)
    if not isinstance(photograph, Photograph):
        photograph = open_photograph(photograph)
    found = find_layout(layout)
    if found is None:
        chosen: tuple[Face | None, ...] = (None,)
        quads = central(photograph.size, aspect=aspect)[None]
    else:
        detected = choose(face_detector(detector)(photograph), faces, name=photograph.name)
        quads = torch.stack([_laid_out(found, face.points, aspect) for face in detected])
        chosen = detected
    return crop(photograph, quads, resolution=resolution, channels=channels, faces=chosen)


def crop(
    photograph: Photograph,
    quads: Float64[Tensor, "n 4 2"],
    *,
    resolution: int | tuple[int, int],
    channels: int = 3,
    faces: tuple[Face | None, ...] | None = None,
) -> Crops:
    """Cut given quadrilaterals out of a photograph, such as a square that somebody drew.

    Args:
        photograph: one that was opened.
        quads: corners of each in its pixels, as `sampling.Quad` orders them.
        resolution: height and width of the crops; one number for both.
        channels: 3 for colour, 1 for grey; with one more for alpha, which is opaque.
        faces: what was found in each, if anything was looked for.

    Returns:
        One crop for each quadrilateral.

    Raises:
        SettingError: for one without area or far outside of the photograph, and a resolution below one.

    Example:
        >>> from PIL import Image
        >>> photograph = open_photograph(Image.new("RGB", (40, 20), "red"))
        >>> quad = torch.tensor([[5, 0], [5, 20], [25, 20], [25, 0]]).double()
        >>> tuple(crop(photograph, quad[None], resolution=8).images.shape)
        (1, 3, 8, 8)
    """
    images = torch.stack([cut(photograph.image, quad, resolution) for quad in quads])
    if channels in (1, 2):
        images = grey(images)
    if channels in (2, 4):
        images = torch.cat([images, torch.ones_like(images[:, :1])], dim=1)
    return Crops(
        images=images,
        quads=quads,
        faces=(None,) * len(quads) if faces is None else faces,
        size=photograph.size,
    )


def _laid_out(layout: Layout, points: Points, aspect: float) -> Quad:
    """The corners of a crop; layouts of squares are made higher or lower for crops that are none."""
    quad = layout(points)
    measured = isinstance(layout, TemplateLayout) and layout.aspect == aspect
    return quad if measured else rectangle(quad, aspect)
