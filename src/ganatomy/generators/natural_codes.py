"""How likely edited codes are: their percentiles among the distances of codes that the generator draws."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.generators.latent_distribution import LatentDistribution, latent_distribution
from ganatomy.latents import Latents, Space

NUM_REFERENCE = 4096
"""Codes whose distances give the percentiles; none of them is among those that the distribution is fitted to."""

NUM_NEIGHBOURS = 2048
"""Codes among which the nearest is looked for."""

SEEDS = (0x0DD5, 0x0DD6)
"""Of the reference, and of the neighbours."""

UNUSUAL = 99.9
"""Percentile beyond which a code is flagged."""

AT_ONCE = 512
"""Codes whose distances to all neighbours are computed together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CodeLikelihood:
    """How likely n codes are, beside codes that the generator draws.

    Args:
        distance: Mahalanobis distance from the mean code, in standard deviations.
        percentile: percentage of drawn codes that lie nearer to the mean.
        nearest_percentile: percentage of drawn codes that have a nearer neighbour among other drawn codes.
    """

    distance: Float[Tensor, " n"]
    percentile: Float[Tensor, " n"]
    nearest_percentile: Float[Tensor, " n"]

    @property
    def unusual(self) -> Bool[Tensor, " n"]:
        """Whether a code lies beyond `UNUSUAL` in either distance."""
        return torch.maximum(self.percentile, self.nearest_percentile) > UNUSUAL


@dataclass(frozen=True, kw_only=True, eq=False)
class NaturalCodes:
    """Codes that a generator draws in one space, with which edited codes are compared.

    Args:
        distribution: the Gaussian fit whose coordinates distances are measured in.
        neighbours: codes among which the nearest is looked for.
        distances: of the reference from the mean, ascending.
        nearest: of the reference from its nearest neighbours, ascending.
    """

    distribution: LatentDistribution
    neighbours: Float[Tensor, "k r"]
    distances: Float[Tensor, " m"]
    nearest: Float[Tensor, " m"]

    def likelihood(self, latents: Latents) -> CodeLikelihood:
        """How likely these codes are.

        Args:
            latents: codes of the space, edited or not.

        Returns:
            Their distances and percentiles.

        Raises:
            SpaceError: for codes of another space or size.
        """
        coordinates = self.distribution.coordinates(latents)
        distance = coordinates.norm(dim=1)
        return CodeLikelihood(
            distance=distance.float(),
            percentile=_percentile(distance, self.distances),
            nearest_percentile=_percentile(_nearest(coordinates, self.neighbours), self.nearest),
        )

    def percentiles_along(
        self, start: Float[Tensor, " r"], way: Float[Tensor, " r"], steps: Float[Tensor, " t"]
    ) -> Float[Tensor, " t"]:
        """The larger percentile of `CodeLikelihood` at points of a line, which takes no more than two points do.

        Args:
            start: in the coordinates of the distribution.
            way: of one step.
            steps: where on the line.

        Returns:
            One percentile for each.
        """
        steps = steps.double()
        apart = start - self.neighbours
        squares = [
            square + 2 * steps * slope + steps**2 * (way @ way)
            for square, slope in (
                (start @ start, start @ way),
                (apart.square().sum(1)[:, None], (apart @ way)[:, None]),
            )
        ]
        distance, nearest = squares[0], squares[1].amin(0)
        return torch.maximum(
            _percentile(distance.clamp(min=0).sqrt(), self.distances),
            _percentile(nearest.clamp(min=0).sqrt(), self.nearest),
        )


@torch.no_grad()
def natural_codes(
    generator: Generator, space: Space | str, *, distribution: LatentDistribution | None = None
) -> NaturalCodes:
    """Draw the codes with which edited ones are compared.

    Args:
        generator: whose codes to draw.
        space: of the codes.
        distribution: of codes in that space; by default fitted to codes of another seed.

    Returns:
        The drawn codes, ready to compare.

    Raises:
        SpaceError: for a space that the generator does not have.

    Example:
        >>> from ganatomy.generators.toy import ToyGenerator
        >>> toy = ToyGenerator(z_dim=4)
        >>> far = toy.sample(1, seed=1)
        >>> natural_codes(toy, "z").likelihood(far.with_codes(9 * far.codes)).unusual
        tensor([True])
    """
    fit = distribution or latent_distribution(generator, space)
    reference, neighbours = (
        fit.coordinates(generator.sample(n, seed=seed, space=fit.space))
        for n, seed in zip((NUM_REFERENCE, NUM_NEIGHBOURS), SEEDS, strict=True)
    )
    return NaturalCodes(
        distribution=fit,
        neighbours=neighbours,
        distances=reference.norm(dim=1).sort().values,
        nearest=_nearest(reference, neighbours).sort().values,
    )


def _nearest(codes: Float[Tensor, "n r"], neighbours: Float[Tensor, "k r"]) -> Float[Tensor, " n"]:
    """Distance of each code from the nearest of the neighbours."""
    found = []
    for part in codes.split(AT_ONCE):
        apart = torch.cdist(part, neighbours, compute_mode="use_mm_for_euclid_dist")
        found.append(apart.amin(1))
    return torch.cat(found)


def _percentile(values: Float[Tensor, " n"], ascending: Float[Tensor, " m"]) -> Float[Tensor, " n"]:
    """Percentage of the ascending numbers that lie below each value."""
    return (100 * torch.searchsorted(ascending, values) / len(ascending)).float()
