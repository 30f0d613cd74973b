"""A generator whose z and w are equivalent, and yet not the same."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents


class Twisted(ToyGenerator):
    """w = t(z), where t is its own inverse and keeps the normal distribution; an image shows the mean of z and t(z).

    Pairs of coordinates are mirrored in a line whose angle grows with their length. The image of z, seen from z, is
    the same function as that of w, seen from w; so the two spaces are as entangled as each other, though an image's
    edits in z and in w differ.
    """

    def __init__(self, *, z_dim: int = 16, twist: float = 0.3) -> None:
        super().__init__(z_dim=z_dim, w_dim=z_dim)
        self.twist = twist
        self.w_avg.zero_()

    def turned(self, codes: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        x, y = codes.unflatten(1, (-1, 2)).unbind(2)
        angle = 1 + 2 * self.twist * torch.hypot(x, y)
        mirrored = [angle.cos() * x + angle.sin() * y, angle.sin() * x - angle.cos() * y]
        return torch.stack(mirrored, 2).flatten(1)

    def _to_w(self, z: Float[Tensor, "n z"]) -> Float[Tensor, "n d"]:
        return self.turned(z)

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        size = self.signature.resolution
        seen = (latents.codes + self.turned(latents.codes)) / 2
        return (seen @ self.pixels).unflatten(1, (self.signature.channels, size, size))
