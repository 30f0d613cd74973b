"""A generator that was fitted to photographs: by its weights, or by features that are added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.inversion.result import Inversion
from ganatomy.latents import Directions, Latents


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedGenerator:
    """A generator that makes given images of their codes, and still edits them; `tune` and `consult` make it.

    Args:
        generator: a copy that was changed; the mapping from z to w is the same.
        latents: the codes, of this generator.
        images: of these codes.
        before: PSNR of each image before, in dB.
        after: the same afterwards.
        seconds: that it took.

    Example::

        tuned = ga.tune(G, ga.invert(G, images, budget="quick"), steps=2)
        print(tuned.before, tuned.after)
    """

    generator: Generator
    latents: Latents
    images: Float[Tensor, "n c h w"]
    before: Float[Tensor, " n"]
    after: Float[Tensor, " n"]
    seconds: float

    @classmethod
    @torch.no_grad()
    def of(cls, generator: Generator, inversion: Inversion, *, seconds: float) -> Self:
        """What a changed copy of the generator makes of the codes of an inversion."""
        latents = replace(inversion.latents, fingerprint=generator.fingerprint)
        images = torch.cat([generator(latents[k]).clamp(-1, 1) for k in range(len(latents))])
        mse = (images - inversion.targets).square().flatten(1).mean(1).clamp(min=1e-12)
        return cls(
            generator=generator,
            latents=latents,
            images=images,
            before=inversion.psnr,
            after=(10 * torch.log10(4 / mse)).float().cpu(),
            seconds=seconds,
        )

    def adopt(self, directions: Directions) -> Directions:
        """Directions of the generator before, as those of this one, which is near to it."""
        return Directions(replace(d, fingerprint=self.generator.fingerprint) for d in directions)

    def __str__(self) -> str:
        was, now = float(self.before.mean()), float(self.after.mean())
        return f"{len(self.latents)} fitted: PSNR {was:.1f} to {now:.1f} dB in {self.seconds:.1f} s"
