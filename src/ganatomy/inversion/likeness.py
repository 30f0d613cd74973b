"""What inversion makes small: the distance between an image and its target, in pixels and to a network.

Everything is a squared distance of vectors, `|embed(a) - embed(b)|²`, so that J^T J of `embed` is half its Hessian
where images are near their targets (Gauss and Newton).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.perception import scorer as find_scorer
from ganatomy.perception.perceptual import PerceptualDistance, scorer_distance
from ganatomy.zoo import MODELS, read_metadata

PERCEPTUAL_WEIGHT = 0.3
"""Of the perceptual distance beside the mean squared error."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Likeness:
    """Images as vectors whose squared distance is the loss of an inversion.

    It is the mean squared error of pixels, and with a perceptual distance `MSE + .3 distance`.

    Args:
        perceptual: distance that is optimised; None for pixels alone.
    """

    perceptual: PerceptualDistance | None = None

    @property
    def description(self) -> str:
        if self.perceptual is None:
            return "mean squared error of pixels"
        return f"mean squared error of pixels + {PERCEPTUAL_WEIGHT} x {self.perceptual.description}"

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
        pixels = images.flatten(1) / images[0].numel() ** 0.5
        if self.perceptual is None:
            return pixels
        return torch.cat([pixels, PERCEPTUAL_WEIGHT**0.5 * self.perceptual.embed(images)], dim=1)


def default_perceptual(generator: Generator) -> PerceptualDistance | None:
    """The distance of the scorer that is bundled with this generator; None for any other generator."""
    source = generator.origin.source if generator.origin else None
    for model in MODELS.values():
        if model.table:
            continue
        recorded = read_metadata(model.generator).get("fingerprint")
        bundled = source is not None and source.kind == "bundled" and source.name == model.name
        if bundled or recorded == generator.fingerprint:
            return scorer_distance(find_scorer(model.name))
    return None
