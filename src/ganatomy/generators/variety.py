"""Whether a generator draws anything, and different things for different codes: told from a few images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.generators.batches import draw_images

IMAGES = 16
COLLAPSED = 0.01
"""Spread over codes below which images hardly depend on them; images span -1 to 1."""
FLAT = 0.004
"""Contrast below which images are of one colour: half a step of 8 bits."""


@dataclass(frozen=True, kw_only=True)
class Variety:
    """How the images of a few codes differ.

    Args:
        n: images.
        finite: images without nan and infinity.
        spread: standard deviation over codes, mean over pixels; images span -1 to 1.
        contrast: standard deviation over the pixels of one image, mean over images.
        low: value that 1 % of the pixels lie below.
        high: value that 1 % of the pixels lie above.
    """

    n: int
    finite: int
    spread: float
    contrast: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{self.n} images · spread over codes {self.spread:.3g} · contrast {self.contrast:.3g} · "
            f"values {self.low:.2g} to {self.high:.2g}"
        )

    def notes(self) -> Iterator[str]:
        """What is wrong, in sentences."""
        if self.finite < self.n:
            yield f"{self.n - self.finite} of {self.n} images are not finite numbers, so they would be black"
        elif self.contrast < FLAT:
            yield f"its images are of one colour (contrast {self.contrast:.2g})"
        elif self.spread < COLLAPSED:
            yield f"its images hardly depend on their codes (spread {self.spread:.2g}): it has collapsed"


@torch.no_grad()
def draw_variety(
    generator: Generator, *, n: int = IMAGES, seed: int = 0
) -> tuple[Float[Tensor, "n c h w"], Variety]:
    """Images of the first codes of a seed, and how they differ.

    Example:
        >>> from ganatomy.generators.toy import ToyGenerator
        >>> images, variety = draw_variety(ToyGenerator())
        >>> variety.finite == variety.n == len(images), list(variety.notes())
        (True, [])
    """
    latents = generator.sample(n, seed=seed)
    images = draw_images(generator, latents)
    finite = images.flatten(1).isfinite().all(1)
    whole = images[finite] if finite.any() else torch.zeros_like(images[:1])
    values = whole.flatten()[:: 1 + whole.numel() // 100_000]
    variety = Variety(
        n=n,
        finite=int(finite.sum()),
        spread=float(whole.std(0, correction=0).mean()),
        contrast=float(whole.flatten(1).std(1).mean()),
        low=float(values.quantile(0.01)),
        high=float(values.quantile(0.99)),
    )
    return images, variety
