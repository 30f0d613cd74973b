"""What about a crop makes it unlike the images that generators are trained on, and what to do about it."""

from __future__ import annotations

import torch
from jaxtyping import Float64
from torch import Tensor

from ganatomy.photographs.faces import Face, Points
from ganatomy.photographs.sampling import Quad, place, side

ENLARGED = 2.0
"""Enlargement beyond which a crop is blurred."""

OUTSIDE = 0.1
"""Share of a crop that may lie outside of the photograph."""

TURNED = 0.3
"""Distance of the nose from the middle of the eyes along the line between them, in distances of the eyes."""

RASTER = 64
"""Points on a side of the crop at which it is looked whether they lie in the photograph."""


def crop_remark(quad: Quad, face: Face | None, size: tuple[int, int], resolution: float) -> str:
    """What is wrong with one crop and what to do, in a sentence; empty where nothing is.

    Args:
        quad: its corners in the photograph.
        face: that was found in it.
        size: of the photograph, in pixels.
        resolution: of the crop.

    Example:
        >>> from ganatomy.photographs.layouts import central
        >>> crop_remark(central((40, 20)), None, (40, 20), 100)
        'is only 20 px wide in the photograph and was enlarged 5.0 times; give a larger photograph'
        >>> crop_remark(central((40, 20)), None, (40, 20), 16)
        ''
    """
    width = side(quad)
    if resolution / width > ENLARGED:
        return (
            f"is only {width:.0f} px wide in the photograph and was enlarged {resolution / width:.1f} times; "
            "give a larger photograph"
        )
    outside = share_outside(quad, size)
    if outside > OUTSIDE:
        return (
            f"lies to {outside:.0%} outside of the photograph, where it is mirrored; give one with more room around "
            "the face"
        )
    if face is not None and abs(turn_of(face.points)) > TURNED:
        towards = "left" if turn_of(face.points) < 0 else "right"
        return f"shows a face that is turned far to the {towards}; give one that looks into the camera"
    return ""


def share_outside(quad: Quad, size: tuple[int, int]) -> float:
    """How much of a crop lies outside of the photograph."""
    middles = (torch.arange(RASTER, dtype=torch.float64) + 0.5) / RASTER
    points: Float64[Tensor, "r r 2"] = place(
        quad, torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1)
    )
    inside = ((points >= 0) & (points <= torch.tensor(size, dtype=torch.float64))).all(-1)
    return 1 - float(inside.double().mean())


def turn_of(points: Points) -> float:
    """How far a head is turned: 0 into the camera, negative to the viewer's left, ±.5 where the nose covers an eye."""
    across = points[1] - points[0]
    nose = points[2] - points[:2].mean(0)
    return float((nose @ across) / (across @ across).clamp(min=1e-12))
