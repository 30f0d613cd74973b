"""What the loop needs of an architecture: a module with these functions."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ganatomy.critics.base import Critic
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.training.settings import GanSettings

ALL = slice(None)
"""All rows of a batch."""


class GanArchitecture(Protocol):
    """How to build networks, draw images for training, grow a generator, and finish it.

    Drawing takes random numbers for a whole batch of n, and makes the images of a part of it. A grown generator draws
    the same images at first; finishing measures what averaged weights lack.
    """

    def build(self, settings: GanSettings, resolution: int) -> tuple[Generator, Critic]: ...
    def draw(self, generator: Generator, n: int, settings: GanSettings, *, part: slice = ALL) -> Tensor: ...
    def grow(self, larger: Generator, smaller: Generator) -> None: ...
    def grow_critic(self, larger: Critic, smaller: Critic) -> None: ...
    def finish(self, generator: Generator, settings: GanSettings) -> None: ...


def fresh_codes(generator: Generator, n: int) -> Latents:
    """Codes of the prior, by the random numbers of the device that the generator is on."""
    signature = generator.signature
    draw = torch.randn if signature.prior == "normal" else torch.rand
    z = draw(n, signature.z_dim, device=generator.device)
    z = z if signature.prior == "normal" else z * 2 - 1
    return Latents(codes=z, space=Space.Z, num_layers=signature.num_layers)
