"""Where the codes of a generator are likely, as the unit in which steps are short or long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.errors import SettingError, SpaceError
from ganatomy.generators.base import Generator
from ganatomy.latents import Directions, Latents, Space

NUM_CODES = 2048
"""Codes that mean and covariance are taken from."""

SEED = 0x11CE
"""Of those codes; it is nobody's own, so that what is edited is not what the measure was made of."""

NEGLIGIBLE = 1e-6
"""Share of the largest variance below which codes do not vary at all."""

QUANTILE = 0.999
"""So many codes are nearer to the mean than where edits must stay."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Likely:
    """The normal distribution of codes: `mean + factor @ u` with u of unit covariance, in `r` axes that codes vary in.

    The length of u is the Mahalanobis distance from the mean. Codes of w+ vary as those of w do, in all layers alike;
    what a given code has beside that is left as it is.

    Args:
        inverse: `factor`'s, which finds u. bound: the length of u that edits may not pass.
        box: what no number of a code may exceed, for a uniform prior.
    """

    space: Space
    mean: Float[Tensor, " full"]
    factor: Float[Tensor, "full r"]
    inverse: Float[Tensor, "r full"]
    bound: float
    box: float | None = None

    def check(self, latents: Latents) -> None:
        """Refuse codes of another space or size; raises SpaceError."""
        if latents.space != self.space or latents.codes.shape[1:].numel() != len(self.mean):
            raise SpaceError(
                f"it is known where codes of {self.space} ({len(self.mean)} numbers) are likely, not codes of "
                f"{latents.space} ({latents.codes.shape[1:].numel()} numbers); ask for the measure of this space"
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
        return latents.with_codes(codes if self.box is None else codes.clamp(-self.box, self.box))

    def in_layers(self, layers: tuple[int, int], num_layers: int) -> Likely:
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
        basis = left[:, sizes > 1e-6 * sizes.max()]
        if not basis.shape[1]:
            raise SettingError("codes of this generator do not vary along these directions; give others")
        return basis


class _Axes(NamedTuple):
    mean: Tensor
    factor: Tensor
    inverse: Tensor
    distances: Tensor


def likely(generator: Generator, space: str, *, n: int = NUM_CODES, quantile: float = QUANTILE) -> Likely:
    """Mean and covariance of `n` codes of this space, and how far from the mean a share of `quantile` of them lie.

    Raises:
        SpaceError: for a space that the generator does not have.
        SettingError: for fewer than two codes, or a quantile outside (0, 1].
    """
    if n < 2 or not 0 < quantile <= 1:
        raise SettingError(
            f"cannot tell from {n} codes where {quantile:g} of them lie; give 2 or more and up to 1"
        )
    space = Space.parse(space)
    # A mapped w is spread over the layers unchanged, so w says all about w+, with fewer numbers.
    drawn = Space.W if space is Space.W_PLUS else space
    codes = generator.sample(n, seed=SEED, space=drawn).codes.detach().flatten(1).cpu().double()
    mean, factor, inverse, distances = _axes(codes)
    layers = generator.signature.num_layers if space is Space.W_PLUS else 1
    layers = layers or 1
    uniform = space is Space.Z and generator.signature.prior == "uniform"
    return Likely(
        space=space,
        mean=mean.repeat(layers),
        factor=factor.repeat(layers, 1),
        inverse=inverse.repeat(1, layers) / layers,
        bound=float(distances.quantile(quantile)),
        box=1.0 if uniform else None,
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
    axes, deviations = axes[:, kept], variances[kept].sqrt()
    inverse = axes.T / deviations[:, None]
    return _Axes(mean, axes * deviations, inverse, (centred @ inverse.T).norm(dim=1))
