"""What the loop needs of an architecture: a module with these functions."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.training.settings import GanSettings


class GanArchitecture(Protocol):
    """How to build networks, draw images for training, grow a generator, and finish it.

    A grown generator draws the same images at first; finishing measures what averaged weights lack.
    """

    def build(self, settings: GanSettings, resolution: int) -> tuple[Generator, MultiscaleCritic]: ...
    def draw(self, generator: Generator, n: int, settings: GanSettings) -> Tensor: ...
    def grow(self, larger: Generator, smaller: Generator) -> None: ...
    def finish(self, generator: Generator, settings: GanSettings) -> None: ...


def fresh_codes(generator: Generator, n: int) -> Latents:
    """Codes of the prior, by torch's random numbers."""
    signature = generator.signature
    normal = signature.prior == "normal"
    z = torch.randn(n, signature.z_dim) if normal else torch.rand(n, signature.z_dim) * 2 - 1
    return Latents(codes=z.to(generator.device), space=Space.Z, num_layers=signature.num_layers)
