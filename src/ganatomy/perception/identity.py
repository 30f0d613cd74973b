"""Features that an edit must leave alone, as a few numbers in units that count like probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import SettingError
from ganatomy.geometry import qr

NUM_IMAGES = 64
"""Images that the spread of features is taken from."""

NUM_PROJECTIONS = 16
"""Random projections that stand for all features: distances between images survive them (Johnson-Lindenstrauss)."""

WORTH = 0.1
"""Change of a probability that a feature's standard deviation, divided over all projections, is as bad as."""

GRID = 8

SEED = IMAGES_SEED = 0x1DE
"""Of the projections, and of the images that spreads are taken from."""

Features = Callable[[Tensor], Tensor]
"""From images `[n, c, h, w]` to features `[n, f]`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Identity:
    """Projected features, each divided by its deviation over images of the generator."""

    features: Features
    projection: Float[Tensor, "f k"]

    @property
    def size(self) -> int:
        return self.projection.shape[1]

    @classmethod
    def of(
        cls,
        features: Features,
        images: Float[Tensor, "n c h w"],
        *,
        num_projections: int = NUM_PROJECTIONS,
    ) -> Identity:
        """Choose projections, and measure how features vary.

        Args:
            features: from images to features `[n, f]`.
            images: of the generator, from which the spread of each projection is taken; `NUM_IMAGES` are enough.
            num_projections: that stand for all features.

        Raises:
            SettingError: for features of another shape, that are not finite, or the same in all images.
        """
        seen = features(images).detach().cpu().double()
        if seen.ndim != 2 or len(seen) != len(images):
            raise SettingError(
                f"features of {len(images)} images are of shape {list(seen.shape)}; give [{len(images)}, f]"
            )
        if not bool(torch.isfinite(seen).all()):
            raise SettingError("features of identity are not finite numbers; use another network")
        k = min(seen.shape[1], num_projections)
        directions = np.random.default_rng(SEED).standard_normal((seen.shape[1], k))
        projection = qr(torch.from_numpy(directions))[0]
        spread = (seen @ projection).std(0)
        if not bool((spread > 0).all()):
            raise SettingError("features of identity are the same in all images; use another network")
        return cls(features=features, projection=(WORTH * projection / spread).float())

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        features = self.features(images)
        return features @ self.projection.to(features)


def coarse(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
    """The image in `GRID` x `GRID` patches: light, colours and layout, independent of any classifier."""
    return F.adaptive_avg_pool2d(images, GRID).flatten(1)
