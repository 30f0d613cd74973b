"""The numbers that inversion optimises: u, which is N(0, I) over the codes that a generator draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, SpaceError
from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import latent_distribution
from ganatomy.latents import Latents, Space

SPACES = (Space.W_PLUS, Space.W, Space.Z)
"""Spaces that images are inverted in, the one preferred first."""

EDGE = 1e-6
"""Least distance of a bounded code from its bound, below which its u is not a number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coordinates:
    """Codes by coordinates u, one row for each layer of w+, and a single row in other spaces.

    In w and w+ they are whitened, `code = mean + factor @ u`. In z they are the codes themselves, or, where these are
    uniform in (-1, 1), `code = erf(u / sqrt(2))`, which no step of u takes outside.

    Args:
        template: one code of the space, whose labels, fingerprint and number of layers all codes get.
        mean: of the codes of one layer.
        factor: of their covariance.
        inverse: its pseudo-inverse.
        bounded: whether codes are uniform in (-1, 1).
    """

    template: Latents
    mean: Float[Tensor, " d"]
    factor: Float[Tensor, "d r"]
    inverse: Float[Tensor, "r d"]
    bounded: bool

    @property
    def space(self) -> Space:
        return self.template.space

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers in each."""
        rows = self.template.codes.shape[1] if self.space is Space.W_PLUS else 1
        return rows, self.factor.shape[1]

    def latents(self, u: Float[Tensor, "n rows r"]) -> Latents:
        """The codes of these coordinates; gradients flow back to them."""
        codes = torch.erf(u / math.sqrt(2)) if self.bounded else self.mean + u @ self.factor.T
        codes = codes if self.space is Space.W_PLUS else codes[:, 0]
        labels = self.template.labels
        found = self.template.with_codes(codes)
        if labels is None:
            return found
        return Latents(
            codes=codes,
            space=self.space,
            num_layers=found.num_layers,
            labels=labels.expand(len(u), -1),
            fingerprint=found.fingerprint,
        )

    def of(self, latents: Latents) -> Float[Tensor, "n rows r"]:
        """The coordinates of codes, which in w+ may be of w.

        Raises:
            SpaceError: for codes of another space.
        """
        latents = latents.to(self.space) if latents.space is Space.W else latents
        if latents.space is not self.space:
            raise SpaceError(f"coordinates of {self.space} cannot be those of codes in {latents.space}")
        codes = latents.codes.to(self.mean).reshape(len(latents), -1, len(self.mean))
        if self.bounded:
            return torch.erfinv(codes.clamp(EDGE - 1, 1 - EDGE)) * math.sqrt(2)
        return (codes - self.mean) @ self.inverse.T

    def drawn(self, generator: Generator, n: int, *, seed: int, start: int = 0) -> Float[Tensor, "n 1 r"]:
        """Coordinates of codes that the generator draws, which are the same in all layers."""
        space = Space.W if self.space is Space.W_PLUS else self.space
        return self.of(generator.sample(n, seed=seed, start=start, space=space))[:, :1]


@torch.no_grad()
def coordinates_of(generator: Generator, space: Space | str | None = None) -> Coordinates:
    """The coordinates of a generator's codes in a space.

    Args:
        generator: whose codes they are.
        space: w+, w or z; by default the first of these that the generator has.

    Returns:
        The coordinates, on the generator's device.

    Raises:
        SpaceError: for a space that it does not have, and for s.
        SettingError: for codes in z of a conditional generator, unless its class is chosen.

    Example:
        >>> from ganatomy.generators.toy import ToyGenerator
        >>> coordinates_of(ToyGenerator(z_dim=6, w_dim=8, num_layers=3)).shape
        (3, 6)
    """
    available = generator.signature.spaces
    space = next(s for s in SPACES if s in available) if space is None else Space.parse(space)
    if space not in SPACES or space not in available:
        raise SpaceError(
            f"images cannot be inverted in {space}; use one of {', '.join(s for s in SPACES if s in available)}"
        )
    if space is Space.Z and generator.signature.num_classes and generator.label is None:
        raise SettingError(
            "a conditional model needs a class to invert images in z; use generator.of_class(label)"
        )
    template = generator.sample(1, space=space)
    like = {"device": generator.device, "dtype": generator.dtype}
    if space is Space.Z:
        unit = torch.eye(template.dim, **like)
        return Coordinates(
            template=template,
            mean=torch.zeros(template.dim, **like),
            factor=unit,
            inverse=unit,
            bounded=generator.signature.prior == "uniform",
        )
    fit = latent_distribution(generator, Space.W)
    return Coordinates(
        template=template,
        mean=fit.mean.to(**like),
        factor=fit.factor.to(**like),
        inverse=fit.inverse.to(**like),
        bounded=False,
    )
