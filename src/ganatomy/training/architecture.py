"""What the loop needs of an architecture. Each is a module of its own, with these functions."""

from __future__ import annotations

from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.training.settings import GanSettings


class GanArchitecture(Protocol):
    """A module that knows how to build, grow and finish its generators."""

    def build(self, settings: GanSettings, resolution: int) -> tuple[Generator, MultiscaleCritic]:
        """Generator and critic of images of this size, with fresh weights."""
        ...

    def draw(self, generator: Generator, n: int, settings: GanSettings) -> Float[Tensor, "n c h w"]:
        """Images of fresh codes, as training needs them; random numbers are torch's."""
        ...

    def grow(self, larger: Generator, smaller: Generator) -> None:
        """Fill a generator with the weights of a smaller one, so that it draws the same images at first."""
        ...

    def finish(self, generator: Generator, settings: GanSettings) -> None:
        """Measure what averaged weights lack before they can be used."""
        ...


def fresh_codes(generator: Generator, n: int) -> Latents:
    """Codes of the prior, by torch's random numbers."""
    signature = generator.signature
    normal = signature.prior == "normal"
    z = torch.randn(n, signature.z_dim) if normal else torch.rand(n, signature.z_dim) * 2 - 1
    return Latents(codes=z.to(generator.device), space=Space.Z, num_layers=signature.num_layers)
