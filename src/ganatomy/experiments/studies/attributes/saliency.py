"""Where a decision comes from: what hiding a part of an image does to it. Needs no gradients.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2 (occlusion).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.perception.base import Scorer
from ganatomy.progress import Advance

CELLS = 8
"""Squares a side that are hidden in turn, each with half of its neighbours."""

RED = (1.0, -0.6, -0.7)
"""The colour of a map, in [-1, 1]."""


@torch.no_grad()
def occlusion(
    scorer: Scorer,
    images: Float[Tensor, "n c h w"],
    *,
    cells: int = CELLS,
    batch_size: int = 64,
    progress: Advance | None = None,
) -> Float[Tensor, "n a g g"]:
    """By how much each decision is less sure when a square of the image shows its mean colour instead.

    Args:
        scorer: whose decisions they are.
        images: in [-1, 1].
        cells: squares a side.
        batch_size: images that are scored at once.
        progress: called with images that are done, and all.

    Returns:
        The change of the logit, positive where the square speaks for the decision.

    Example:
        >>> from ganatomy.perception import scorer
        >>> left = scorer(lambda images: images[..., :4].mean((1, 2, 3)) / 2 + 0.5, names=["Left"])
        >>> image = torch.full((1, 1, 8, 8), -1.0)
        >>> image[..., :4] = 1.0
        >>> maps = occlusion(left, image, cells=2)[0, 0]
        >>> bool((maps[:, 0] > maps[:, 1]).all())
        True
    """
    maps = []
    for done, image in enumerate(images):
        own = scorer.score(image[None]).logits[0]
        covered = torch.cat([scorer.score(part).logits for part in _covered(image, cells).split(batch_size)])
        maps.append(((own - covered) * own.sign()).T.reshape(-1, cells, cells).cpu())
        if progress:
            progress(done + 1, len(images))
    return torch.stack(maps)


def tinted(images: Float[Tensor, "n 3 h w"], maps: Float[Tensor, "n g g"]) -> Float[Tensor, "n 3 h w"]:
    """Images with their maps over them: red where hiding the place makes the decision less sure."""
    strength = maps.clamp(min=0)
    strength = strength / strength.flatten(1).amax(1).clamp(min=1e-6)[:, None, None]
    wide = F.interpolate(strength[:, None], images.shape[2:], mode="bicubic", align_corners=False).clamp(0, 1)
    grey = images.mean(1, keepdim=True)
    return torch.lerp(
        grey.expand_as(images), images.new_tensor(RED).view(1, 3, 1, 1).expand_as(images), 0.75 * wide
    )


def _covered(image: Float[Tensor, "c h w"], cells: int) -> Float[Tensor, "m c h w"]:
    """The image with one square after the other, row by row, in its mean colour."""
    height, width = image.shape[1:]
    colour = image.mean((1, 2), keepdim=True)
    made = []
    for row in range(cells):
        for column in range(cells):
            copy = image.clone()
            top, bottom = _span(row, cells, height)
            left, right = _span(column, cells, width)
            copy[:, top:bottom, left:right] = colour
            made.append(copy)
    return torch.stack(made)


def _span(place: int, cells: int, length: int) -> tuple[int, int]:
    """A square and half of its neighbours."""
    size = length / cells
    return max(0, round((place - 0.5) * size)), min(length, round((place + 1.5) * size))
