"""What every method of inversion is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.inversion.preparation import Preparation
from ganatomy.inversion.prior import Prior
from ganatomy.latents import Latents


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A batch of images, and the generator whose codes are looked for.

    Args:
        generator: whose weights take no gradients.
        targets: images, on its device.
        preparation: of it.
        editability: from 0 to 1.
        evaluations: of generator and gradient that the method may spend on each image.
        progress: called with the evaluations so far, and the codes that they led to.
    """

    generator: Generator
    targets: Float[Tensor, "n c h w"]
    preparation: Preparation
    editability: float
    evaluations: int
    progress: Callable[[int, Latents], None] | None = None

    @property
    def prior(self) -> Prior:
        return Prior.of(self.editability, self.preparation.variance)


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundCodes:
    """Codes of a batch of images, and the evaluations that each of them took."""

    latents: Latents
    evaluations: int


Method = Callable[[Problem], FoundCodes]


@contextmanager
def weights_fixed(generator: Generator) -> Iterator[None]:
    """No gradients of the weights in the block, which makes those of codes cheaper."""
    learning = [weight for weight in generator.parameters() if weight.requires_grad]
    try:
        for weight in learning:
            weight.requires_grad_(False)
        yield
    finally:
        for weight in learning:
            weight.requires_grad_(True)
