"""The Gaussian fit of a generator's codes: how likely a code is, and the unit in which steps are short or long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, SpaceError
from ganatomy.generators.base import UNIFORM, Generator
from ganatomy.geometry import upright
from ganatomy.latents import Directions, Latents, Space

NUM_CODES = 2048
"""Codes that mean and covariance are taken from."""

SEED = 0x11CE
"""Of those codes: a stream of its own, so that edited codes are not among them."""

NEGLIGIBLE = 1e-6
"""Share of the largest variance below which codes do not vary at all."""

QUANTILE = 0.999
"""Share of codes whose distance from the mean edits may not pass."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LatentDistribution:
    """Gaussian fit of codes: `mean + factor @ u` with u of unit covariance, in the `r` axes that codes vary in.

    The length of u is the Mahalanobis distance from the mean. Codes of w+ vary as those of w do, in all layers alike;
    what a given code has beside that is left as it is.

    Args:
        space: of the codes.
        mean: of the codes.
        factor: of their covariance.
        inverse: pseudo-inverse of `factor`, which finds u.
        bound: length of u that edits may not pass.
        box: lowest and highest value of a code's entries, for a uniform prior.
    """

    space: Space
    mean: Float[Tensor, " full"]
    factor: Float[Tensor, "full r"]
    inverse: Float[Tensor, "r full"]
    bound: float
    box: tuple[float, float] | None = None

    def check(self, latents: Latents) -> None:
        """Refuse codes of another space or size; raises SpaceError."""
        if latents.space != self.space or latents.codes.shape[1:].numel() != len(self.mean):
            raise SpaceError(
                f"this distribution is of codes in {self.space} ({len(self.mean)} numbers), not of codes in "
                f"{latents.space} ({latents.codes.shape[1:].numel()} numbers); fit one in that space"
            )

    def coordinates(self, latents: Latents) -> Float[Tensor, "n r"]:
        """The u of these codes, in float64; its length is their Mahalanobis distance.

        Raises:
            SpaceError: for codes of another space or size.
        """
        self.check(latents)
        return (latents.codes.detach().flatten(1).cpu().double() - self.mean) @ self.inverse.T

    def distance(self, latents: Latents) -> Float[Tensor, " n"]:
        """Mahalanobis distance of codes from their mean, in standard deviations."""
        return self.coordinates(latents).norm(dim=1)

    def moved(self, latents: Latents, steps: Float[Tensor, "n r"]) -> Latents:
        """Codes moved by steps in u."""
        way = (steps @ self.factor.T).to(latents.codes).reshape(latents.codes.shape)
        codes = latents.codes + way
        return latents.with_codes(codes if self.box is None else codes.clamp(*self.box))

    def in_layers(self, layers: tuple[int, int], num_layers: int) -> LatentDistribution:
        """The same, for steps that leave all other layers of w+ as they are.

        Raises:
            SettingError: for layers that do not exist.
        """
        first, last = layers
        if not 0 <= first < last <= num_layers:
            raise SettingError(
                f"layers {first}:{last} do not exist; the codes have layers 0:{num_layers}, end not included"
            )
        factor = torch.zeros_like(self.factor).unflatten(0, (num_layers, -1))
        factor[first:last] = self.factor.unflatten(0, (num_layers, -1))[first:last]
        return replace(self, factor=factor.flatten(0, 1))

    def along(self, directions: Directions) -> Float[Tensor, "r k"]:
        """An orthonormal basis, in u, of what these directions span.

        Raises:
            SpaceError: for directions of another space or size. SettingError: where codes do not vary along them.
        """
        vectors = directions.matrix.cpu().double()
        if (directions.space, self.space) == (Space.W, Space.W_PLUS):
            vectors = vectors.repeat(1, len(self.mean) // vectors.shape[1])
        elif directions.space != self.space:
            raise SpaceError(
                f"directions of {directions.space} do not say how codes of {self.space} may move; find some there"
            )
        if vectors.shape[1] != len(self.mean):
            raise SpaceError(f"directions have {vectors.shape[1]} numbers, the codes have {len(self.mean)}")
        left, sizes, _ = torch.linalg.svd(self.inverse @ vectors.T, full_matrices=False)
        basis = upright(left[:, sizes > 1e-6 * sizes.max()].T).T
        if not basis.shape[1]:
            raise SettingError("codes of this generator do not vary along these directions; give others")
        return basis


class _Axes(NamedTuple):
    mean: Tensor
    factor: Tensor
    inverse: Tensor
    distances: Tensor


def latent_distribution(
    generator: Generator, space: str, *, n: int = NUM_CODES, quantile: float = QUANTILE
) -> LatentDistribution:
    """Fit a Gaussian to codes that the generator draws.

    Args:
        generator: whose codes to draw.
        space: of the codes.
        n: codes that mean and covariance are taken from.
        quantile: share of these codes that lie within the bound.

    Returns:
        The fit, in float64.

    Raises:
        SpaceError: for a space that the generator does not have.
        SettingError: for fewer than two codes, or a quantile outside (0, 1].

    Example:
        >>> from ganatomy.generators.toy import ToyGenerator
        >>> toy = ToyGenerator(z_dim=4)
        >>> found = latent_distribution(toy, "z")
        >>> bool(found.distance(toy.sample(1000, seed=1)).median() < found.bound)
        True
    """
    if n < 2 or not 0 < quantile <= 1:
        raise SettingError(
            f"cannot fit a distribution to {n} codes with a quantile of {quantile:g}; give 2 or more, and up to 1"
        )
    space = Space.parse(space)
    # A mapped w is spread over the layers unchanged, so w says all about w+, with fewer numbers.
    drawn = Space.W if space is Space.W_PLUS else space
    codes = generator.sample(n, seed=SEED, space=drawn).codes.detach().flatten(1).cpu().double()
    mean, factor, inverse, distances = _axes(codes)
    layers = generator.signature.num_layers if space is Space.W_PLUS else 1
    layers = layers or 1
    return LatentDistribution(
        space=space,
        mean=mean.repeat(layers),
        factor=factor.repeat(layers, 1),
        inverse=inverse.repeat(1, layers) / layers,
        bound=float(distances.quantile(quantile)),
        box=UNIFORM.get(generator.signature.prior) if space is Space.Z else None,
    )


def _axes(codes: Float[Tensor, "n d"]) -> _Axes:
    """Mean, factor of the covariance, its pseudo-inverse, and the Mahalanobis distances of the codes themselves."""
    mean = codes.mean(0)
    centred = codes - mean
    n, d = codes.shape
    # Of the two Gram matrices the smaller one: s codes have more numbers than there are codes.
    if d <= n:
        variances, axes = torch.linalg.eigh(centred.T @ centred / (n - 1))
    else:
        variances, weights = torch.linalg.eigh(centred @ centred.T / (n - 1))
        axes = centred.T @ weights / ((n - 1) * variances.clamp(min=1e-300)).sqrt()
    kept = variances > NEGLIGIBLE * variances.max()
    axes, deviations = upright(axes[:, kept].T).T, variances[kept].sqrt()
    inverse = axes.T / deviations[:, None]
    return _Axes(mean, axes * deviations, inverse, (centred @ inverse.T).norm(dim=1))
