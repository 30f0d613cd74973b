"""What the loop needs of an architecture: a module with these functions."""

from __future__ import annotations

from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.critics.base import Critic
from ganatomy.generators.base import Generator
from ganatomy.latents import Latents, Space
from ganatomy.training.settings import GanSettings

ALL = slice(None)
"""All rows of a batch."""


class GanArchitecture(Protocol):
    """How to build networks, draw codes and images for training, grow a generator, and finish it.

    Codes take random numbers for a whole batch of n, and are those of a part of it. A grown generator draws the same
    images at first; finishing measures what averaged weights lack, and leaves out what only training needs.
    """

    def build(self, settings: GanSettings, resolution: int) -> tuple[Generator, Critic]: ...
    def codes(
        self,
        generator: Generator,
        n: int,
        settings: GanSettings,
        *,
        part: slice = ALL,
        labels: Tensor | None = None,
    ) -> Latents: ...
    def draw(self, generator: Generator, latents: Latents, settings: GanSettings) -> Tensor: ...
    def grow(self, larger: Generator, smaller: Generator) -> None: ...
    def grow_critic(self, larger: Critic, smaller: Critic) -> None: ...
    def finish(self, generator: Generator, settings: GanSettings) -> Generator: ...


def fresh_codes(
    generator: Generator, n: int, *, part: slice = ALL, labels: Float[Tensor, "m classes"] | None = None
) -> Latents:
    """Codes of the prior, by the random numbers of the device that the generator is on.

    Args:
        n: of the whole batch, so many numbers are drawn.
        part: the rows that are wanted.
        labels: one-hot, of these rows.
    """
    signature = generator.signature
    draw = torch.randn if signature.prior == "normal" else torch.rand
    z = draw(n, signature.z_dim, device=generator.device)
    z = z if signature.prior == "normal" else z * 2 - 1
    return Latents(codes=z[part], space=Space.Z, num_layers=signature.num_layers, labels=labels)


def prior_labels(generator: Generator, n: int, *, part: slice = ALL) -> Float[Tensor, "m classes"] | None:
    """One-hot classes, each as likely, for a whole batch of n; None where there are none."""
    count = generator.signature.num_classes
    if not count:
        return None
    drawn = torch.randint(count, (n,), device=generator.device)[part]
    return nn.functional.one_hot(drawn, count).to(generator.dtype)
